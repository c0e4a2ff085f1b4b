/** `GET /key/list`: who sees which keys. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { ask, issue } from './fixtures/calls.ts';
import { inTurn, list, look, namesOf, type Query, remove } from './fixtures/lists.ts';

async function world() {
  const service = await startedService({ maxKeysPerUser: null });
  const born = inTurn(service);
  const ada = await born({ user_id: 'ada', key_alias: 'ada' });
  const keys = {
    ada,
    mine: await born({ user_id: 'ada', team_id: 'red' }),
    given: await born({ user_id: 'ada', user_role: 'proxy_admin', organization_id: 'o' }),
    adam: await born({ user_id: 'adam', team_id: 'red', key_alias: 'adam' }),
    nobody: await born({ team_id: 'red' }),
    gone: await born({ user_id: 'ada' }),
    lost: await born({ user_id: 'adam' }),
  };
  await remove(service, keys.gone);
  await remove(service, keys.lost);
  return { service, keys };
}
const all = ['nobody', 'adam', 'given', 'mine', 'ada'];
const own = ['given', 'mine', 'ada'];

describe('list-keys shows', () => {
  it.each<[string, object, readonly string[] | number]>([
    ['all to an admin', { user_role: 'proxy_admin' }, all],
    ['all to an admin who has keys of his own', { user_role: 'proxy_admin', user_id: 'ada' }, all],
    ['all to a viewer', { user_role: 'proxy_admin_viewer' }, all],
    [
      'all to an admin’s key that may only look',
      { user_role: 'proxy_admin', key_type: 'read_only' },
      all,
    ],
    ['a user his own', { user_id: 'ada' }, own],
    ['a viewing user his own', { user_id: 'ada', user_role: 'internal_user_viewer' }, own],
    ['a read_only key those of its user', { user_id: 'ada', key_type: 'read_only' }, own],
    ['a management key those of its user', { user_id: 'ada', key_type: 'management' }, own],
    ['a key that may use this route', { user_id: 'ada', allowed_routes: ['/key/list'] }, own],
    ['a key that may use info routes', { user_id: 'ada', allowed_routes: ['info_routes'] }, own],
    [
      'a key that may use other routes nothing',
      { user_id: 'ada', allowed_routes: ['/key/info'] },
      403,
    ],
    ['a key for models nothing', { user_id: 'ada', key_type: 'llm_api' }, 403],
    ['an admin’s key for models nothing', { user_role: 'proxy_admin', key_type: 'llm_api' }, 403],
  ])('%s', async (_, fields, expected) => {
    const { service, keys } = await world();
    const caller = await issue(service, fields);
    const { status, body } = await list(service, { size: 100 }, caller.key);
    if (typeof expected === 'number') {
      expect([status, body.error.type]).toEqual([expected, 'auth_error']);
      return;
    }
    const found = namesOf({ ...keys, self: caller }, body.keys).filter((name) => name !== 'self');
    expect(found.toSorted()).toEqual([...expected].toSorted());
  });

  it.each([{ team_id: 'red' }, { key_type: 'read_only' }, { user_role: 'internal_user_viewer' }])(
    'nothing to a key of no user, not even itself (%j)',
    async (fields) => {
      const { service } = await world();
      const { key, token } = await issue(service, fields);
      for (const query of [{}, { user_id: 'ada' }, { key_hash: token }, { team_id: 'red' }]) {
        const { status, body } = await list(service, query, key);
        expect([status, body.error]).toEqual([
          403,
          {
            message: 'This key belongs to no user, so there are no keys to list.',
            type: 'bad_request_error',
            param: 'user_id',
            code: '403',
          },
        ]);
      }
    },
  );

  it('nothing before the caller is known', async () => {
    const { service } = await world();
    const unknown = await look(service, '/key/info', 'sk-unknown');
    for (const query of [{}, { size: 'abc' }, { cursor: 'x' }]) {
      expect(await list(service, query, 'sk-unknown')).toEqual(unknown);
    }
  });
});

describe('a filter of whoever is no admin', () => {
  it.each<[Query, readonly string[]]>([
    [{ user_id: 'ada' }, own],
    [{ user_id: 'ada', substring_matching: true }, own],
    [{ include_team_keys: true, include_created_by_keys: true }, own],
    [{ team_id: 'red' }, ['mine']],
    [{ team_id: 'red', include_team_keys: true }, ['mine']],
    [{ organization_id: 'o' }, ['given']],
    [{ key_alias: 'ada', substring_matching: true }, ['ada']],
    [{ key_alias: 'adam' }, []],
    [{ search: 'ada' }, ['ada']],
    [{ status: 'deleted' }, ['gone']],
    [{ team_id: 'red', status: 'deleted' }, []],
    [{ sort_by: 'created_at', sort_order: 'asc' }, ['ada', 'mine', 'given']],
    [{ sort_by: 'key_alias' }, ['given', 'mine', 'ada']],
  ])('never widens: %j', async (query, expected) => {
    const { service, keys } = await world();
    for (const more of [{}, { return_full_object: true }]) {
      const { status, body } = await list(service, { ...query, ...more }, keys.ada.key);
      expect(status).toBe(200);
      const hashes = body.keys.map((key: string | { token: string }) =>
        typeof key === 'string' ? key : key.token,
      );
      expect([namesOf(keys, hashes), body.total_count]).toEqual([expected, expected.length]);
    }
  });

  it.each(['adam', 'ad', 'a', 'Ada', 'nobody', '%'])('finds no other user: %s', async (user_id) => {
    const { service, keys } = await world();
    for (const substring_matching of [false, true]) {
      const asked = { user_id, substring_matching };
      const { status, body } = await list(service, asked, keys.ada.key);
      expect([status, body.error]).toEqual([
        403,
        {
          message: 'You may list your own keys only.',
          type: 'bad_request_error',
          param: 'user_id',
          code: '403',
        },
      ]);
    }
  });

  it('by hash or id finds his own, and one and the same 403 for foreign and unknown ones', async () => {
    const { service, keys } = await world();
    const { ada, mine, adam, nobody, lost, gone } = keys;
    const former = { ...mine };
    await ask(service, { path: '/key/regenerate', body: { key: adam.key } });
    for (const { token, key_id } of [ada, former]) {
      for (const query of [{ key_hash: token }, { key_id }]) {
        expect((await list(service, query, ada.key)).body.keys).toEqual([token]);
      }
    }
    expect((await list(service, { key_id: gone.key_id }, ada.key)).body.keys).toEqual([]);
    for (const [param, names] of [
      [
        'key_hash',
        ['f'.repeat(64), 'x', ada.key, ...[adam, nobody, lost].map(({ token }) => token)],
      ],
      [
        'key_id',
        ['0'.repeat(17), 'x', 'master', ...[adam, nobody, lost].map(({ key_id }) => key_id)],
      ],
    ] as const) {
      const expected = await list(service, { [param]: 'f'.repeat(64) }, ada.key);
      expect([expected.status, expected.body.error.param]).toEqual([403, param]);
      for (const name of names) {
        for (const status of ['', 'deleted']) {
          expect(await list(service, { [param]: name, status }, ada.key)).toEqual(expected);
        }
      }
    }
  });

  it('by search tells nothing of the hashes of others', async () => {
    const { service, keys } = await world();
    for (const { token } of [keys.adam, keys.nobody, { token: 'f'.repeat(64) }]) {
      const { status, body } = await list(service, { search: token }, keys.ada.key);
      expect([status, body.keys, body.total_count]).toEqual([200, [], 0]);
    }
    const { body } = await list(service, { search: keys.mine.token }, keys.ada.key);
    expect(body.keys).toEqual([keys.mine.token]);
  });
});
