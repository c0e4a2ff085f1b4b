/** Who may change a key, and what somebody who may not is told: one table for all routes that change one. */
import { describe, expect, it } from 'vitest';
import { newKey, newKeyId, tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { keyTypes, userRoles } from '../../lambdas/shared/domain/key-row.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import {
  ask,
  everything,
  issue,
  recordOf,
  rowOf,
  unknownNames,
  untouched,
} from './fixtures/calls.ts';

/** Each route that changes a key, as a request about one. */
const operations = {
  update: (key: string) => ({ path: '/key/update', body: { key, rpm_limit: 1 } }),
  delete: (key: string) => ({ path: '/key/delete', body: { keys: [key] } }),
  regenerate: (key: string) => ({ path: '/key/regenerate', body: { key } }),
  'regenerate by path': (key: string) => ({
    path: `/key/${encodeURIComponent(key)}/regenerate`,
    body: {},
  }),
  block: (key: string) => ({ path: '/key/block', body: { key } }),
  unblock: (key: string) => ({ path: '/key/unblock', body: { key } }),
  'reset spend': (key: string) => ({
    path: `/key/${encodeURIComponent(key)}/reset_spend`,
    body: { reset_to: 0 },
  }),
} as const;
type Operation = keyof typeof operations;
const names = ['update', 'delete', 'regenerate', 'regenerate by path'] as const;
const all = [...names, 'block', 'unblock', 'reset spend'] as const;

/** What a role gets for its own key, for a foreign one and for none, with a key type that narrows nothing. */
type Answers = readonly [own: number, foreign: number, unknown: number];
const nobody: Answers = [403, 403, 403];
const answersOf: Readonly<Record<(typeof userRoles)[number], (of: Operation) => Answers>> = {
  proxy_admin: () => [200, 200, 404],
  proxy_admin_viewer: () => nobody,
  internal_user: (of) => (names.some((name) => name === of) ? [200, 403, 403] : nobody),
  internal_user_viewer: () => [401, 401, 401],
};
const narrowing = ['llm_api', 'read_only'];

const { bytes } = seededRandom('nobody');

describe('the rights of', () => {
  it.each(userRoles.flatMap((role) => keyTypes.map((type) => [role, type] as const)))(
    '%s with a key of type %s',
    async (user_role, key_type) => {
      const service = await startedService({ maxKeysPerUser: null });
      const owner = await issue(service, { user_id: 'ada' });
      const caller = await issue(service, { user_id: 'ada', user_role, key_type });
      for (const name of all) {
        const own = await issue(service, {}, owner.key);
        const foreign = await issue(service, { user_id: 'bob' });
        const expected = narrowing.includes(key_type) ? nobody : answersOf[user_role](name);
        for (const [index, target] of [own, foreign, { key: 'sk-no-such-key-at-all' }].entries()) {
          const before = await everything(service);
          const asked = { ...operations[name](target.key), key: caller.key };
          const answer = await ask(service, asked);
          expect([name, index, answer.status]).toEqual([name, index, expected[index]]);
          if (answer.status === 200) continue;
          expect(await everything(service)).toEqual(before);
          if (answer.status !== 404) expect(answer.body.error.type).toBe('auth_error');
        }
      }
    },
  );

  it.each(['default', 'management'])(
    'nobody in particular, who owns no key but the one in hand (%s)',
    async (key_type) => {
      const service = await startedService();
      const caller = await issue(service, { key_type });
      const other = await issue(service, {});
      const { key } = caller;
      for (const name of names) {
        const denied = await untouched(service, () =>
          ask(service, { ...operations[name](other.key), key }),
        );
        expect([name, denied.status]).toEqual([name, 403]);
      }
      expect((await ask(service, { ...operations.delete(key), key })).status).toBe(200);
    },
  );

  it('a key with allowed_routes end with them', async () => {
    const service = await startedService();
    const target = await issue(service);
    const fields = { user_role: 'proxy_admin', user_id: 'root' };
    for (const [allowed_routes, allowed] of [
      [['/key/update'], ['update']],
      [
        ['/key/block', '/key/unblock'],
        ['block', 'unblock'],
      ],
      [['info_routes'], []],
      [['/key/*'], all],
    ] as const) {
      const { key } = await issue(service, { ...fields, allowed_routes });
      for (const name of all.filter((each) => each !== 'delete')) {
        const named = target.key_id;
        const { status } = await ask(service, { ...operations[name](named), key });
        const isAllowed = allowed.some((each) => each === name);
        expect([allowed_routes, name, status]).toEqual([
          allowed_routes,
          name,
          isAllowed ? 200 : 403,
        ]);
      }
    }
  });

  it('a role that a newer release has made are none', async () => {
    const service = await startedService();
    const caller = await issue(service, { user_id: 'ada' });
    const row = rowOf(service, caller.key_id);
    const newer = { ...row, rev: row.rev + 1, key: { ...row.key, user_role: 'constructor' } };
    await service.table.commit([{ kind: 'replace-row', row: newer }], 'newer', 1000);
    for (const name of all) {
      const { status } = await ask(service, { ...operations[name](caller.key), key: caller.key });
      expect([name, status]).toEqual([name, 403]);
    }
  });
});

describe('a caller who may not', () => {
  it('learns nothing of other keys: one and the same 403 for foreign, unknown and all else', async () => {
    const service = await startedService();
    const { key: caller } = await issue(service, { user_id: 'ada' });
    const foreign = await issue(service, { user_id: 'bob', key_alias: 'a' });
    const chosen = await issue(service, { user_id: 'bob', key: 'sk-chosen-by-somebody' });
    const ownerless = await issue(service, {});
    const dead = await issue(service, { user_id: 'bob' });
    await ask(service, operations.delete(dead.key));
    const blocked = await issue(service, { user_id: 'bob', blocked: true, duration: '0s' });
    const rotated = await issue(service, { user_id: 'bob' });
    await ask(service, operations.regenerate(rotated.key));
    const own = await issue(service, { user_id: 'ada' });
    await ask(service, operations.regenerate(own.key));
    const targets = [foreign, chosen, ownerless, dead, blocked, rotated]
      .flatMap(({ key, token, key_id }) => [key, token, key_id])
      .concat(unknownNames, own.key, newKey(own.key_id, bytes), newKey(newKeyId(bytes), bytes))
      .concat('master', masterKey, tokenHash(masterKey));
    for (const name of names) {
      const of = operations[name];
      const expected = await ask(service, { ...of('f'.repeat(64)), key: caller });
      expect(expected.status).toBe(403);
      for (const target of targets) {
        expect(await ask(service, { ...of(target), key: caller })).toEqual(expected);
      }
    }
    const byAlias = ['a', 'nobody', ''].map((alias) => [
      { path: '/key/update', body: { key_alias: alias, rpm_limit: 1 } },
      { path: '/key/delete', body: { key_aliases: [alias] } },
    ]);
    const answers = await Promise.all(
      byAlias.flat().map((asked) => ask(service, { ...asked, key: caller })),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.status).toBe(403);
  });

  it('is told nothing about the body, which is not read before the right is known', async () => {
    const service = await startedService();
    const { key } = await issue(service, { user_role: 'proxy_admin_viewer' });
    for (const name of all) {
      const { path, body } = operations[name]('x'.repeat(17));
      const expected = await ask(service, { path, body, key });
      for (const other of ['{', [], { key: 5 }, 'x'.repeat(300_000)]) {
        expect(await ask(service, { path, body: other, key })).toEqual(expected);
      }
    }
  });

  it('and has proved nothing gets one and the same 401 everywhere', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service);
    const expected = await service.send({ path: '/key/generate', body: {} });
    const before = await everything(service);
    for (const credential of ['', 'sk-wrong', token, newKey(key_id, bytes), key.slice(0, -1)]) {
      for (const name of all) {
        const asked = { ...operations[name](key), key: credential };
        expect(await ask(service, asked)).toEqual(expected);
        expect(await ask(service, { ...asked, body: '{' })).toEqual(expected);
      }
    }
    expect(await everything(service)).toEqual(before);
  });

  it('any more is stopped at once: blocked, expired, deleted', async () => {
    const service = await startedService();
    const target = await issue(service);
    const admin = { user_role: 'proxy_admin', user_id: 'root' };
    for (const [reason, fields, end] of [
      ['blocked', {}, operations.block],
      ['deleted', {}, operations.delete],
      ['expired', { duration: '0s' }, null],
    ] as const) {
      const { key } = await issue(service, { ...admin, ...fields });
      if (end !== null) await ask(service, end(key));
      for (const name of all) {
        const answer = await untouched(service, () =>
          ask(service, { ...operations[name](target.key_id), key }),
        );
        expect([answer.status, answer.body.error.message]).toEqual([
          401,
          expect.stringContaining(reason),
        ]);
      }
    }
  });
});

describe('the owner of a key that somebody else created', () => {
  it('changes its settings by no route: neither update nor a regenerate with fields', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { user_id: 'ada', tags: ['watched'] });
    for (const path of ['/key/update', '/key/regenerate']) {
      for (const fields of [{ tpm_limit: 1 }, { metadata: {} }, { key_alias: 'mine' }]) {
        const answer = await untouched(service, () =>
          ask(service, { path, key, body: { key, ...fields } }),
        );
        expect([path, fields, answer.status]).toEqual([path, fields, 403]);
      }
    }
    const { status } = await ask(service, { ...operations.regenerate(key), key });
    expect([status, rowOf(service, key_id).key.metadata]).toEqual([200, { tags: ['watched'] }]);
  });
});

describe('changed_by in the record of', () => {
  const allowing = { allow_litellm_changed_by_header: true };
  const recorded = { unblock: 'unblocked', 'reset spend': 'spend_reset' } as const;

  it.each(all)('%s is the header of an admin, and nobody else’s word', async (name) => {
    const service = await startedService();
    const headers = { 'litellm-changed-by': 'ci' };
    const target = await issue(service);
    await ask(service, { ...operations[name](target.key), headers });
    const record = await recordOf(service, target.key_id);
    expect(record).toMatchObject({ changed_by: 'ci', who: { principal: 'master' } });
    if (name in recorded) expect(Object.values(recorded)).toContain(record.action);
  });

  it.each(names)('%s is the header only where the caller’s key allows it', async (name) => {
    const service = await startedService();
    const headers = { 'litellm-changed-by': 'ci' };
    for (const [metadata, expected] of [
      [{}, 'ada'],
      [allowing, 'ci'],
    ] as const) {
      const { key, key_id } = await issue(service, { user_id: 'ada', metadata });
      const target = await issue(service, {}, key);
      const { status } = await ask(service, { ...operations[name](target.key), key, headers });
      expect(status).toBe(200);
      expect(await recordOf(service, target.key_id)).toMatchObject({
        changed_by: expected,
        who: { principal: key_id, changed_by_api_key: tokenHash(key), source_ip: '192.0.2.1' },
      });
    }
  });

  it.each(all)('%s is never a key: such a header is a 400', async (name) => {
    const service = await startedService();
    const { key } = await issue(service);
    const headers = { 'litellm-changed-by': `by ${key}` };
    const answer = await untouched(service, () =>
      ask(service, { ...operations[name](key), headers }),
    );
    expect([answer.status, answer.body.error.param]).toEqual([400, 'litellm-changed-by']);
  });
});
