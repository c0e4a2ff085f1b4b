/** Setting spend back on the deployed stack, whose route has the key in its path. */
import { describe, expect, it } from 'vitest';
import { isLetIn, issued, masterKey, post, remove, resetSpend, update } from './api-client.ts';
import { keysWith, rowOf } from './local-aws.ts';
import { trailOf } from './trail.ts';

describe('spend that is set back', async () => {
  const key = await issued({ key_alias: 'spend/one', max_budget: 10, budget_duration: '1d' });
  await update({ key: key.key_id, spend: 8 });

  it('is what the request says, by hash, key id and value in the path', async () => {
    const first = await resetSpend(key.token, { reset_to: 5 });
    expect(first.status).toBe(200);
    expect(first.body).toEqual({
      key_hash: key.token,
      spend: 5,
      previous_spend: 8,
      max_budget: 10,
      budget_reset_at: expect.stringMatching(/Z$/),
    });
    const second = await resetSpend(key.key_id, { reset_to: 1.5 });
    expect(second.body).toMatchObject({ spend: 1.5, previous_spend: 5 });
    const third = await resetSpend(key.key, { reset_to: 0 });
    expect(third.body).toMatchObject({ spend: 0, previous_spend: 1.5 });
    expect(await rowOf(key.key_id)).toMatchObject({ key: { spend: 0 } });
    expect(await isLetIn(key.key)).toBe(true);
  });

  it('is set back once by a repeat, which gets the first answer', async () => {
    const other = await issued();
    await update({ key: other.key_id, spend: 8 });
    const header = { 'idempotency-key': 'spend-again' };
    const first = await resetSpend(other.key_id, { reset_to: 0 }, masterKey, header);
    await update({ key: other.key_id, spend: 3 });
    const second = await resetSpend(other.key_id, { reset_to: 0 }, masterKey, header);
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(await rowOf(other.key_id)).toMatchObject({ key: { spend: 3 } });
    expect((await resetSpend(other.key_id, { reset_to: 1 }, masterKey, header)).status).toBe(422);
  });

  it('has a record of each', async () => {
    const records = (await trailOf(key.key_id, key.key)).slice(2);
    expect(records.map(({ action }) => action)).toEqual(Array(3).fill('spend_reset'));
    expect(records[0]).toMatchObject({ before: { spend: 8 }, after: { spend: 5 } });
  });
});

describe('a reset that is refused', async () => {
  const key = await issued({ user_id: 'owner', max_budget: 10 });
  await update({ key: key.key_id, spend: 8 });
  const gone = await issued();
  await remove({ keys: [gone.key_id] });

  it.each<[string, string, unknown, number]>([
    ['says no amount', key.key_id, {}, 422],
    ['has no body', key.key_id, undefined, 422],
    ['says a text', key.key_id, { reset_to: 'none' }, 422],
    ['is negative', key.key_id, { reset_to: -1 }, 400],
    ['is above what was spent', key.key_id, { reset_to: 9 }, 400],
    ['names an unknown key', 'f'.repeat(64), { reset_to: 0 }, 404],
    ['names no possible key', 'spend/one', { reset_to: 0 }, 404],
    ['names a deleted key', gone.key_id, { reset_to: 0 }, 404],
    ['names the admin key', 'sk-1234', { reset_to: 0 }, 404],
  ])('since it %s, changes nothing', async (_why, identifier, body, status) => {
    const before = await keysWith(key.key_id);
    const answer = await resetSpend(identifier, body);
    expect(answer.status).toBe(status);
    expect(answer.body.error.code).toBe(String(status));
    expect(await keysWith(key.key_id)).toEqual(before);
  });

  it.each<[string, object]>([
    ['the owner', { user_id: 'owner' }],
    ['a key that may only look', { user_role: 'proxy_admin', key_type: 'read_only' }],
  ])('says so to %s', async (_who, body) => {
    const caller = await issued(body);
    const answer = await resetSpend(key.key_id, { reset_to: 0 }, caller.key);
    expect(answer.status).toBe(403);
    expect(await rowOf(key.key_id)).toMatchObject({ key: { spend: 8 } });
  });

  it('is no route without a key', async () => {
    expect((await post('/key/reset_spend', { reset_to: 0 })).status).toBe(404);
    expect((await post('/key//reset_spend', { reset_to: 0 })).status).toBe(404);
  });
});
