/** The admin key rotates itself on the deployed stack, and nobody else does. */
import { afterAll, describe, expect, it } from 'vitest';
import { sha256 } from './agreement.ts';
import { block, isLetIn, issued, masterKey, regenerate, remove } from './api-client.ts';
import { makeCurrent, putItem, rowOf, secretOf } from './local-aws.ts';
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

  it('gets no settings with its new value', async () => {
    const { status, body } = await regenerate({ key: masterKey, max_budget: 1 });
    expect(status).toBe(400);
    expect(body.error.param).toBe('max_budget');
  });

  it('regenerates itself, and the secret that people read it from follows', async () => {
    const sent = { key: masterKey, new_master_key: value };
    const { status, body } = await regenerate(sent, masterKey, {
      'idempotency-key': 'rotate-admin',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ key: value, key_id: 'master', overlap_until: expect.any(String) });
    expect(await secretOf(name)).toMatchObject({ value, tags: secret?.tags });
    expect(await rowOf('master')).toMatchObject({
      cur: { hash: sha256(value), ver: (await secretOf(name))?.versionId },
      intent: null,
    });
    expect(await isLetIn(value)).toBe(true);
    const records = await trailOf('master', value);
    expect(records.at(-1)).toMatchObject({
      action: 'rotated',
      who: { principal: 'master', changed_by_api_key: 'litellm_proxy_master_key' },
    });

    const again = await regenerate(sent, masterKey, { 'idempotency-key': 'rotate-admin' });
    expect(again.status).toBe(200);
    expect(again.body).toEqual(body);
  });
});
