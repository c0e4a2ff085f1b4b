/** Blocking and unblocking on the deployed stack. */
import { describe, expect, it } from 'vitest';
import { fullRowAnswer } from '../../lambdas/shared/http/key-schema.ts';
import { expectAgreement } from './agreement.ts';
import { block, isLetIn, issued, masterKey, remove, self, unblock } from './api-client.ts';
import { keysWith, rowOf } from './local-aws.ts';
import { trailOf } from './trail.ts';

describe('a key that is blocked', async () => {
  const key = await issued({ key_alias: 'block/one' });

  it('is refused by the next request, which says why, and let in again after an unblock', async () => {
    const blocked = await block({ key: key.key });
    expect(blocked.status).toBe(200);
    expect(fullRowAnswer.parse(blocked.body)).toEqual(blocked.body);
    expect(blocked.body).toMatchObject({ token: key.token, blocked: true });
    const refused = await self(key.key);
    expect(refused.status).toBe(401);
    expect(refused.body.error.message).toContain('blocked');

    const unblocked = await unblock({ key: key.token });
    expect(unblocked.status).toBe(200);
    expect(unblocked.body).toMatchObject({ token: key.token, blocked: false });
    expect(await isLetIn(key.key)).toBe(true);
    await expectAgreement(key.key_id);
  });

  it('has a record of each', async () => {
    const records = await trailOf(key.key_id, key.key);
    expect(records.map(({ action }) => action)).toEqual(['created', 'blocked', 'unblocked']);
    expect(records[1]).toMatchObject({ before: {}, after: { blocked: true } });
    expect(records[2]).toMatchObject({ before: { blocked: true }, after: { blocked: false } });
  });

  it('is blocked once by a repeat, by key id too', async () => {
    const header = { 'idempotency-key': 'block-again' };
    const first = await block({ key: key.key_id }, masterKey, header);
    await unblock({ key: key.key_id });
    const second = await block({ key: key.key_id }, masterKey, header);
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(await rowOf(key.key_id)).toMatchObject({ blocked: false });
  });
});

describe('a block that is refused', async () => {
  const key = await issued({ user_id: 'owner' });
  const gone = await issued();
  await remove({ keys: [gone.key_id] });

  it.each<[string, unknown, number]>([
    ['names no key', {}, 422],
    ['names no text', { key: 7 }, 422],
    ['names what is no key', { key: 'block/one' }, 400],
    ['names an unknown key', { key: 'f'.repeat(64) }, 404],
    ['names a deleted key', { key: gone.key_id }, 404],
    ['names the admin key', { key: 'sk-1234' }, 404],
  ])('since it %s, changes nothing', async (_why, body, status) => {
    const before = await keysWith(key.key_id);
    for (const operation of [block, unblock]) {
      const answer = await operation(body);
      expect(answer.status).toBe(status);
      expect(answer.body.error).toMatchObject({ code: String(status), param: 'key' });
    }
    expect(await keysWith(key.key_id)).toEqual(before);
  });

  it.each<[string, object]>([
    ['the owner', { user_id: 'owner' }],
    ['a viewer', { user_id: 'viewer', user_role: 'proxy_admin_viewer' }],
    ['a key that may only look', { user_role: 'proxy_admin', key_type: 'read_only' }],
  ])('says so to %s', async (_who, body) => {
    const caller = await issued(body);
    const answer = await block({ key: key.key_id }, caller.key);
    expect(answer.status).toBe(403);
    expect(answer.body.error.type).toBe('auth_error');
    expect(await isLetIn(key.key)).toBe(true);
  });
});

it('ten blocks and unblocks at once each leave a record, and the last one counts', async () => {
  const key = await issued();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      (index % 2 === 0 ? block : unblock)({ key: key.key_id }),
    ),
  );
  for (const { status } of answers) expect([200, 409]).toContain(status);
  // A block goes on until it has its turn.
  for (const { status } of answers.filter((_, index) => index % 2 === 0)) expect(status).toBe(200);
  const records = await trailOf(key.key_id);
  expect(records.length).toBe(1 + answers.filter(({ status }) => status === 200).length);
  const isBlocked = records.at(-1)?.action === 'blocked';
  expect(await rowOf(key.key_id)).toMatchObject({ blocked: isBlocked });
  expect(await isLetIn(key.key)).toBe(!isBlocked);
});
