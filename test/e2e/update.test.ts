/** Changes of settings on the deployed stack. A change of the alias: rename.test.ts. */
import { describe, expect, it } from 'vitest';
import { updatedKeyAnswer } from '../../lambdas/shared/http/key-schema.ts';
import { expectAgreement } from './agreement.ts';
import { info, issued, masterKey, remove, send, update } from './api-client.ts';
import {
  describedSecret,
  eventually,
  invoke,
  keysWith,
  mailsTo,
  outputOf,
  rowOf,
  secretOf,
} from './local-aws.ts';
import { trailOf } from './trail.ts';

describe('an update', async () => {
  const key = await issued({ key_alias: 'update/one', max_budget: 10, metadata: { a: 1 } });
  const before = await describedSecret('litellm/update/one');
  const changes = { max_budget: 20, models: ['m'], metadata: { b: 2 }, user_id: 'ada@example.com' };
  const answer = await update({ key: key.key, ...changes }, masterKey, {
    'litellm-changed-by': 'grace',
  });

  it('answers with the whole key, named as it was in the request', () => {
    expect(answer.status).toBe(200);
    expect(updatedKeyAnswer.parse(answer.body)).toEqual(answer.body);
    expect(answer.body).toMatchObject({ key: key.key, token: key.token, ...changes });
  });

  it('is seen by the next look-up', async () => {
    expect((await info(key.token)).body.info).toMatchObject(changes);
  });

  it('leaves value, name and secret alone', async () => {
    expect(await describedSecret('litellm/update/one')).toEqual(before);
    await expectAgreement(key.key_id);
  });

  it('has the scheduled function tag the secret with its new owner', async () => {
    const tags = await eventually(async () => {
      await invoke(outputOf('ReconcilerFunctionName'), {});
      const secret = await secretOf('litellm/update/one');
      return secret?.tags['user_id'] === 'ada@example.com' ? secret.tags : null;
    });
    expect(tags).toMatchObject({ user_id: 'ada@example.com', key_id: key.key_id });
    await expectAgreement(key.key_id);
  });

  it('is one audit record, with before and after', async () => {
    const [, record, ...more] = await trailOf(key.key_id, key.key);
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      action: 'updated',
      changed_by: 'grace',
      who: { principal: 'master', changed_by_api_key: 'litellm_proxy_master_key' },
      before: { max_budget: 10, metadata: { a: 1 } },
      after: changes,
    });
  });

  it('mails nobody', async () => {
    expect(await mailsTo('ada@example.com')).toEqual([]);
  });

  it('finds the key by hash, key id and alias', async () => {
    for (const [index, name] of [{ key: key.token }, { key: key.key_id }].entries()) {
      const { status, body } = await update({ ...name, tpm_limit: index });
      expect(status).toBe(200);
      expect(body).toMatchObject({ key: name.key, tpm_limit: index });
    }
    const { status, body } = await update({ key_alias: 'update/one', tpm_limit: 9 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ key: key.token, key_alias: 'update/one', tpm_limit: 9 });
  });

  it('is told again to a repeat, and done once', async () => {
    const sent = { key: key.key_id, rpm_limit: 5 };
    const header = { 'idempotency-key': 'update-again' };
    const first = await update(sent, masterKey, header);
    const { seq } = await rowOf(key.key_id);
    const second = await update(sent, masterKey, header);
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect((await rowOf(key.key_id))['seq']).toBe(seq);
    expect((await update({ ...sent, rpm_limit: 6 }, masterKey, header)).status).toBe(422);
  });
});

describe('an update that is refused', async () => {
  const key = await issued({ key_alias: 'update/refused', user_id: 'owner' });
  await issued({ key_alias: 'update/taken' });
  const gone = await issued();
  await remove({ keys: [gone.key_id] });

  it.each<[string, unknown, number, string | null]>([
    ['names no key', { max_budget: 1 }, 422, 'key'],
    ['is no JSON', '{"key":', 422, null],
    ['has a wrong type', { key: key.key_id, models: 'm' }, 422, 'models'],
    ['has a negative budget', { key: key.key_id, max_budget: -1 }, 400, 'max_budget'],
    ['has a vague duration', { key: key.key_id, duration: 'soon' }, 400, 'duration'],
    ['has a blank alias', { key: key.key_id, key_alias: ' ' }, 400, 'key_alias'],
    [
      'takes the alias of another',
      { key: key.key_id, key_alias: 'update/taken' },
      400,
      'key_alias',
    ],
    [
      'makes the row too large',
      { key: key.key_id, metadata: { x: 'x'.repeat(33_000) } },
      400,
      null,
    ],
    ['names an unknown key', { key: 'f'.repeat(64), max_budget: 1 }, 404, 'key'],
    ['names an unknown alias', { key_alias: 'update/nobody', max_budget: 1 }, 404, 'key_alias'],
    ['names a deleted key', { key: gone.key_id, max_budget: 1 }, 404, 'key'],
    ['names the admin key', { key: 'sk-1234', max_budget: 1 }, 404, 'key'],
  ])('since it %s, changes nothing', async (_why, body, status, param) => {
    const before = await keysWith(key.key_id);
    const answer = await update(body);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code: String(status), param });
    expect(answer.body.error.message).not.toContain(key.key);
    expect(await keysWith(key.key_id)).toEqual(before);
  });

  it('tells foreign and unknown keys apart for admins alone', async () => {
    const user = await issued({ user_id: 'somebody' });
    const foreign = await update({ key: key.key_id, max_budget: 1 }, user.key);
    const unknown = await update({ key: 'f'.repeat(64), max_budget: 1 }, user.key);
    expect(foreign.status).toBe(403);
    expect(unknown.status).toBe(403);
    expect(unknown.body).toEqual(foreign.body);
  });

  it('says so to a key that may only look', async () => {
    const readOnly = await issued({ user_id: 'owner', key_type: 'read_only' });
    const { status, body } = await update({ key: key.key_id, max_budget: 1 }, readOnly.key);
    expect(status).toBe(403);
    expect(body.error.message).toContain('read_only');
    expect(await rowOf(key.key_id)).toMatchObject({ seq: 1 });
  });

  it('tells nothing to a caller without a key', async () => {
    const nobody = await send({ method: 'POST', path: '/key/update', body: { key: key.key_id } });
    expect(nobody.status).toBe(401);
  });
});

describe('at once', () => {
  it('ten updates of different fields all apply, or say that they did not', async () => {
    const key = await issued();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => update({ key: key.key_id, ...fieldOf(index) })),
    );
    const { info: after } = (await info(key.token)).body;
    let applied = 0;
    for (const [index, { status, headers }] of answers.entries()) {
      expect([200, 409]).toContain(status);
      if (status === 200) {
        applied += 1;
        expect(after).toMatchObject(fieldOf(index));
      } else {
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
        expect(after).not.toMatchObject(fieldOf(index));
      }
    }
    expect(applied).toBeGreaterThan(0);
    const records = await trailOf(key.key_id);
    expect(records.length).toBe(1 + applied);
  });

  it('an update never revives a key that is being deleted', async () => {
    const keys = await Promise.all(Array.from({ length: 5 }, () => issued()));
    await Promise.all(
      keys.map(async (key) => {
        const [updated, removed] = await Promise.all([
          update({ key: key.key_id, max_budget: 1 }),
          remove({ keys: [key.key_id] }),
        ]);
        expect(removed.status).toBe(200);
        expect([200, 404]).toContain(updated.status);
        expect(await rowOf(key.key_id)).toMatchObject({ status: 'deleted' });
        const actions = (await trailOf(key.key_id)).map(({ action }) => action);
        expect(actions).toEqual(
          updated.status === 200 ? ['created', 'updated', 'deleted'] : ['created', 'deleted'],
        );
      }),
    );
  });
});

const fieldOf = (index: number): Record<string, unknown> =>
  [
    { max_budget: 1 },
    { tpm_limit: 2 },
    { rpm_limit: 3 },
    { max_parallel_requests: 4 },
    { models: ['five'] },
    { user_id: 'six' },
    { team_id: 'seven' },
    { organization_id: 'eight' },
    { spend: 9 },
    { aliases: { ten: 'ten' } },
  ][index] ?? {};
