/** `GET /key/list`: what each filter leaves. */
import { describe, expect, it } from 'vitest';
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { ask, type Born } from './fixtures/calls.ts';
import { inTurn, list, namesOf, type Query, remove } from './fixtures/lists.ts';

const hex = 'abcdef'.repeat(11).slice(0, 64);

/** One of each, the oldest first. */
async function world() {
  const service = await startedService({ maxKeysPerUser: null });
  const born = inTurn(service);
  const keys = {
    plain: await born({}),
    alpha: await born({
      key_alias: 'alpha/One',
      user_id: 'ada',
      team_id: 'red',
      organization_id: 'o1',
      project_id: 'p1',
      agent_id: 'g1',
      access_group_ids: ['x', 'y'],
    }),
    beta: await born({ key_alias: 'beta/one', user_id: 'ada', team_id: 'blue' }),
    gamma: await born({
      key_alias: 'gamma',
      user_id: 'Adam',
      team_id: 'red',
      organization_id: 'o1',
    }),
    odd: await born({ key_alias: 'ü%_\\🗝"', user_id: 'b&=+ %\u0000', team_id: 'Ω' }),
    late: await born({ key_alias: 'late', user_id: 'bob', duration: '0s' }),
    shut: await born({ key_alias: 'shut', user_id: 'bob', blocked: true, duration: '1h' }),
    both: await born({ user_id: 'bob', blocked: true, duration: '0s' }),
    gone: await born({ key_alias: 'gone', user_id: 'ada', team_id: 'red', duration: '0s' }),
    left: await born({ key_alias: 'again', user_id: 'bob' }),
    turned: await born({ key_alias: hex, user_id: 'eve' }),
  };
  await remove(service, keys.gone);
  await remove(service, keys.left);
  const again = await born({ key_alias: 'again', user_id: 'eve' });
  const { body } = await ask(service, {
    path: '/key/regenerate',
    body: { key: keys.turned.key, grace_period: '1h' },
  });
  return { service, keys: { ...keys, again, turned: body, former: keys.turned } };
}
type Keys = Readonly<Record<keyof Awaited<ReturnType<typeof world>>['keys'], Born>>;

const shared = await world();
const live = 'again turned both shut late odd gamma beta alpha plain';

describe('list-keys leaves of all keys, the newest first,', () => {
  it.each<[string, (keys: Keys) => Query, string]>([
    ['all that are not deleted', () => ({}), live],
    [
      'the same by empty filters',
      () => ({ user_id: '', key_alias: '', key_hash: '', search: '', status: '', team_id: '' }),
      live,
    ],
    ['the same by what is no filter', () => ({ nonsense: 1, expand: 'team' }), live],
    ['the same where a widening is asked for', () => ({ include_team_keys: true }), live],
    ['the one of a hash', ({ beta }) => ({ key_hash: beta.token }), 'beta'],
    ['none of a hash in upper case', ({ beta }) => ({ key_hash: beta.token.toUpperCase() }), ''],
    ['none of a value', ({ beta }) => ({ key_hash: beta.key }), ''],
    ['none of an unknown hash', () => ({ key_hash: '0'.repeat(64) }), ''],
    ['none of a former hash', ({ former }) => ({ key_hash: former.token }), ''],
    ['the one of the hash after that', ({ turned }) => ({ key_hash: turned.token }), 'turned'],
    ['the one of an id', ({ turned }) => ({ key_id: turned.key_id }), 'turned'],
    ['none of an id as a hash', ({ beta }) => ({ key_hash: beta.key_id }), ''],
    ['none of a hash as an id', ({ beta }) => ({ key_id: beta.token }), ''],
    ['the one of an alias', () => ({ key_alias: 'gamma' }), 'gamma'],
    ['none of an alias in another case', () => ({ key_alias: 'Gamma' }), ''],
    ['none of a part of an alias', () => ({ key_alias: 'gam' }), ''],
    [
      'those of a part of an alias',
      () => ({ key_alias: '/ONE', substring_matching: true }),
      'beta alpha',
    ],
    ['the present holder of an alias', () => ({ key_alias: 'again' }), 'again'],
    ['those of a part of an alias by search', () => ({ search: '/one' }), 'beta alpha'],
    ['the one of a hash by search', ({ beta }) => ({ search: beta.token }), 'beta'],
    ['none of a value by search', ({ beta }) => ({ search: beta.key }), ''],
    ['none of an id by search', ({ beta }) => ({ search: beta.key_id }), ''],
    ['none of a former hash by search', ({ former }) => ({ search: former.token }), ''],
    ['the one of an alias like a hash', () => ({ key_alias: hex }), 'turned'],
    ['no alias like a hash by search', () => ({ search: hex }), ''],
    ['an alias that is no pattern', () => ({ search: '%' }), 'odd'],
    ['an odd alias', () => ({ key_alias: 'ü%_\\🗝"' }), 'odd'],
    ['an odd alias in another case', () => ({ search: 'Ü%_\\🗝' }), 'odd'],
    ['those of a user', () => ({ user_id: 'ada' }), 'beta alpha'],
    [
      'those of a user in any case',
      () => ({ user_id: 'AD', substring_matching: true }),
      'gamma beta alpha',
    ],
    ['those of an odd user', () => ({ user_id: 'b&=+ %\u0000' }), 'odd'],
    ['those of an odd team', () => ({ team_id: 'Ω' }), 'odd'],
    ['none of half a character', () => ({ user_id: '\ud800' }), ''],
    ['those of a team', () => ({ team_id: 'red' }), 'gamma alpha'],
    ['those of an organisation', () => ({ organization_id: 'o1' }), 'gamma alpha'],
    ['those of a project', () => ({ project_id: 'p1' }), 'alpha'],
    ['those of an agent', () => ({ agent_id: 'g1' }), 'alpha'],
    ['those of an access group', () => ({ access_group_id: 'y' }), 'alpha'],
    ['none of an unknown access group', () => ({ access_group_id: 'xy' }), ''],
    ['the active', () => ({ status: 'active' }), 'again turned odd gamma beta alpha plain'],
    ['the expired', () => ({ status: 'expired' }), 'late'],
    ['the blocked', () => ({ status: 'revoked' }), 'both shut'],
    ['the deleted', () => ({ status: 'deleted' }), 'left gone'],
    ['those past their time', () => ({ expires: 'expired' }), 'both late'],
    [
      'those within their time',
      () => ({ expires: 'active' }),
      'again turned shut odd gamma beta alpha plain',
    ],
    [
      'the deleted one of a hash',
      ({ gone }) => ({ status: 'deleted', key_hash: gone.token }),
      'gone',
    ],
    ['no deleted one of a hash', ({ gone }) => ({ key_hash: gone.token }), ''],
    ['no live one of a hash', ({ beta }) => ({ status: 'deleted', key_hash: beta.token }), ''],
    [
      'the deleted one of an id',
      ({ gone }) => ({ status: 'deleted', key_id: gone.key_id }),
      'gone',
    ],
    [
      'the deleted one by search',
      ({ gone }) => ({ status: 'deleted', search: gone.token }),
      'gone',
    ],
    ['the deleted one of an alias', () => ({ status: 'deleted', key_alias: 'gone' }), 'gone'],
    [
      'the deleted one of an alias that has another holder',
      () => ({ status: 'deleted', key_alias: 'again' }),
      'left',
    ],
    ['no deleted one of a live alias', () => ({ status: 'deleted', key_alias: 'gamma' }), ''],
    ['the deleted of a user', () => ({ status: 'deleted', user_id: 'ada' }), 'gone'],
    ['the deleted of a team', () => ({ status: 'deleted', team_id: 'red' }), 'gone'],
    ['the deleted of an organisation', () => ({ status: 'deleted', organization_id: 'o1' }), ''],
    ['the deleted past their time', () => ({ status: 'deleted', expires: 'expired' }), 'gone'],
    // Two at once.
    ['user and team', () => ({ user_id: 'ada', team_id: 'red' }), 'alpha'],
    ['user and status', () => ({ user_id: 'bob', status: 'revoked' }), 'both shut'],
    ['status and expires', () => ({ status: 'revoked', expires: 'expired' }), 'both'],
    ['status and another expires', () => ({ status: 'active', expires: 'expired' }), ''],
    ['team and organisation', () => ({ team_id: 'red', organization_id: 'o1' }), 'gamma alpha'],
    ['organisation and project', () => ({ organization_id: 'o1', project_id: 'p1' }), 'alpha'],
    ['project and another agent', () => ({ project_id: 'p1', agent_id: 'g2' }), ''],
    ['user and search', () => ({ user_id: 'ada', search: 'BETA' }), 'beta'],
    [
      'part of an alias and search',
      () => ({ key_alias: 'o', search: 'beta', substring_matching: true }),
      'beta',
    ],
    ['alias and its hash', ({ beta }) => ({ key_alias: 'beta/one', key_hash: beta.token }), 'beta'],
    ['alias and another hash', ({ beta }) => ({ key_alias: 'gamma', key_hash: beta.token }), ''],
    ['alias and another search', ({ beta }) => ({ key_alias: 'gamma', search: beta.token }), ''],
    ['hash and id', ({ beta }) => ({ key_hash: beta.token, key_id: beta.key_id }), 'beta'],
    [
      'hash and another id',
      ({ beta, gamma }) => ({ key_hash: beta.token, key_id: gamma.key_id }),
      '',
    ],
    [
      'hash and another hash',
      ({ beta, gamma }) => ({ key_hash: beta.token, search: gamma.token }),
      '',
    ],
    ['hash and user', ({ beta }) => ({ key_hash: beta.token, user_id: 'ada' }), 'beta'],
    ['hash and another user', ({ beta }) => ({ key_hash: beta.token, user_id: 'bob' }), ''],
    ['hash and another team', ({ beta }) => ({ key_hash: beta.token, team_id: 'red' }), ''],
    ['hash and another status', ({ beta }) => ({ key_hash: beta.token, status: 'expired' }), ''],
    [
      'hash and another organisation',
      ({ beta }) => ({ key_hash: beta.token, organization_id: 'o1' }),
      '',
    ],
    ['alias and user', () => ({ key_alias: 'gamma', user_id: 'Adam' }), 'gamma'],
    ['alias and another user', () => ({ key_alias: 'gamma', user_id: 'ada' }), ''],
    ['search by hash and another user', ({ beta }) => ({ search: beta.token, user_id: 'bob' }), ''],
  ])('%s', async (_, query, expected) => {
    const { service, keys } = shared;
    for (const more of [{}, { return_full_object: true }, { cursor: '' }]) {
      const { status, body } = await list(service, { size: 100, ...query(keys), ...more });
      expect([status, body.error]).toEqual([200, undefined]);
      const hashes = body.keys.map((key: string | { token: string }) =>
        typeof key === 'string' ? key : key.token,
      );
      const found = namesOf(keys, hashes);
      expect(found.join(' ')).toBe(expected);
      if (!('cursor' in more)) expect(body.total_count).toBe(found.length);
    }
  });

  it('never the admin key, whoever asks and however', async () => {
    const { service } = shared;
    for (const query of [
      { key_hash: tokenHash(masterKey) },
      { key_id: 'master' },
      { search: tokenHash(masterKey) },
    ]) {
      for (const status of ['', 'active', 'deleted']) {
        const { body } = await list(service, { ...query, status });
        expect([query, body.keys]).toEqual([query, []]);
      }
    }
  });
});
