/** Lists that are longer than one request may look through. */
import { beforeAll, describe, expect, it } from 'vitest';
import { leaseItem, rowItem } from '../../lambdas/shared/adapters/table/items.ts';
import { leaseKey, rowKey } from '../../lambdas/shared/adapters/table/keys.ts';
import { startedService } from '../fakes/service.ts';
import { issue, recordOf } from './fixtures/calls.ts';
import { list, lists, look, pagesThrough, type Query, targetOf } from './fixtures/lists.ts';
import { rowWith } from './fixtures/rows.ts';
import type { Service } from './fixtures/stored.ts';

const most = 10_000;
const cursorsWay =
  'page through it with cursor: send an empty one first, then the next_cursor of each answer.';

const tokenOf = (number: number) => number.toString(16).padStart(64, '0');
const keyIdOf = (number: number) => String(number).padStart(17, '0');
const aliasOf = (number: number) => `alias-${String(number).padStart(5, '0')}`;

/** Keys straight into the table, the last one the newest: with their aliases, of one team. */
function seed({ table }: Service, from: number, to: number): void {
  const template = rowWith();
  for (let number = from; number < to; number += 1) {
    const keyId = keyIdOf(number);
    const alias = aliasOf(number);
    const token = tokenOf(number);
    const user_id = number < 1000 ? 'ada' : number < 2001 ? 'bob' : undefined;
    const created_at = new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString();
    const cur = { hash: token, ver: null };
    const key = { ...template.key, token, user_id, team_id: 'red', created_at, spend: number };
    const row = { ...template, keyId, alias, cur, key: { ...key, organization_id: 'o' } };
    table.putItem({ ...rowItem(row), pk: rowKey(keyId) });
    const lease = {
      alias,
      state: 'held',
      keyId,
      secretName: null,
      secretArn: null,
      deletedAt: null,
      rev: 1,
    } as const;
    table.putItem({ ...leaseItem(lease), pk: leaseKey(alias) });
  }
}

const service = await startedService();
seed(service, 0, most);

const ask = async (query: Query) => {
  const { status, body } = await list(service, query);
  return { status, ...body };
};
const refused = (param: string | null, message: string) => ({
  status: 400,
  error: { message, type: 'bad_request_error', param, code: '400' },
});

describe('a list of 10,000', () => {
  it('is counted and looked through to its end', async () => {
    const whole = await list(service, { size: 100, page: 100 });
    expect(whole.body).toMatchObject({
      total_count: most,
      total_is_lower_bound: false,
      next_cursor: null,
    });
    const found = await list(service, { search: '-0001' });
    expect(found.body).toMatchObject({ total_count: 10, next_cursor: null });
    const aliases = await look(service, '/key/aliases?team_id=red&page=200');
    expect(aliases.body).toMatchObject({ total_count: most, total_pages: 200 });
    expect(aliases.body.aliases.at(-1)).toBe(aliasOf(9999));
    const ofTeam = { team_id: 'red' };
    const pages = await pagesThrough(service, lists[1], ofTeam, (n) => (n < 2 ? 3 : 100));
    expect(pages.flat().length).toBe(most);
  });

  it('is read by number to its last page, also where that ends past it', async () => {
    const last = await ask({ size: 3, page: 3334 });
    expect(last).toMatchObject({ keys: [tokenOf(0)], total_count: most, total_pages: 3334 });
    expect(await ask({ size: 3, page: 3335 })).toMatchObject({ keys: [], total_pages: 3334 });
  });
});

describe('a list of more than 10,000', () => {
  beforeAll(() => seed(service, most, most + 1));

  it('is counted so far, and read by number so far', async () => {
    const { path } = lists[1];
    for (const body of [await ask({ size: 100 }), (await look(service, path)).body]) {
      expect(body).toMatchObject({ total_count: most, total_is_lower_bound: true });
    }
    const last = await ask({ size: 100, page: 100 });
    expect(last).toMatchObject({ total_count: most, total_pages: 100, total_is_lower_bound: true });
    expect([last.keys[0], last.keys.at(-1)]).toEqual([tokenOf(100), tokenOf(1)]);
    const beyond = await ask({ cursor: last.next_cursor });
    expect(beyond).toMatchObject({ keys: [tokenOf(0)], next_cursor: null });
  });

  it('is refused by number beyond', async () => {
    const message = `Pages by number reach 10000 entries: 3333 pages of 3. To see all of the list, ${cursorsWay}`;
    for (const page of [3334, 3335, 999_999_999_999_999]) {
      expect(await ask({ size: 3, page })).toEqual(refused('page', message));
    }
    const { status, body } = await look(service, '/key/aliases?page=201');
    expect([status, body.error.param]).toEqual([400, 'page']);
  });

  it.each<Query>([
    { status: 'active' },
    { expires: 'active' },
    { search: 'alias' },
    { team_id: 'red', search: 'alias' },
  ])('is not looked through by number: %j', async (query) => {
    const message = `This filter looks through 10000 entries at most, and there are more. Narrow the list, or ${cursorsWay}`;
    expect(await ask(query)).toEqual(refused(null, message));
  });

  it.each<Query>([
    { organization_id: 'o' },
    { user_id: 'b', substring_matching: true },
    { user_id: 'bob', team_id: 'red' },
  ])('is looked through as far as 1,000 rows: %j', async (query) => {
    const message = `This filter looks through 1000 entries at most, and there are more. Narrow the list, or ${cursorsWay}`;
    expect(await ask(query)).toEqual(refused(null, message));
  });

  it.each<Query>([{}, { user_id: 'bob' }, { status: 'active' }])(
    'is not sorted: %j',
    async (query) => {
      const message = `This order is possible among 1000 entries at most, and there are more. Narrow the list, or leave sort_by out and ${cursorsWay}`;
      expect(await ask({ ...query, sort_by: 'spend' })).toEqual(refused('sort_by', message));
    },
  );

  it('is narrowed by index to what can be looked through', async () => {
    const ada = { user_id: 'ada' };
    expect(await ask({ ...ada, team_id: 'red' })).toMatchObject({ total_count: 1000 });
    expect(await ask({ ...ada, organization_id: 'x' })).toMatchObject({ total_count: 0 });
    const sorted = await ask({ ...ada, sort_by: 'spend', sort_order: 'asc', page: 10, size: 100 });
    expect(sorted.keys.at(-1)).toBe(tokenOf(999));
    expect(await ask({ key_alias: aliasOf(77) })).toMatchObject({ keys: [tokenOf(77)] });
    expect(await ask({ key_id: keyIdOf(77), sort_by: 'spend' })).toMatchObject({
      total_count: 1,
    });
  });

  it.each<[Query, readonly [number, number]]>([
    [{ search: '-077' }, [7700, 7799]],
    [{ user_id: 'ADA', substring_matching: true }, [0, 999]],
  ])('is gone through by a cursor, in pages that may be short: %j', async (query, range) => {
    const pages = await pagesThrough(service, lists[0], query, () => 100);
    const [from, to] = range;
    const expected = Array.from({ length: to - from + 1 }, (_, index) => tokenOf(to - index));
    expect(pages.flat()).toEqual(expected);
    // No page looks at more than a thousand.
    expect(pages.length).toBeGreaterThanOrEqual(10);
    expect(pages.some((page) => page.length < 100)).toBe(true);
  });

  it('has its aliases in order, and searched through a cursor', async () => {
    const [, aliases] = lists;
    const search = 'ALIAS-0012';
    const refusal = await look(service, targetOf(aliases.path, { search }));
    expect([refusal.status, refusal.body.error.message]).toEqual([
      400,
      expect.stringContaining(cursorsWay),
    ]);
    const pages = await pagesThrough(service, aliases, { search }, () => 7);
    expect(pages.flat()).toEqual(Array.from({ length: 10 }, (_, index) => aliasOf(120 + index)));
    const { body } = await look(service, `${aliases.path}?page=200`);
    expect([body.aliases.at(-1), body.total_pages]).toEqual([aliasOf(9999), 200]);
  });

  it('has no aliases of one team, and says where their keys are', async () => {
    const message =
      'This filter looks through 10000 entries at most, and there are more. To see all aliases of one user or team, list their keys with /key/list, return_full_object and cursor.';
    for (const query of ['', '&cursor=']) {
      const { status, body } = await look(service, `/key/aliases?team_id=red${query}`);
      expect({ status, ...body }).toEqual(refused(null, message));
    }
  });
});

describe('a trail of more than 1,000', () => {
  it('is searched by what records tell through a cursor alone', async () => {
    const long = await startedService();
    const { key_id } = await issue(long);
    const record = await recordOf(long, key_id);
    for (let seq = 2; seq <= 1100; seq += 1) {
      const action = seq % 400 === 0 ? 'blocked' : 'updated';
      await long.trail.append({ ...record, id: `${key_id}_${seq}`, seq, action });
    }
    const [, , audit] = lists;
    for (const [query, param, start] of [
      [{ action: 'blocked' }, null, 'This filter looks through 1000 entries at most'],
      [{ object_team_id: 'red' }, null, 'This filter looks through 1000 entries at most'],
      [{ sort_by: 'action' }, 'sort_by', 'This order is possible among 1000 entries at most'],
    ] as const) {
      const { status, body } = await look(long, targetOf(audit.path, query));
      expect([status, body.error.param]).toEqual([400, param]);
      expect(body.error.message).toMatch(new RegExp(`^${start}.*${cursorsWay}$`));
    }
    const ofKey = { key_id, start_date: record['at'], end_date: record['at'] };
    const inTime = await look(long, targetOf(audit.path, ofKey));
    expect({ status: inTime.status, ...inTime.body }).toEqual(
      refused(
        null,
        `This filter looks through 1000 entries at most, and there are more. A time does not narrow the records of a key: leave it out, or ${cursorsWay}`,
      ),
    );
    expect((await pagesThrough(long, audit, ofKey, () => 100)).flat().length).toBe(1100);
    const pages = await pagesThrough(long, audit, { action: 'blocked' }, () => 10);
    expect(pages.flat()).toMatchObject([{ seq: 800 }, { seq: 400 }]);
    const { body } = await look(long, targetOf(audit.path, { key_id, page_size: 100, page: 11 }));
    expect([body.total, body.total_pages, body.audit_logs.at(-1).seq]).toEqual([1100, 11, 1]);
  });
});
