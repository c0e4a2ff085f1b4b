/** `POST /key/bulk_update`: changes of many keys, each of which succeeds or fails by itself. */
import { describe, expect, it, vi } from 'vitest';
import { newKey } from '../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { startedService } from '../fakes/service.ts';
import type { FaultPlan } from '../faults/fault-port.ts';
import {
  actionsOf,
  ask,
  askUnder,
  atRest,
  issue,
  recordOf,
  refusalIn,
  rowOf,
  unknownNames,
  untouched,
} from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const path = '/key/bulk_update';
const headers = { 'idempotency-key': 'once' };
type Item = Readonly<Record<string, unknown>>;
const bulk = (service: Service, ...keys: Item[]) => ask(service, { path, body: { keys } });

async function withKeys(count: number, fields: object = {}) {
  const service = await startedService();
  const keys: string[] = [];
  for (let index = 0; index < count; index += 1) keys.push((await issue(service, fields)).key_id);
  const body = { keys: keys.map((key, index) => ({ key, max_budget: index + 1 })) };
  const budgets = () => keys.map((key) => rowOf(service, key).key.max_budget);
  return { service, keys, asked: { path, headers, body }, budgets };
}

const namesIn = (list: readonly { readonly key: string }[]) => list.map(({ key }) => key);

describe('update-keys', () => {
  it('changes each key that is named, and tells it as it is then, without its hash', async () => {
    const service = await startedService();
    const one = await issue(service, { key_alias: 'one', team_id: 'a', max_budget: 1 });
    const two = await issue(service, { key: 'sk-chosen-by-somebody', team_id: 'a' });
    const { status, body } = await bulk(
      service,
      { key: one.key, max_budget: 2 },
      { key: two.token, tags: ['t'], budget_id: 'b' },
    );
    expect(status).toBe(200);
    expect(body).toEqual({
      total_requested: 2,
      successful_updates: [
        {
          key: one.key,
          key_info: expect.objectContaining({ key_id: one.key_id, team_id: 'a', max_budget: 2 }),
        },
        {
          key: two.token,
          key_info: expect.objectContaining({ metadata: { tags: ['t'] }, budget_id: 'b' }),
        },
      ],
      failed_updates: [],
    });
    expect(JSON.stringify(body.successful_updates[0].key_info)).not.toContain(one.token);
    expect(rowOf(service, one.key_id).key).toMatchObject({ team_id: 'a', max_budget: 2 });
  });

  it('leaves one record for each change, all under one operation', async () => {
    const { service, keys, asked } = await withKeys(3);
    await ask(service, { ...asked, headers: { 'litellm-changed-by': 'ci' } });
    const records = await Promise.all(keys.map((key) => recordOf(service, key)));
    for (const [index, record] of records.entries()) {
      expect(record).toMatchObject({ action: 'updated', changed_by: 'ci', seq: 2 });
      expect(record).toMatchObject({ before: {}, after: { max_budget: index + 1 } });
    }
    expect(new Set(records.map((record) => record['operation_id'])).size).toBe(1);
    expect(records[0]?.['operation_id']).toEqual(expect.any(String));
  });

  it('lets one that fails keep no other from its change, and says why it failed', async () => {
    const service = await startedService();
    const [first, wrong, last] = [await issue(service), await issue(service), await issue(service)];
    const gone = await issue(service);
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
    const old = await issue(service);
    await ask(service, { path: '/key/regenerate', body: { key: old.key_id } });
    const forged = newKey(old.key_id, seededRandom('forged').bytes);
    await issue(service, { key_alias: 'alias' });
    const lost = [...unknownNames, gone.key_id, gone.key, old.key, old.token, forged]
      .concat('alias', 'master', 'sk-1234', '')
      .map((key) => ({ key, max_budget: 1 }));
    const { status, body } = await bulk(
      service,
      { key: first.key_id, max_budget: 5 },
      { key: wrong.key_id, max_budget: -1 },
      ...lost,
      { key: last.key_id, max_budget: 6 },
    );
    expect([status, body.total_requested]).toEqual([200, lost.length + 3]);
    expect(namesIn(body.successful_updates)).toEqual([first.key_id, last.key_id]);
    const [refused, ...unknown] = body.failed_updates;
    expect(refused).toEqual({
      key: wrong.key_id,
      key_info: expect.objectContaining({ key_id: wrong.key_id, max_budget: null }),
      failed_reason: 'max_budget must be a finite number, zero or more.',
    });
    expect(unknown).toHaveLength(lost.length);
    for (const { key_info, failed_reason } of unknown) {
      expect([key_info, failed_reason]).toEqual([null, 'No key is known under this identifier.']);
    }
    for (const { key } of [gone, old]) expect(JSON.stringify(body)).not.toContain(key);
    expect(rowOf(service, wrong.key_id).seq).toBe(1);
    expect(rowOf(service, old.key_id).seq).toBe(2);
  });

  it('repeats no key that was pasted with something around it', async () => {
    const service = await startedService();
    const chosen = 'sk-chosen-by-somebody';
    await issue(service, { key: chosen });
    for (const key of [(await issue(service)).key, chosen]) {
      const { body } = await bulk(service, { key: `Bearer ${key}` }, { key: ` ${key}` });
      expect(body.failed_updates).toHaveLength(2);
      expect(JSON.stringify(body)).not.toContain(key);
    }
  });

  it('makes the changes of one key in their order, however they name it', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service);
    const other = await issue(service);
    const { body } = await bulk(
      service,
      { key, max_budget: 1, team_id: 't' },
      { key: other.key_id, max_budget: 9 },
      { key: token, max_budget: -1 },
      { key: key_id, max_budget: 3 },
    );
    const told = body.successful_updates.map(({ key_info }: Item) => key_info);
    expect(told).toMatchObject([
      { max_budget: 1, team_id: 't' },
      { max_budget: 9 },
      { max_budget: 3, team_id: 't' },
    ]);
    expect(body.failed_updates).toMatchObject([{ key: token, key_info: { max_budget: 1 } }]);
    expect(await actionsOf(service, key_id)).toEqual(['created', 'updated', 'updated']);
  });

  it('changes nothing by an old value of a key that is named beside it', async () => {
    const service = await startedService();
    const old = await issue(service);
    await ask(service, { path: '/key/regenerate', body: { key: old.key_id } });
    const { body } = await bulk(
      service,
      { key: old.key_id, max_budget: 1 },
      { key: old.token, max_budget: 2 },
      { key: newKey(old.key_id, seededRandom('forged').bytes), max_budget: 3 },
    );
    expect(body.failed_updates).toHaveLength(2);
    expect(rowOf(service, old.key_id).key.max_budget).toBe(1);
  });

  it('takes five fields and no other, with the rules of an update', async () => {
    const service = await startedService();
    const fields = { max_budget: 1, team_id: 't', budget_id: 'b', tags: ['t'] };
    const { key_id } = await issue(service, { ...fields, object_permission: { agents: ['a'] } });
    const more = {
      blocked: true,
      spend: 9,
      models: ['m'],
      key_alias: 'x',
      user_role: 'proxy_admin',
    };
    await bulk(service, { key: key_id, ...more, object_permission: { agents: [] } });
    const kept = { ...rowOf(service, key_id).key };
    expect(kept).toMatchObject({ spend: 0, models: [], max_budget: 1 });
    expect(kept.object_permission).toEqual({ agents: [] });
    expect([kept.key_alias, kept.user_role, kept.blocked]).toEqual(Array(3).fill(undefined));
    await bulk(service, { key: key_id, team_id: '', tags: null, object_permission: null });
    expect(rowOf(service, key_id).key).toMatchObject({
      team_id: 't',
      metadata: { tags: ['t'] },
      object_permission: { agents: [] },
    });
    await bulk(service, { key: key_id, team_id: null, budget_id: '', max_budget: '', tags: [] });
    const { key } = rowOf(service, key_id);
    expect([key.team_id, key.budget_id, key.max_budget]).toEqual([undefined, undefined, undefined]);
    expect(key.metadata).toEqual({ tags: [] });
  });

  it('keeps to the limits of the environment', async () => {
    const service = await startedService({ keyLimits: { max_budget: 10 } });
    const { key_id } = await issue(service);
    const { body } = await bulk(
      service,
      { key: key_id, max_budget: 11 },
      { key: key_id, max_budget: null },
    );
    expect(body.failed_updates.map(({ failed_reason }: Item) => failed_reason)).toEqual([
      expect.stringContaining('10'),
      expect.stringContaining('max_budget'),
    ]);
  });

  it('carries an open regenerate along, and has the secret follow its team', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    service.secrets.trouble('unanswered', 'lost-answer');
    await ask(service, { path: '/key/regenerate', body: { key: key_id } });
    const { body } = await bulk(service, { key: key_id, team_id: 't' });
    expect(body.failed_updates).toEqual([]);
    expect(await atRest(service)).toEqual([]);
    expect(rowOf(service, key_id).key.team_id).toBe('t');
    expect(service.secrets.secrets.get('litellm/a')?.tags['team_id']).toBe('t');
  });

  it('takes 500 keys', async () => {
    const { service, asked, budgets } = await withKeys(500, { store_secret: false });
    const { body } = await ask(service, asked);
    expect(body.successful_updates).toHaveLength(500);
    expect(budgets()[499]).toBe(500);
  });

  it('that is masked in every answer stays so here', async () => {
    const service = await startedService();
    const logging = [{ callback_name: 'x', callback_vars: { token: 'pk-of-theirs' } }];
    const { key_id } = await issue(service, { metadata: { logging } });
    const { body } = await bulk(service, { key: key_id }, { key: key_id, max_budget: -1 });
    expect([body.successful_updates.length, body.failed_updates.length]).toEqual([1, 1]);
    expect(JSON.stringify(body)).not.toContain('pk-of-theirs');
  });
});

describe('update-keys that is refused changes nothing:', () => {
  const good = { key: 'f'.repeat(64) };
  it.each<[string, unknown, number, string | null]>([
    ['no body', undefined, 422, null],
    ['no keys', {}, 422, 'keys'],
    ['null', { keys: null }, 422, 'keys'],
    ['no list', { keys: good }, 422, 'keys'],
    ['no key in a list', { keys: [{}] }, 422, 'keys'],
    ['a text in the list', { keys: ['sk-1234'] }, 422, 'keys'],
    ['a number as key', { keys: [good, { key: 1 }] }, 422, 'keys'],
    ['a word as budget', { keys: [{ ...good, max_budget: 'much' }] }, 422, 'keys'],
    ['a text as tags', { keys: [{ ...good, tags: 'a' }] }, 422, 'keys'],
    ['an empty list', { keys: [] }, 400, 'keys'],
    ['501 keys', { keys: Array.from({ length: 501 }, () => good) }, 400, 'keys'],
    ['too much', { keys: [{ ...good, team_id: 'x'.repeat(270_000) }] }, 413, null],
  ])('%s', async (_, body, status, param) => {
    const service = await startedService();
    const answer = await untouched(service, () => ask(service, { path, headers, body }));
    expect(refusalIn(answer)).toEqual([status, param]);
  });

  it.each([
    ['an ordinary user', { user_id: 'ada' }, 403],
    ['a viewer', { user_role: 'proxy_admin_viewer' }, 403],
    ['a user who only looks', { user_role: 'internal_user_viewer' }, 401],
    ['a key that only looks', { user_role: 'proxy_admin', key_type: 'read_only' }, 403],
    ['a key for models alone', { user_role: 'proxy_admin', key_type: 'llm_api' }, 403],
    ['a key for other routes', { user_role: 'proxy_admin', allowed_routes: ['/key/update'] }, 403],
  ])('%s, whose own key it is', async (_, fields, status) => {
    const { service } = await withKeys(1);
    const { key } = await issue(service, fields);
    const body = { keys: [{ key, max_budget: 1 }] };
    const answer = await untouched(service, () => ask(service, { path, headers, key, body }));
    expect(answer.status).toBe(status);
  });

  it('an answer that would be too large', async () => {
    const service = await startedService();
    const { key_id: key } = await issue(service, { metadata: { a: 'x'.repeat(30_000) } });
    const keys = Array.from({ length: 180 }, () => ({ key, max_budget: 1 }));
    const answer = await bulk(service, ...keys);
    expect([...refusalIn(answer), rowOf(service, key).seq]).toEqual([400, 'keys', 1]);
    expect(answer.body.error.message).toContain('fewer keys');
    expect((await bulk(service, ...keys.slice(0, 160))).status).toBe(200);
  });
});

describe('a repeat of update-keys', () => {
  it('makes no change again, and tells the keys as they are now', async () => {
    const { service, keys, asked } = await withKeys(3);
    const first = await ask(service, asked);
    expect(await untouched(service, () => ask(service, asked))).toEqual(first);
    await ask(service, { path: '/key/update', body: { key: keys[0], max_budget: 9 } });
    await ask(service, { path: '/key/delete', body: { keys: [keys[1]] } });
    const { body } = await untouched(service, () => ask(service, asked));
    expect(body.successful_updates).toMatchObject([
      { key_info: { max_budget: 9 } },
      { key_info: { max_budget: 3 } },
    ]);
    expect(body.failed_updates).toMatchObject([{ key: keys[1], key_info: null }]);
  });

  it('with another body is a 422, by another caller a call of its own', async () => {
    const { service, keys, asked } = await withKeys(2);
    await ask(service, asked);
    const body = { keys: [{ key: keys[0], max_budget: 8 }] };
    const answer = await untouched(service, () => ask(service, { ...asked, body }));
    expect([answer.status, answer.body.error.type]).toEqual([422, 'idempotency_key_reused']);
    const { key } = await issue(service, { user_role: 'proxy_admin', user_id: 'root' });
    expect((await ask(service, { ...asked, body, key })).status).toBe(200);
  });

  it('at once: one runs, the other is told to wait, and can ask again', async () => {
    const { service, keys, asked } = await withKeys(3);
    const answers = await Promise.all([ask(service, asked), ask(service, asked)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 409]);
    expect(answers[1]?.headers['retry-after']).toBeDefined();
    expect((await ask(service, asked)).body).toEqual(answers[0]?.body);
    for (const key of keys) expect(await actionsOf(service, key)).toHaveLength(2);
  });

  it('while the first is half through makes each change once', async () => {
    const { service, keys, asked } = await withKeys(3);
    const commit = service.table.commit.bind(service.table);
    let repeated: Promise<unknown> = Promise.resolve();
    vi.spyOn(service.table, 'commit').mockImplementation(async (...given) => {
      const outcome = await commit(...given);
      if (given[0].length === 1) repeated = ask(service, asked);
      return outcome;
    });
    const { body } = await ask(service, asked);
    expect([body.failed_updates, await repeated]).toMatchObject([[], { status: 200 }]);
    for (const key of keys) expect(await actionsOf(service, key)).toHaveLength(2);
  });

  it('that was refused before anything was begun runs afresh', async () => {
    const { service, asked, budgets } = await withKeys(2);
    const down = vi.spyOn(service.table, 'commit');
    down.mockImplementation(async () => ({ kind: 'throttled' }));
    const refused = await ask(service, asked);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '2']);
    down.mockRestore();
    expect((await ask(service, asked)).status).toBe(200);
    expect(budgets()).toEqual([1, 2]);
  });

  it('a day later is a call of its own, also of one that was finished late', async () => {
    const { service, keys, asked } = await withKeys(2);
    // The process dies after its first change; a repeat makes the other an hour before the day is over.
    await askUnder(service, new Map([[4, 'die-before']]), asked);
    service.clock.advance(23 * 3_600_000);
    await ask(service, asked);
    for (const key of keys) expect(await actionsOf(service, key)).toHaveLength(2);
    service.clock.advance(3_600_000);
    const { body } = await ask(service, asked);
    expect(body.failed_updates).toEqual([]);
    for (const key of keys) expect(await actionsOf(service, key)).toHaveLength(3);
  });

  it('has no key in its records', async () => {
    const service = await startedService();
    const { key } = await issue(service);
    await ask(service, { path, headers, body: { keys: [{ key, max_budget: 1 }] } });
    expect(service.table.records.size).toBe(2);
    expect(JSON.stringify([...service.table.records.values()])).not.toContain(key);
  });
});

describe('a process that dies', () => {
  const calls = Array.from({ length: 5 }, (_, index) => index + 1);
  it.each(
    calls.flatMap((call) => ['die-before', 'die-after'].map((kind) => [call, kind] as const)),
  )(
    'at call %i (%s) and a repeat make each change once, under one operation',
    async (call, kind) => {
      const { service, keys, asked, budgets } = await withKeys(3);
      const plan: FaultPlan = new Map([[call, kind === 'die-after' ? 'die-after' : 'die-before']]);
      await askUnder(service, plan, asked);
      const { body } = await ask(service, asked);
      expect(namesIn(body.successful_updates)).toEqual(keys);
      expect(budgets()).toEqual([1, 2, 3]);
      for (const key of keys) expect(await actionsOf(service, key)).toEqual(['created', 'updated']);
      const ids = keys.map((key) => service.trail.of(key).at(-1)?.['operation_id']);
      expect(new Set(ids).size).toBe(1);
      expect(await atRest(service)).toEqual([]);
    },
  );
});

describe('a change of one of several keys', () => {
  it('that the table does not take fails alone, says so, and is made by a repeat', async () => {
    for (const kind of ['throttled', 'unanswered'] as const) {
      const { service, keys, asked, budgets } = await withKeys(3);
      const commit = service.table.commit.bind(service.table);
      const trouble = vi.spyOn(service.table, 'commit');
      trouble.mockImplementation(async (writes, ...more) =>
        writes.some((write) => write.kind === 'replace-row' && write.row.keyId === keys[1])
          ? { kind }
          : commit(writes, ...more),
      );
      const { status, body } = await ask(service, asked);
      expect([status, namesIn(body.failed_updates)]).toEqual([200, [keys[1]]]);
      expect(body.failed_updates[0].failed_reason).toContain('try again');
      trouble.mockRestore();
      expect((await ask(service, asked)).body.failed_updates).toEqual([]);
      expect(budgets()).toEqual([1, 2, 3]);
      for (const key of keys) expect(await actionsOf(service, key)).toHaveLength(2);
    }
  });

  it('that was made before and cannot be read in a repeat fails alone', async () => {
    const { service, keys, asked } = await withKeys(3);
    await ask(service, asked);
    const { body } = await askUnder(service, new Map([[5, 'error-before']]), asked);
    expect(body.successful_updates).toHaveLength(2);
    expect(body.failed_updates).toMatchObject([
      { failed_reason: 'The tables cannot be read at the moment.' },
    ]);
    for (const key of keys) expect(await actionsOf(service, key)).toHaveLength(2);
  });

  it('for which no time is left says so, and is made by a repeat', async () => {
    const { service, keys, asked, budgets } = await withKeys(30);
    const slow: FaultPlan = new Map(Array.from({ length: 60 }, (_, index) => [index + 3, 'slow']));
    const { status, body } = await askUnder(service, slow, asked);
    expect(status).toBe(200);
    expect(body.successful_updates.length).toBeGreaterThan(0);
    const late = body.failed_updates.filter(({ failed_reason }: Item) =>
      String(failed_reason).includes('No time was left'),
    );
    expect(late.length).toBeGreaterThan(0);
    for (const { failed_reason } of late) expect(failed_reason).toContain('again');
    expect((await ask(service, asked)).body.failed_updates).toEqual([]);
    expect(budgets().at(-1)).toBe(30);
    for (const key of keys) expect(await actionsOf(service, key)).toHaveLength(2);
  });

  it('that stays unknown since the table falls silent is made once, by the repeat at the latest', async () => {
    const { service, keys, asked, budgets } = await withKeys(12);
    const silent: FaultPlan = new Map(
      Array.from({ length: 99 }, (_, index) => [index + 5, 'timeout-after']),
    );
    const { status, body } = await askUnder(service, silent, asked);
    expect([status, body.successful_updates.length]).toEqual([200, 2]);
    expect((await ask(service, asked)).body.failed_updates).toEqual([]);
    expect(budgets().at(-1)).toBe(12);
    for (const key of keys) expect(await actionsOf(service, key)).toHaveLength(2);
    expect(await atRest(service)).toEqual([]);
  });
});
