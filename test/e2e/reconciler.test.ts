/** The deployed reconciler and retries: what a silent Secrets Manager left open comes to rest. */
import { describe, expect, it } from 'vitest';
import { generate, info, send } from './api-client.ts';
import {
  auditOf,
  closed,
  eventually,
  fault,
  invoke,
  itemOf,
  itemsOf,
  mailsTo,
  outputOf,
  putItem,
  rowOfAlias,
  secretOf,
} from './local-aws.ts';

const attempt = (body: unknown, header: string) =>
  send({
    method: 'POST',
    path: '/key/generate',
    headers: { authorization: 'Bearer sk-1234', 'idempotency-key': header },
    body,
  });

const closedOf = async (alias: string) => closed(String((await rowOfAlias(alias))['keyId']));

describe('the reconciler', () => {
  it('undoes a birth whose secret was never made, and frees alias and retry', async () => {
    const alias = 'repair/undo';
    await fault('CreateSecret', 'hang', alias, 2);
    expect((await attempt({ key_alias: alias }, 'repair-undo')).status).toBe(503);
    expect((await attempt({ key_alias: alias }, 'repair-undo')).status).toBe(409);
    const row = await closedOf(alias);
    expect(row).toMatchObject({ status: 'deleted', seq: 2 });
    const keyId = String(row['keyId']);
    const records = await eventually(async () => {
      const found = await auditOf(keyId);
      return found.length === 2 ? found : null;
    });
    expect(records.find((record) => record['action'] === 'generate_undone')).toMatchObject({
      changed_by: 'system',
    });
    expect(await secretOf(`litellm/${alias}`)).toBeNull();
    const retried = await attempt({ key_alias: alias }, 'repair-undo');
    expect(retried.status).toBe(200);
    expect((await secretOf(`litellm/${alias}`))?.value).toBe(retried.body.key);
  });

  it('settles a birth whose secret was made though no answer came, and mails its owner', async () => {
    const alias = 'repair/settle';
    const body = { key_alias: alias, user_email: 'late@example.com', send_invite_email: true };
    await fault('CreateSecret', 'lose-answer', alias, 2);
    expect((await attempt(body, 'repair-settle')).status).toBe(503);
    expect(await mailsTo('late@example.com')).toEqual([]);
    const row = await closedOf(alias);
    expect(row).toMatchObject({ status: 'active' });
    await eventually(async () => (await mailsTo('late@example.com'))[0]);
    const retried = await attempt(body, 'repair-settle');
    expect(retried.status).toBe(200);
    expect(retried.body.key_id).toBe(row['keyId']);
    expect((await secretOf(`litellm/${alias}`))?.value).toBe(retried.body.key);
    expect((await info(retried.body.token)).body.info.status).toBe('active');
    expect(await mailsTo('late@example.com')).toHaveLength(1);
  });
});

describe('the daily round', () => {
  it('tells of an audit record that somebody changed', async () => {
    const { body } = await generate({});
    const record = await eventually(async () => (await auditOf(body.key_id))[0]);
    await putItem('AuditTableName', { ...record, digest: 'e'.repeat(64) });
    const ran = await eventually(async () => {
      const sweep = await itemOf('KeysTableName', { pk: 'SWEEP' });
      const anew = { pk: 'SWEEP', cursor: null, startedAt: new Date(0).toISOString() };
      if (typeof sweep?.['cursor'] !== 'string') await putItem('KeysTableName', anew);
      const run = await invoke(outputOf('ReconcilerFunctionName'), {});
      return JSON.stringify(run).includes('"AuditGap":0') ? null : run;
    }, 25_000);
    await putItem('AuditTableName', record);
    expect(ran).toMatchObject({ AuditGap: expect.any(Number) });
  });
});

describe('Idempotency-Key', () => {
  it('answers a repeat over HTTP with the same key and keeps no plaintext', async () => {
    const first = await attempt({ key_alias: 'retry/same' }, 'retry-same');
    const second = await attempt({ key_alias: 'retry/same' }, 'retry-same');
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(JSON.stringify(await itemsOf('IdempotencyTableName'))).not.toContain(first.body.key);
    expect((await attempt({ key_alias: 'other' }, 'retry-same')).status).toBe(422);
  });

  it('makes one key of ten requests at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => attempt({ max_budget: 7 }, 'retry-ten')),
    );
    const keys = new Set(
      answers.filter(({ status }) => status === 200).map(({ body }) => body.key_id),
    );
    expect(keys.size).toBe(1);
    for (const { status } of answers) expect([200, 409]).toContain(status);
    const keyId = [...keys][0];
    expect(await itemOf('KeysTableName', { pk: `KEY#${keyId}` })).toMatchObject({ seq: 1 });
  });

  it('repeats for a caller with a key of its own', async () => {
    const { body } = await generate({ user_id: 'retry-user' });
    const sent = {
      method: 'POST',
      path: '/key/generate',
      headers: { authorization: `Bearer ${body.key}`, 'idempotency-key': 'own' },
      body: {},
    };
    const first = await send(sent);
    expect(first.status).toBe(200);
    expect((await send(sent)).body.key).toBe(first.body.key);
  });
});
