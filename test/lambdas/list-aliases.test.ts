/** `GET /key/aliases`: whose aliases, in which order. */
import { describe, expect, it } from 'vitest';
import { contract } from '../../lambdas/list-aliases/contract.ts';
import { startedService } from '../fakes/service.ts';
import { ask, issue, untouched } from './fixtures/calls.ts';
import {
  inTurn,
  lists,
  look,
  pagesThrough,
  type Query,
  remove,
  targetOf,
} from './fixtures/lists.ts';

const [, aliasList] = lists;

async function world() {
  const service = await startedService({ maxKeysPerUser: null });
  const born = inTurn(service);
  const keys = {
    ada: await born({ user_id: 'ada', key_alias: 'beta' }),
    red: await born({ user_id: 'ada', team_id: 'red', key_alias: 'Alpha' }),
    eve: await born({ user_id: 'eve', team_id: 'red', key_alias: 'alphabet' }),
    odd: await born({ team_id: 'red', key_alias: '🗝' }),
    late: await born({ user_id: 'ada', team_id: 'red', key_alias: '\uffee', blocked: true }),
    none: await born({ user_id: 'ada' }),
    gone: await born({ user_id: 'ada', team_id: 'red', key_alias: 'gone' }),
    again: await born({ user_id: 'ada', key_alias: 'again' }),
    renamed: await born({ user_id: 'eve', key_alias: 'before' }),
  };
  await remove(service, keys.gone);
  await remove(service, keys.again);
  await born({ user_id: 'eve', key_alias: 'again' });
  const asked = { key: keys.renamed.key, key_alias: 'after' };
  await ask(service, { path: '/key/update', body: asked });
  return { service, keys };
}
const shared = await world();
const all = ['Alpha', 'after', 'again', 'alphabet', 'beta', '\uffee', '🗝'];

describe('list-aliases shows', () => {
  it.each<[Query, readonly string[], object]>([
    [{}, all, { total_count: 7, current_page: 1, total_pages: 1, size: 50 }],
    [{ size: 3 }, all.slice(0, 3), { total_count: 7, total_pages: 3, size: 3 }],
    [{ size: 3, page: 3 }, all.slice(6), { total_count: 7, current_page: 3, next_cursor: null }],
    [{ size: 3, page: 4 }, [], { total_count: 7, current_page: 4, next_cursor: null }],
    [{ search: 'ALPHA' }, ['Alpha', 'alphabet'], { total_count: 2 }],
    [{ search: 'before' }, [], { total_count: 0, total_pages: 0 }],
    [{ search: '%' }, [], { total_count: 0 }],
    [{ search: '' }, all, { total_count: 7 }],
    [{ team_id: 'red' }, ['Alpha', 'alphabet', '\uffee', '🗝'], { total_count: 4 }],
    [{ team_id: 'red', search: 'bet' }, ['alphabet'], { total_count: 1 }],
    [{ team_id: 'red', size: 3, page: 2 }, ['🗝'], { total_count: 4, total_pages: 2 }],
    [{ team_id: 'blue' }, [], { total_count: 0 }],
    [{ user_id: 'eve', key_alias: 'beta', status: 'deleted' }, all, { total_count: 7 }],
  ])(
    'an admin those that are taken, in the order of their bytes: %j',
    async (query, aliases, whole) => {
      const { status, body } = await look(shared.service, targetOf(aliasList.path, query));
      expect([status, body]).toMatchObject([200, { aliases, ...whole }]);
      expect(contract.answer.parse(body)).toEqual(body);
    },
  );

  it.each<[object, Query, readonly string[] | number]>([
    [{ user_role: 'proxy_admin' }, {}, all],
    [{ user_role: 'proxy_admin_viewer', user_id: 'ada' }, {}, all],
    [{ user_id: 'ada' }, {}, ['Alpha', 'beta', '\uffee']],
    [{ user_id: 'ada', user_role: 'internal_user_viewer' }, {}, ['Alpha', 'beta', '\uffee']],
    [{ user_id: 'ada', key_type: 'management' }, {}, ['Alpha', 'beta', '\uffee']],
    [{ user_id: 'ada' }, { search: 'al' }, ['Alpha']],
    [{ user_id: 'ada' }, { team_id: 'red' }, ['Alpha', '\uffee']],
    [{ user_id: 'ada' }, { team_id: 'red', search: 'b' }, []],
    [{ user_id: 'ada' }, { team_id: 'blue' }, []],
    [{ user_id: 'ada', team_id: 'red' }, {}, ['Alpha', 'beta', '\uffee']],
    [{ user_id: 'nobody' }, {}, []],
    [{ user_id: 'ada', key_type: 'read_only' }, {}, 403],
    [{ user_id: 'ada', key_type: 'llm_api' }, {}, 403],
    [{ user_id: 'ada', allowed_routes: ['info_routes'] }, {}, 403],
    [{ user_id: 'ada', allowed_routes: ['/key/list'] }, {}, 403],
    [{ team_id: 'red' }, {}, 403],
  ])('a key with %j, asking with %j', async (fields, query, expected) => {
    const { service } = shared;
    const caller = await issue(service, fields);
    const { status, body } = await look(service, targetOf(aliasList.path, query), caller.key);
    if (typeof expected === 'number') expect(status).toBe(expected);
    else expect([body.aliases, body.total_count]).toEqual([expected, expected.length]);
  });

  it.each<[object, Query]>([
    [{ user_role: 'proxy_admin' }, { team_id: 'red' }],
    [{ user_role: 'proxy_admin' }, { team_id: 'red', search: 'A' }],
    [{ user_id: 'ada' }, {}],
    [{ user_id: 'ada' }, { team_id: 'red' }],
    [{ user_id: 'ada' }, { search: 'nothing' }],
    [{ user_id: 'nobody' }, {}],
  ])('a key with %j, asking with %j, all through a cursor', async (fields, query) => {
    const { service } = shared;
    const { key } = await issue(service, fields);
    const { body } = await look(service, targetOf(aliasList.path, query), key);
    for (const size of [1, 2, 100]) {
      const pages = await pagesThrough(service, aliasList, query, () => size, key);
      expect(pages.flat()).toEqual(body.aliases);
    }
    const { body: first } = await look(
      service,
      targetOf(aliasList.path, { ...query, size: 1 }),
      key,
    );
    if (body.aliases.length < 2) expect(first.next_cursor).toBeNull();
    else {
      const next = targetOf(aliasList.path, { ...query, cursor: first.next_cursor });
      expect((await look(service, next, key)).body).toMatchObject({
        aliases: body.aliases.slice(1),
        total_count: null,
        next_cursor: null,
      });
    }
  });

  it('those of a user after an alias that has gone in between', async () => {
    const service = await startedService();
    const born = inTurn(service);
    const keys: { readonly key_id: string }[] = [];
    for (const key_alias of ['d', 'b', 'c', 'a']) {
      keys.push(await born({ user_id: 'ada', team_id: 'red', key_alias }));
    }
    const page = async (cursor: string) =>
      (await look(service, targetOf(aliasList.path, { team_id: 'red', size: 2, cursor }))).body;
    const first = await page('');
    expect(first.aliases).toEqual(['a', 'b']);
    const [, b] = keys;
    if (b === undefined) throw new Error('No key');
    await remove(service, b);
    await born({ user_id: 'ada', team_id: 'red', key_alias: 'aa' });
    expect(await page(first.next_cursor)).toMatchObject({ aliases: ['c', 'd'], next_cursor: null });
  });

  it.each<Query>([{}, { search: 'A' }])('all of them through a cursor: %j', async (query) => {
    const { service } = shared;
    const { body } = await look(service, targetOf(aliasList.path, query));
    for (const size of [1, 2, 3, 100]) {
      const pages = await pagesThrough(service, aliasList, query, () => size);
      expect(pages.flat()).toEqual(body.aliases);
    }
    const { body: first } = await look(service, targetOf(aliasList.path, { ...query, size: 2 }));
    const next = targetOf(aliasList.path, { ...query, cursor: first.next_cursor });
    expect((await look(service, next)).body.aliases).toEqual(body.aliases.slice(2));
  });

  it('no alias that a key gave up, or never got', async () => {
    const service = await startedService();
    const { key } = await issue(service, { key_alias: 'kept', user_id: 'ada' });
    service.secrets.trouble('refused');
    await service.generate({ key_alias: 'undone' });
    service.secrets.trouble('refused');
    await ask(service, { path: '/key/update', body: { key, key_alias: 'undone' } });
    expect((await look(service, aliasList.path)).body.aliases).toEqual(['kept']);
  });

  it('and changes nothing', async () => {
    const { service } = shared;
    await untouched(service, () => look(service, aliasList.path));
  });
});
