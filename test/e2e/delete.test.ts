/** The end of keys on the deployed stack, seen in every place that it must leave a trace. */
import { describe, expect, it } from 'vitest';
import { expectAgreement, expectLeft, expectNowhere } from './agreement.ts';
import {
  block,
  info,
  isLetIn,
  issued,
  masterKey,
  remove,
  self,
  unblock,
  update,
} from './api-client.ts';
import { describedSecret, itemOf, keysWith, leaseOf, rowOf, secretOf } from './local-aws.ts';
import { actionsOf, trailOf } from './trail.ts';

describe('a key that is deleted', async () => {
  const alias = 'delete/one';
  const key = await issued({ key_alias: alias, user_id: 'ada' });
  const answer = await remove({ keys: [key.key] }, masterKey, { 'litellm-changed-by': 'grace' });

  it('is named in the answer as it was in the request', () => {
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ deleted_keys: [key.key], failed_tokens: [] });
  });

  it('is refused by the next request, which says why', async () => {
    const { status, body } = await self(key.key);
    expect(status).toBe(401);
    expect(body.error.message).toContain('deleted');
  });

  it('is still there to look at, and expires with its hash', async () => {
    const { status, body } = await info(key.token);
    expect(status).toBe(200);
    expect(body.info).toMatchObject({ status: 'deleted', deleted_at: expect.any(String) });
    const row = await rowOf(key.key_id);
    expect(row).toMatchObject({ status: 'deleted', intent: null, ttl: expect.any(Number) });
    const pointer = await itemOf('KeysTableName', { pk: `TOKEN#${key.token}` });
    expect(pointer).toMatchObject({ ttl: row['ttl'] });
  });

  it('has its secret in a deletion window, and its alias free', async () => {
    await expectLeft(alias, key.key_id);
  });

  it('has a record with the row before', async () => {
    const [, record, ...more] = await trailOf(key.key_id, key.key);
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      action: 'deleted',
      changed_by: 'grace',
      who: { principal: 'master' },
      before: { key_alias: alias, user_id: 'ada' },
    });
  });

  it('stays deleted', async () => {
    expect((await remove({ keys: [key.key] })).status).toBe(404);
    expect((await update({ key: key.key_id, max_budget: 1 })).status).toBe(404);
    expect((await block({ key: key.key_id })).status).toBe(404);
    expect((await unblock({ key: key.key_id })).status).toBe(404);
    expect(await rowOf(key.key_id)).toMatchObject({ status: 'deleted', seq: 2 });
  });

  it("leaves its alias to another at once, whose secret never shows the last holder's value", async () => {
    const next = await issued({ key_alias: alias, user_id: 'bob' });
    await expectAgreement(next.key_id);
    const name = `litellm/${alias}`;
    expect(await secretOf(name)).toMatchObject({ value: next.key, tags: { user_id: 'bob' } });
    await expectNowhere(name, [key.key]);
    expect(await isLetIn(key.key)).toBe(false);
    expect(await isLetIn(next.key)).toBe(true);

    // And once more: the name has a history by now.
    await remove({ key_aliases: [alias] });
    const last = await issued({ key_alias: alias });
    await expectAgreement(last.key_id);
    await expectNowhere(name, [key.key, next.key]);
  });
});

describe('several keys', () => {
  it('are deleted by value, hash, key id and alias; what is unknown is named, masked', async () => {
    const keys = await Promise.all(
      Array.from({ length: 4 }, (_, index) => issued({ key_alias: `delete/many-${index}` })),
    );
    const unknown = ['f'.repeat(64), 'sk-nobody-has-this-value'];
    const { status, body } = await remove({
      keys: [keys[0].key, unknown[0], keys[1].token, unknown[1], keys[2].key_id],
      key_aliases: ['delete/many-3', 'delete/nobody'],
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      deleted_keys: [keys[0].key, keys[1].token, keys[2].key_id, 'delete/many-3'],
      failed_tokens: ['ffff...ffff', 'sk-...alue', 'delete/nobody'],
    });
    const operations = new Set();
    for (const [index, key] of keys.entries()) {
      expect(await isLetIn(key.key)).toBe(false);
      await expectLeft(`delete/many-${index}`, key.key_id);
      const row = await rowOf(key.key_id);
      operations.add(JSON.parse(JSON.stringify(row['event'])).operation_id);
      expect(await actionsOf(key.key_id)).toEqual(['created', 'deleted']);
    }
    expect(operations.size).toBe(1);
  });

  it('are deleted once where one is named twice', async () => {
    const key = await issued();
    const { status, body } = await remove({ keys: [key.token, key.key_id] });
    expect(status).toBe(200);
    expect(body).toEqual({ deleted_keys: [key.token, key.key_id], failed_tokens: [] });
    expect(await actionsOf(key.key_id)).toEqual(['created', 'deleted']);
  });

  it('are a hundred at most', async () => {
    const keys = Array.from({ length: 101 }, () => 'f'.repeat(64));
    const { status, body } = await remove({ keys });
    expect(status).toBe(400);
    expect(body.error.param).toBe('keys');
  });

  it('are all deleted where there are many', async () => {
    const keys: Awaited<ReturnType<typeof issued>>[] = [];
    while (keys.length < 30) {
      // A few at a time: this machine starts a process for each request at once.
      keys.push(...(await Promise.all(Array.from({ length: 5 }, () => issued()))));
    }
    const { status, body } = await remove({ keys: keys.map(({ key_id }) => key_id) });
    expect(status).toBe(200);
    expect(body.deleted_keys.length).toBe(30);
    for (const { key_id, token } of keys) {
      expect(await rowOf(key_id)).toMatchObject({ status: 'deleted', intent: null });
      expect(await describedSecret(`litellm/virtual-key-${token}`)).toMatchObject({
        isScheduled: true,
      });
    }
  });
});

describe('a delete that is refused', async () => {
  const key = await issued({ user_id: 'owner', key_alias: 'delete/refused' });

  it.each<[string, unknown, number, string | null]>([
    ['names no key', {}, 422, null],
    ['names an empty list', { keys: [] }, 422, null],
    ['is no JSON', '{', 422, null],
    ['has a wrong type', { keys: key.key_id }, 422, 'keys'],
    ['names unknown keys alone', { keys: ['f'.repeat(64)] }, 404, 'key'],
    ['names an unknown alias', { key_aliases: ['delete/nobody'] }, 404, 'key'],
    ['names the admin key', { keys: ['sk-1234', 'master'] }, 404, 'key'],
  ])('since it %s, deletes nothing', async (_why, body, status, param) => {
    const before = await keysWith(key.key_id, 'master');
    const answer = await remove(body);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code: String(status), param });
    expect(await keysWith(key.key_id, 'master')).toEqual(before);
  });

  it("deletes none of them where one is somebody else's", async () => {
    const user = await issued({ user_id: 'somebody' });
    const own = await issued({ user_id: 'somebody' });
    const { status } = await remove({ keys: [own.token, key.token] }, user.key);
    expect(status).toBe(403);
    expect(await isLetIn(own.key)).toBe(true);
    expect(await isLetIn(key.key)).toBe(true);
    const unknown = await remove({ keys: [own.token, 'f'.repeat(64)] }, user.key);
    expect(unknown.status).toBe(403);
  });

  it('says so to a key that may only look', async () => {
    const readOnly = await issued({ user_id: 'owner', key_type: 'read_only' });
    expect((await remove({ keys: [key.key_id] }, readOnly.key)).status).toBe(403);
    expect(await isLetIn(key.key)).toBe(true);
  });

  it('is open to the owner, for the very key that asks, too', async () => {
    const own = await issued({ user_id: 'owner' });
    expect((await remove({ keys: [own.token] }, own.key)).status).toBe(200);
    expect(await isLetIn(own.key)).toBe(false);
  });
});

describe('a repeat of a delete', () => {
  it('gets the first answer, though the keys are gone', async () => {
    const [one, two] = [await issued({ key_alias: 'delete/again' }), await issued()];
    const sent = { keys: [one.key_id, 'f'.repeat(64)], key_aliases: ['delete/again'] };
    const header = { 'idempotency-key': 'delete-again' };
    const first = await remove(sent, masterKey, header);
    expect(first.status).toBe(200);
    const second = await remove(sent, masterKey, header);
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(await actionsOf(one.key_id)).toEqual(['created', 'deleted']);
    // Another key may have the alias by now: the repeat is about the first one.
    const next = await issued({ key_alias: 'delete/again' });
    expect((await remove(sent, masterKey, header)).body).toEqual(first.body);
    expect(await isLetIn(next.key)).toBe(true);
    const other = await remove({ keys: [two.key_id] }, masterKey, header);
    expect(other.status).toBe(422);
    expect(await isLetIn(two.key)).toBe(true);
  });

  it('may come at once: each key is deleted once', async () => {
    const key = await issued({ key_alias: 'delete/storm' });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        remove({ keys: [key.key_id] }, masterKey, { 'idempotency-key': 'delete-storm' }),
      ),
    );
    for (const { status } of answers) expect([200, 409]).toContain(status);
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    expect(await actionsOf(key.key_id)).toEqual(['created', 'deleted']);
    expect(await leaseOf('delete/storm')).toMatchObject({ state: 'free' });
  });

  it('of five deletes without it one deletes, and the others find nothing', async () => {
    const key = await issued();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => remove({ keys: [key.key_id] })),
    );
    const deleted = answers.filter(({ status }) => status === 200);
    const missed = answers.filter(({ status }) => status === 404);
    expect([deleted.length, missed.length]).toEqual([1, 4]);
    expect(await actionsOf(key.key_id)).toEqual(['created', 'deleted']);
  });
});
