/** The admin key rotates itself on the deployed stack, and nobody else does. */
import { afterAll, describe, expect, it } from 'vitest';
import { sha256 } from './agreement.ts';
import {
  block,
  generate,
  info,
  isLetIn,
  issued,
  look,
  masterKey,
  regenerate,
  remove,
  unblock,
  update,
} from './api-client.ts';
import { makeCurrent, outputOf, putItem, rowOf, secretOf } from './local-aws.ts';
import { trailOf } from './trail.ts';

const name = 'latchkey/local/master-key';
const value = 'sk-another-admin-key';

describe('the admin key', async () => {
  const before = await rowOf('master');
  const secret = await secretOf(name);

  // The other tests, and the clients of a local stack, know it by its first value.
  afterAll(async () => {
    const { rev, ...row } = await rowOf('master');
    const { cur, key, salt } = before;
    await putItem('KeysTableName', { ...row, cur, key, salt, prev: null, rev: Number(rev) + 1 });
    await makeCurrent(name, secret?.versionId ?? '');
  });

  it.each<[string, object]>([
    ['another admin', { user_role: 'proxy_admin', user_id: 'admin' }],
    ['a user', { user_id: 'user' }],
  ])('is not rotated, blocked or deleted by %s', async (_who, body) => {
    const { key } = await issued(body);
    const answers = [
      await regenerate({ key: masterKey }, key),
      await block({ key: masterKey }, key),
      await remove({ keys: [masterKey] }, key),
    ];
    for (const { status } of answers) expect([403, 404]).toContain(status);
    expect(await rowOf('master')).toEqual(before);
  });

  it('is read with one command, which the stack prints', async () => {
    const command = outputOf('AdminKeyCommand');
    expect(command).toMatch(
      /^aws secretsmanager get-secret-value --region \S+ --secret-id \S+ --query SecretString --output text$/,
    );
    const [, asked = ''] = /--secret-id (\S+)/.exec(command) ?? [];
    expect((await secretOf(asked))?.value).toBe(masterKey);
  });

  it('gets no settings with its new value', async () => {
    const { status, body } = await regenerate({ key: masterKey, max_budget: 1 });
    expect(status).toBe(400);
    expect(body.error.param).toBe('max_budget');
  });

  it('regenerates itself, and the secret that people read it from follows', async () => {
    const sent = { key: masterKey, new_master_key: value };
    const headers = { 'idempotency-key': 'rotate-admin' };
    const rotation = new AbortController();
    const work = async () => {
      const seen: boolean[] = [];
      while (!rotation.signal.aborted) seen.push(await isLetIn(masterKey));
      return seen;
    };
    const working = work();
    const { status, body } = await regenerate(sent, masterKey, headers);
    rotation.abort();
    expect(new Set(await working)).toEqual(new Set([true]));
    expect(status).toBe(200);
    expect(body).toMatchObject({ key: value, key_id: 'master', overlap_until: expect.any(String) });
    expect(await secretOf(name)).toMatchObject({ value, tags: secret?.tags });
    expect(await rowOf('master')).toMatchObject({
      cur: { hash: sha256(value), ver: (await secretOf(name))?.versionId },
      intent: null,
    });
    // Nobody who has the old one is out of work: both are let in until the grace period ends.
    for (const key of [masterKey, value]) expect((await generate({}, key)).status).toBe(200);
    const records = await trailOf('master', value);
    expect(records.at(-1)).toMatchObject({
      action: 'rotated',
      who: { principal: 'master', changed_by_api_key: 'litellm_proxy_master_key' },
    });

    const again = await regenerate(sent, masterKey, headers);
    expect(again.status).toBe(200);
    expect(again.body).toEqual(body);
  });
});

describe('several admins', async () => {
  const admin = { user_role: 'proxy_admin' };
  const first = await issued({ ...admin, user_id: 'first-admin', key_alias: 'admins/first' });
  const second = await issued({ ...admin, user_id: 'second-admin' }, first.key);

  it('are several keys, each of which may do what an admin may', async () => {
    for (const { key } of [first, second]) {
      const made = await issued({ user_id: 'somebody', max_budget: 1 }, key);
      const answers = [
        await update({ key: made.key_id, max_budget: 2 }, key),
        await block({ key: made.key_id }, key),
        await unblock({ key: made.key_id }, key),
        await info(made.key_id, key),
        await look('/key/list', key),
        await look('/audit', key),
        await look('/email/event_settings', key),
        await remove({ keys: [made.key_id] }, key),
      ];
      for (const { status } of answers) expect(status).toBe(200);
    }
  });

  it('leave a trail each under its own name', async () => {
    const made = await issued({}, second.key);
    const records = await trailOf(made.key_id);
    expect(records.at(-1)).toMatchObject({
      changed_by: 'second-admin',
      who: { principal: second.key_id, changed_by_api_key: second.token },
    });
  });

  it('rotate their keys, block and delete one another, with effect at once', async () => {
    const rotated = await regenerate({ key: second.key_id, grace_period: '0s' }, second.key);
    expect(rotated.status).toBe(200);
    expect(await isLetIn(second.key)).toBe(false);
    await block({ key: second.key_id }, first.key);
    expect(await isLetIn(rotated.body.key)).toBe(false);
    await unblock({ key: second.key_id }, first.key);
    expect(await isLetIn(rotated.body.key)).toBe(true);
    expect((await remove({ keys: [first.key_id] }, rotated.body.key)).status).toBe(200);
    expect(await isLetIn(first.key)).toBe(false);
    expect((await generate({}, first.key)).status).toBe(401);
    expect((await remove({ keys: [second.key_id] }, rotated.body.key)).status).toBe(200);
    expect(await isLetIn(masterKey)).toBe(true);
  });
});
