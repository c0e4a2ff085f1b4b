/** `POST /key/bulk_update` on the deployed stack: each key its own outcome, record and repeat. */
import { describe, expect, it } from 'vitest';
import { contract } from '../../lambdas/update-keys/contract.ts';
import { expectAgreement } from './agreement.ts';
import { bulkUpdate, issued, remove, update } from './api-client.ts';
import { itemsOf, keysWith, rowOf } from './local-aws.ts';
import { actionsOf, trailOf } from './trail.ts';

describe('many keys that are changed at once', async () => {
  const one = await issued({ key_alias: 'bulk/one', max_budget: 1 });
  const two = await issued({ key: 'sk-bulk-chosen-by-somebody' });
  const three = await issued();
  const gone = await issued();
  await remove({ keys: [gone.key_id] });
  const headers = { 'idempotency-key': 'bulk-once', 'litellm-changed-by': 'bulk-ci' };
  const asked = {
    keys: [
      { key: one.key, max_budget: 2, team_id: 'bulk' },
      { key: three.key_id, max_budget: -1 },
      { key: gone.key, max_budget: 2 },
      { key: 'f'.repeat(64), max_budget: 2 },
      { key: 'sk-1234', max_budget: 2 },
      { key: two.token, tags: ['t'], budget_id: 'b' },
      { key: one.key_id, max_budget: 3 },
    ],
  };
  const first = await bulkUpdate(asked, undefined, headers);

  it('each have an outcome of their own', async () => {
    const { status, body } = first;
    expect(status).toBe(200);
    expect(contract.answer?.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      total_requested: 7,
      successful_updates: [
        { key: one.key, key_info: { key_id: one.key_id, max_budget: 2, team_id: 'bulk' } },
        { key: two.token, key_info: { metadata: { tags: ['t'] }, budget_id: 'b' } },
        { key: one.key_id, key_info: { max_budget: 3, team_id: 'bulk' } },
      ],
      failed_updates: [
        { key: three.key_id, key_info: { max_budget: null } },
        { key: `sk-...${gone.key.slice(-4)}`, key_info: null },
        { key: 'f'.repeat(64), key_info: null },
        { key: 'sk-...', key_info: null },
      ],
    });
    expect(await rowOf(three.key_id)).toMatchObject({ seq: 1 });
    await expectAgreement(one.key_id);
  });

  it('are changed once by a repeat, which tells them as they are by then', async () => {
    const before = await keysWith(one.key_id, two.key_id, three.key_id);
    expect((await bulkUpdate(asked, undefined, headers)).body).toEqual({
      ...first.body,
      successful_updates: [
        {
          ...first.body.successful_updates[0],
          key_info: expect.objectContaining({ max_budget: 3 }),
        },
        ...first.body.successful_updates.slice(1),
      ],
    });
    expect(await keysWith(one.key_id, two.key_id, three.key_id)).toEqual(before);
    await update({ key: two.key_id, budget_id: 'later' });
    const { body } = await bulkUpdate(asked, undefined, headers);
    expect(body.successful_updates[1]).toMatchObject({ key_info: { budget_id: 'later' } });
    expect(await rowOf(two.key_id)).toMatchObject({ seq: 3, key: { budget_id: 'later' } });
    const other = { keys: asked.keys.slice(1) };
    expect((await bulkUpdate(other, undefined, headers)).status).toBe(422);
  });

  it('have a record of each change, all of one operation', async () => {
    const [, second, third, ...more] = await trailOf(one.key_id, one.key);
    expect([second, third, more]).toMatchObject([
      { action: 'updated', changed_by: 'bulk-ci', before: { max_budget: 1 } },
      { action: 'updated', before: { max_budget: 2 }, after: { max_budget: 3, team_id: 'bulk' } },
      [],
    ]);
    const [, change] = await trailOf(two.key_id, two.key);
    expect(change).toMatchObject({ changed_by: 'bulk-ci', operation_id: second?.operation_id });
    expect([third?.operation_id, typeof second?.operation_id]).toEqual([
      second?.operation_id,
      'string',
    ]);
    expect(await actionsOf(three.key_id)).toEqual(['created']);
    const stored = JSON.stringify(await itemsOf('IdempotencyTableName'));
    for (const { key } of [one, two, gone]) expect(stored).not.toContain(key);
  });

  it.each<[string, unknown, number]>([
    ['no keys', {}, 422],
    ['an empty list', { keys: [] }, 400],
    ['501 keys', { keys: Array.from({ length: 501 }, () => ({ key: one.key_id })) }, 400],
    ['a budget that is none', { keys: [{ key: one.key_id }, { key: 'x', max_budget: 'y' }] }, 422],
  ])('are refused as a whole where there is %s', async (_what, body, status) => {
    const before = await keysWith(one.key_id);
    const answer = await bulkUpdate(body);
    expect([answer.status, answer.body.error.param]).toEqual([status, 'keys']);
    expect(await keysWith(one.key_id)).toEqual(before);
  });

  it.each([
    ['their owner', { user_id: 'bulk-ada' }],
    ['a viewer', { user_role: 'proxy_admin_viewer' }],
    ['a key that may only look', { user_role: 'proxy_admin', key_type: 'read_only' }],
  ])('are not changed by %s', async (_who, fields) => {
    const { key, key_id } = await issued(fields);
    const answer = await bulkUpdate({ keys: [{ key, max_budget: 9 }] }, key);
    expect([answer.status, answer.body.error.type]).toEqual([403, 'auth_error']);
    expect(await rowOf(key_id)).toMatchObject({ seq: 1 });
  });
});

it('two calls at once about the same keys both apply, or say of which keys they did not', async () => {
  const keys = await Promise.all(Array.from({ length: 5 }, () => issued({ store_secret: false })));
  const calls = await Promise.all(
    [{ max_budget: 1 }, { team_id: 'bulk' }].map((change) =>
      bulkUpdate({ keys: keys.map(({ key_id: key }) => ({ key, ...change })) }),
    ),
  );
  const made = calls.flatMap(({ status, body }) => {
    expect([status, body.total_requested]).toEqual([200, 5]);
    return body.successful_updates.map(({ key }: { key: string }) => key);
  });
  for (const { key_id } of keys) {
    expect(await actionsOf(key_id)).toHaveLength(1 + made.filter((key) => key === key_id).length);
  }
});
