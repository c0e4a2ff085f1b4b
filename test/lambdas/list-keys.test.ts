/** `GET /key/list`: pages, orders and what is told of each key. */
import { describe, expect, it } from 'vitest';
import { contract } from '../../lambdas/list-keys/contract.ts';
import { Unavailable } from '../../lambdas/shared/domain/errors.ts';
import { listOf } from '../../lambdas/shared/domain/paging.ts';
import type { KeyListing, KeyLists } from '../../lambdas/shared/domain/ports.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { ask, type Born, issue, untouched } from './fixtures/calls.ts';
import {
  inTurn,
  list,
  lists,
  namesOf,
  pagesThrough,
  type Query,
  remove,
  targetOf,
} from './fixtures/lists.ts';
import type { Service } from './fixtures/stored.ts';

const [keyList] = lists;
const asAdmin = { authorization: `Bearer ${masterKey}` };

/** Seven keys of one user, the last letter the newest. */
async function seven() {
  const service = await startedService({ maxKeysPerUser: null });
  const born = inTurn(service);
  const keys = {
    a: await born({ user_id: 'ada', key_alias: 'delta', spend: 2, max_budget: 5 }),
    b: await born({ user_id: 'ada', key_alias: 'alpha', spend: 10 }),
    c: await born({ user_id: 'ada', spend: 2, max_budget: 50 }),
    d: await born({ user_id: 'ada', key_alias: 'Beta', max_budget: 0 }),
    e: await born({ user_id: 'ada', key_alias: 'ü', spend: 2.5 }),
    f: await born({ user_id: 'ada', key_alias: '🗝', max_budget: 5 }),
    g: await born({ user_id: 'ada', key_alias: '\uffee' }),
  };
  service.clock.advance(1000);
  await ask(service, { path: '/key/update', body: { key: keys.b.key, tpm_limit: 1 } });
  return { service, keys };
}
const shared = await seven();

/** A list's answer with the names of its keys. */
async function shown(
  { service, keys }: { service: Service; keys: Record<string, Born> },
  query: Query,
) {
  const { status, body } = await list(service, query);
  expect([status, body.error]).toEqual([200, undefined]);
  return { ...body, keys: namesOf(keys, body.keys).join('') };
}

describe('list-keys in pages', () => {
  it.each<[Query, string, object]>([
    [{}, 'gfedcba', { total_count: 7, current_page: 1, total_pages: 1, next_cursor: null }],
    [{ size: 3 }, 'gfe', { total_count: 7, current_page: 1, total_pages: 3 }],
    [{ size: 3, page: 2 }, 'dcb', { total_count: 7, current_page: 2, total_pages: 3 }],
    [{ size: 3, page: 3 }, 'a', { total_count: 7, current_page: 3, next_cursor: null }],
    [
      { size: 3, page: 4 },
      '',
      { total_count: 7, current_page: 4, total_pages: 3, next_cursor: null },
    ],
    [{ size: '2.0', page: '+1' }, 'gf', { total_pages: 4 }],
    [{ size: 7 }, 'gfedcba', { total_pages: 1, next_cursor: null }],
    [{ size: 6 }, 'gfedcb', { total_pages: 2 }],
    [{ size: 1, page: 10_000 }, '', { total_count: 7, current_page: 10_000 }],
    [
      { user_id: 'nobody' },
      '',
      { total_count: 0, current_page: 1, total_pages: 0, next_cursor: null },
    ],
    [{ key_alias: 'alpha' }, 'b', { total_count: 1, total_pages: 1, next_cursor: null }],
    [{ key_alias: 'alpha', page: 2, size: 1 }, '', { total_count: 1, current_page: 2 }],
    [{ search: 'a', size: 2 }, 'db', { total_count: 3, total_pages: 2 }],
    [{ search: 'a', size: 2, page: 2 }, 'a', { total_count: 3, next_cursor: null }],
  ])('of %j', async (query, expected, whole) => {
    const body = await shown(shared, query);
    expect(body).toMatchObject({ keys: expected, total_is_lower_bound: false, ...whole });
    if (!('next_cursor' in whole)) {
      expect(body.next_cursor === null).toBe(expected.endsWith('a') || expected === '');
    }
  });

  it('has ten keys where no size is given', async () => {
    const service = await startedService();
    for (let made = 0; made < 11; made += 1) await issue(service);
    const { body } = await list(service);
    expect([body.keys.length, body.total_count, body.total_pages]).toEqual([10, 11, 2]);
  });

  const filters: Query[] = [
    {},
    { user_id: 'ada' },
    { status: 'active' },
    { search: 'A' },
    { user_id: 'AD', substring_matching: true },
    { sort_by: 'created_at', sort_order: 'asc' },
    { key_alias: 'alpha' },
    { key_hash: 'f'.repeat(64) },
    { return_full_object: true },
  ];
  it.each(filters)(
    'through a cursor are those by number, whatever their sizes: %j',
    async (query) => {
      const { service } = shared;
      const { body } = await list(service, { size: 100, ...query });
      for (const sizes of [[1], [2], [3], [7], [100], [1, 3, 2, 100]]) {
        const sizeOf = (page: number) => sizes[page % sizes.length] ?? 1;
        const pages = await pagesThrough(service, keyList, query, sizeOf);
        expect(pages.flat()).toEqual(body.keys);
      }
    },
  );

  it.each(filters)('by number name the cursor that goes on after them: %j', async (query) => {
    const { service } = shared;
    const all = await list(service, { size: 100, ...query });
    for (const page of [1, 2]) {
      const { body } = await list(service, { ...query, size: 2, page });
      const rest = all.body.keys.slice(page * 2);
      expect(body.next_cursor === null).toBe(rest.length === 0);
      if (body.next_cursor === null) continue;
      const next = await list(service, { ...query, size: 100, cursor: body.next_cursor });
      expect(next.body.keys).toEqual(rest);
    }
  });

  it('through a cursor count nothing', async () => {
    const body = await shown(shared, { cursor: '', size: 2 });
    expect(body).toMatchObject({
      keys: 'gf',
      total_count: null,
      current_page: null,
      total_pages: null,
      total_is_lower_bound: false,
    });
  });

  it('through a cursor that is given again are the same again', async () => {
    const { next_cursor: cursor } = await shown(shared, { cursor: '', size: 2 });
    for (const size of [3, 3]) expect((await shown(shared, { cursor, size })).keys).toBe('edc');
  });

  it('through a cursor go by the last one that is given', async () => {
    const { service, keys } = shared;
    const { next_cursor } = await shown(shared, { cursor: '', size: 2 });
    const path = `/key/list?cursor=&size=1&cursor=${next_cursor}`;
    const { body } = await service.asAdmin({ method: 'GET', path });
    expect(namesOf(keys, body.keys)).toEqual(['e']);
  });
});

describe('list-keys sorts', () => {
  it.each([
    ['created_at', 'asc', 'abcdefg'],
    ['created_at', 'desc', 'gfedcba'],
    ['spend', 'asc', 'gfdcaeb'],
    ['spend', 'desc', 'becagfd'],
    // As PostgreSQL: no value comes last, and first where the order is turned round.
    ['max_budget', 'asc', 'dfacgeb'],
    ['max_budget', 'desc', 'gebcfad'],
    ['updated_at', 'asc', 'acdefgb'],
    ['updated_at', 'desc', 'bgfedca'],
    ['key_alias', 'asc', 'dbaegfc'],
    ['key_alias', 'desc', 'cfgeabd'],
  ])('by %s %s, equal ones newest first', async (sort_by, sort_order, expected) => {
    const query = { sort_by, sort_order };
    expect((await shown(shared, query)).keys).toBe(expected);
    const upper = { sort_by, sort_order: sort_order.toUpperCase() };
    expect((await shown(shared, upper)).keys).toBe(expected);
    const pages = [1, 2, 3].map((page) => shown(shared, { ...query, page, size: 3 }));
    const whole = (await Promise.all(pages)).map(({ keys }) => keys).join('');
    expect(whole).toBe(expected);
    if (sort_order === 'desc') expect((await shown(shared, { sort_by })).keys).toBe(expected);
  });

  it('by token, both ways', async () => {
    const { service, keys } = shared;
    const tokens = Object.values(keys)
      .map(({ token }) => token)
      .toSorted();
    for (const [sort_order, expected] of [
      ['asc', tokens],
      ['desc', tokens.toReversed()],
    ] as const) {
      const { body } = await list(service, { sort_by: 'token', sort_order });
      expect(body.keys).toEqual(expected);
    }
  });

  it.each(['asc', 'desc', 'up'])(
    'by nothing where only an order is named (%s)',
    async (sort_order) => {
      expect((await shown(shared, { sort_order })).keys).toBe('gfedcba');
    },
  );

  it('what a filter leaves', async () => {
    const query = { sort_by: 'spend', sort_order: 'asc', search: 'a' };
    const body = await shown(shared, query);
    expect(body).toMatchObject({ keys: 'dab', total_count: 3, next_cursor: null });
  });

  it('offers no cursor in an order that has none', async () => {
    const body = await shown(shared, { sort_by: 'spend', size: 2 });
    expect(body).toMatchObject({ keys: 'be', total_pages: 4, next_cursor: null });
  });
});

describe('list-keys shows', () => {
  const secret = 'sk-lf-secret-of-somebody';
  const fields = {
    user_id: 'ada',
    organization_id: 'o',
    key_alias: 'a',
    soft_budget: 1,
    user_role: 'internal_user',
    metadata: {
      logging: [{ callback_name: 'langfuse', callback_vars: { langfuse_secret: secret } }],
    },
  };

  it.each([{ return_full_object: true }, { return_full_object: 'YES' }, { expand: 'user' }])(
    'whole objects, live and deleted, as the OpenAPI document has them (%j)',
    async (query) => {
      const service = await startedService();
      const key = await issue(service, fields);
      const live = (await list(service, query)).body;
      expect(contract.answer.parse(live)).toEqual(live);
      expect(live.keys).toMatchObject([
        { token: key.token, key_id: key.key_id, status: 'active', org_id: 'o', soft_budget: 1 },
      ]);
      expect(live.keys[0]).toMatchObject({
        user: null,
        created_by_user: null,
        user_role: 'internal_user',
      });
      await remove(service, key);
      const deleted = (await list(service, { ...query, status: 'deleted' })).body;
      expect(contract.answer.parse(deleted)).toEqual(deleted);
      expect(deleted.keys).toMatchObject([
        { token: key.token, status: 'deleted', deleted_by: 'default_user_id', org_id: 'o' },
      ]);
      expect(deleted.keys[0]).not.toHaveProperty('user');
    },
  );

  it('whole objects where `expand` is repeated', async () => {
    const { service } = shared;
    for (const path of ['/key/list?expand=team&expand=user', '/key/list?expand=user&expand=']) {
      const { body } = await service.asAdmin({ method: 'GET', path });
      expect(body.keys[0]).toHaveProperty('key_alias');
    }
  });

  it('no key, no credential and nothing of the row’s own', async () => {
    const service = await startedService();
    const born = await issue(service, fields);
    const blocked = await issue(service, { key: 'sk-chosen-by-somebody', blocked: true });
    await remove(service, blocked);
    for (const status of ['', 'deleted']) {
      const { body } = await list(service, { return_full_object: true, status });
      expect(body.keys).toHaveLength(1);
      for (const value of [born.key, 'sk-chosen-by-somebody', secret, masterKey, 'salt', 'chain']) {
        expect(JSON.stringify(body)).not.toContain(value);
      }
    }
  });

  it('every status', async () => {
    const service = await startedService();
    const born = inTurn(service);
    await born({});
    await born({ blocked: true });
    await born({ duration: '0s' });
    const { body } = await list(service, { return_full_object: true });
    expect(body.keys.map(({ status }: { status: string }) => status)).toEqual([
      'expired',
      'revoked',
      'active',
    ]);
  });

  it('and changes nothing', async () => {
    const { service } = shared;
    await untouched(service, () => list(service, { return_full_object: true }));
  });
});

/** An index that goes on telling what it tells now. */
async function frozen({ processStores }: Service): Promise<KeyLists> {
  const all: KeyListing = { status: 'live', of: 'all', isOldestFirst: false };
  const entries = await processStores.lists.keys(all).read(null, 100, 1);
  return { ...processStores.lists, keys: () => listOf(entries) };
}

describe('an index that is behind', () => {
  async function afterChanges() {
    const service = await startedService();
    const born = inTurn(service);
    const keys = {
      gone: await born({ organization_id: 'o' }),
      moved: await born({ organization_id: 'o' }),
      shut: await born({ organization_id: 'o' }),
      turned: await born({ organization_id: 'o', key_alias: 'before' }),
    };
    const stores = { ...service.processStores, lists: await frozen(service) };
    await remove(service, keys.gone);
    const path = '/key/update';
    await ask(service, { path, body: { key: keys.moved.key, organization_id: 'p' } });
    await ask(service, { path: '/key/block', body: { key: keys.shut.key } });
    const asked = { key: keys.turned.key, key_alias: 'after' };
    const { body: turned } = await ask(service, { path: '/key/regenerate', body: asked });
    const see = async (query: Query) => {
      const sent = { method: 'GET', path: targetOf('/key/list', query), headers: asAdmin };
      return (await service.sendThrough(stores, sent)).body;
    };
    return { keys: { ...keys, turned, before: keys.turned }, see };
  }

  it('is put right by the rows where whole keys are asked for', async () => {
    const { keys, see } = await afterChanges();
    const names = (body: { keys: { token: string }[] }) =>
      namesOf(
        keys,
        body.keys.map(({ token }) => token),
      );
    const full = { return_full_object: true };
    expect(names(await see(full))).toEqual(['turned', 'shut', 'moved']);
    expect(names(await see({ ...full, status: 'active' }))).toEqual(['turned', 'moved']);
    expect(names(await see({ ...full, cursor: '' }))).toEqual(['turned', 'shut', 'moved']);
  });

  it('is put right wherever rows are read, the hashes too', async () => {
    const { keys, see } = await afterChanges();
    const names = (body: { keys: string[] }) => namesOf(keys, body.keys);
    expect(names(await see({ organization_id: 'o' }))).toEqual(['turned', 'shut']);
    expect(names(await see({ sort_by: 'created_at' }))).toEqual([
      'before',
      'shut',
      'moved',
      'gone',
    ]);
    expect(names(await see({ sort_by: 'spend' }))).toEqual(['turned', 'shut', 'moved']);
  });
});

describe('without a table', () => {
  const down = async () => {
    throw new Unavailable('The tables cannot be read at the moment.', 2);
  };
  const nowhere = { read: down, count: down };

  it.each<[string, (service: Service) => Partial<Service['processStores']>]>([
    ['/key/list', () => ({ lists: { keys: () => nowhere, aliases: () => nowhere } })],
    ['/key/aliases', () => ({ lists: { keys: () => nowhere, aliases: () => nowhere } })],
    ['/audit', () => ({ audit: { list: () => nowhere, records: down } })],
    ['/audit/master_1', () => ({ audit: { list: () => nowhere, records: down } })],
    [
      '/key/list?expand=user',
      ({ table }) => ({
        table: {
          load: (wanted, limitMs) =>
            wanted.caller === undefined ? down() : table.load(wanted, limitMs),
          commit: down,
          countLiveKeys: down,
        },
      }),
    ],
  ])('%s is a 503 that says when to come again', async (path, broken) => {
    const { service } = shared;
    const stores = { ...service.processStores, ...broken(service) };
    const answer = await service.sendThrough(stores, { method: 'GET', path, headers: asAdmin });
    expect([answer.status, answer.headers['retry-after'], answer.body.error.type]).toEqual([
      503,
      '2',
      'service_unavailable',
    ]);
  });
});
