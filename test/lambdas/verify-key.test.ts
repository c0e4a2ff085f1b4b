/** `POST /key/verify`: whether a key is good now, for whom it may concern. */
import * as fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newKey, newKeyId } from '../../lambdas/shared/domain/key-format.ts';
import { type KeyType, keyTypes, userRoles } from '../../lambdas/shared/domain/key-row.ts';
import { contract } from '../../lambdas/verify-key/contract.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { masterKey, type Received, startedService } from '../fakes/service.ts';
import {
  ask,
  askUnder,
  type Born,
  issue,
  refusalIn,
  rowOf,
  unknownNames,
  untouched,
} from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const path = '/key/verify';
const { bytes } = seededRandom('verify');
afterEach(() => {
  vi.restoreAllMocks();
});

/** Asked by an admin unless said. */
const verify = (service: Service, body: unknown, key?: string) =>
  ask(service, { path, body, ...(key === undefined ? {} : { key }) });
/** The key checks itself. */
const check = (service: Service, key: string, more: object = {}) =>
  verify(service, { key, ...more }, key);

const told = ({ status, body }: Received) => (status === 200 ? [body.valid, body.reason] : status);

/** Keys of every state by the reason that is said of them, each with a value of theirs. */
async function everyState(service: Service, key_type: KeyType = 'default') {
  const born = (fields: object = {}) => issue(service, { key_type, ...fields });
  const change = (to: string, body: object) => ask(service, { path: `/key/${to}`, body });
  const valid = await born();
  const chosen = await born({ key: `sk-chosen-by-somebody-${key_type}` });
  const expired = await born({ duration: '0s' });
  const blocked = await born({ blocked: true, duration: '0s' });
  const deleted = await born();
  await change('delete', { keys: [deleted.key_id] });
  const former = await born();
  await change('regenerate', { key: former.key_id, grace_period: '1h' });
  return { valid, chosen, expired, blocked, deleted, former };
}
const reasonOf = {
  valid: [true, 'valid'],
  chosen: [true, 'valid'],
  former: [true, 'in_grace'],
  expired: [false, 'expired'],
  blocked: [false, 'blocked'],
  deleted: [false, 'deleted'],
};
type Keys = Readonly<Record<keyof typeof reasonOf, Born>>;
const each = (keys: Keys) => Object.entries<Born>(keys);

describe('a caller who may check keys', () => {
  it.each<[string, object]>([
    ['an admin', { user_role: 'proxy_admin' }],
    ['a viewer', { user_role: 'proxy_admin_viewer' }],
    ...userRoles.flatMap((user_role) =>
      ['management', 'read_only'].map((key_type): [string, object] => [
        `${user_role} with a key of type ${key_type}`,
        { user_role, key_type },
      ]),
    ),
    ['one for whom the route is allowed', { user_role: 'proxy_admin', allowed_routes: [path] }],
    ['one who may look', { key_type: 'management', allowed_routes: ['info_routes'] }],
  ])('is told every reason: %s', async (_, fields) => {
    const service = await startedService();
    const caller = await issue(service, { user_id: 'gateway', ...fields });
    const keys = await everyState(service);
    await untouched(service, async () => {
      for (const [state, { key, key_id }] of each(keys)) {
        const answer = await verify(service, { key }, caller.key);
        expect([state, told(answer)]).toEqual([state, Reflect.get(reasonOf, state)]);
        expect(answer.body.key_id).toBe(key_id);
        expect(contract.answer?.parse(answer.body)).toEqual(answer.body);
      }
    });
  });

  it.each<[string, object, number]>([
    ['an ordinary user', {}, 403],
    ['a user who only looks', { user_role: 'internal_user_viewer' }, 403],
    ...userRoles.map((user_role): [string, object, number] => [
      `${user_role} with a key for models alone`,
      { user_role, key_type: 'llm_api' },
      403,
    ]),
    ['an admin for other routes', { user_role: 'proxy_admin', allowed_routes: ['/key/info'] }, 403],
    ['an admin who has expired', { user_role: 'proxy_admin', duration: '0s' }, 401],
    ['an admin who is blocked', { user_role: 'proxy_admin', blocked: true }, 401],
  ])('is not: %s, who learns nothing of other keys', async (_, fields, status) => {
    const service = await startedService();
    const caller = await issue(service, { user_id: 'ada', ...fields });
    const own = await issue(service, { user_id: 'ada' });
    const keys = each(await everyState(service)).map(([, { key }]) => key);
    const names = [...keys, ...unknownNames, own.key, newKey(newKeyId(bytes), bytes), masterKey];
    const bodies = await Promise.all(
      names.map(async (key) => {
        const answer = await verify(service, { key }, caller.key);
        expect(answer.status).toBe(status);
        return JSON.stringify(answer.body);
      }),
    );
    expect(new Set(bodies).size).toBe(1);
  });

  it('is none of a role that a newer release has made', async () => {
    const service = await startedService();
    const caller = await issue(service, { key_type: 'management' });
    const row = rowOf(service, caller.key_id);
    const newer = { ...row, rev: row.rev + 1, key: { ...row.key, user_role: 'constructor' } };
    await service.table.commit([{ kind: 'replace-row', row: newer }], 'newer', 1000);
    expect((await verify(service, { key: masterKey }, caller.key)).status).toBe(403);
    expect(told(await check(service, caller.key))).toEqual([true, 'valid']);
  });
});

describe('a key that checks itself', () => {
  it.each(keyTypes)('is told what it is worth, whatever its state: type %s', async (key_type) => {
    const service = await startedService();
    const keys = await everyState(service, key_type);
    for (const [state, { key, key_id }] of each(keys)) {
      const answer = await check(service, key);
      expect([state, told(answer)]).toEqual([state, Reflect.get(reasonOf, state)]);
      expect(answer.body.key_id).toBe(key_id);
    }
  });

  it.each(['x-litellm-api-key', 'api-key', 'x-goog-api-key'])('may come in %s', async (header) => {
    const service = await startedService();
    const { key } = await issue(service, { key_type: 'llm_api', allowed_routes: ['/v1/*'] });
    const answer = await service.send({ path, headers: { [header]: key }, body: { key } });
    expect(told(answer)).toEqual([true, 'valid']);
  });

  it('is told of a model as anybody is', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { models: ['gpt-4o', 'openai/*'] });
    for (const [model, reason] of [
      ['gpt-4o', 'valid'],
      ['openai/any', 'valid'],
      [null, 'valid'],
      ['dear', 'model_not_allowed'],
      ['', 'model_not_allowed'],
      ['__proto__', 'model_not_allowed'],
      ['constructor', 'model_not_allowed'],
    ] as const) {
      const answer = await check(service, key, { model });
      expect([model, answer.body.reason]).toEqual([model, reason]);
      expect((await verify(service, { key, model })).body).toEqual(answer.body);
      if (reason !== 'valid') expect(answer.body).toEqual({ valid: false, reason, key_id });
    }
  });

  it('is told which model to call, where its aliases have another name for it', async () => {
    const service = await startedService();
    const aliases = { dear: 'cheap', cheap: 7 };
    const { key } = await issue(service, { models: ['cheap'], aliases });
    for (const [model, called] of [
      ['dear', 'cheap'],
      ['cheap', 'cheap'],
      [undefined, null],
    ]) {
      const { body } = await check(service, key, { model });
      expect([body.reason, body.model]).toEqual(['valid', called]);
    }
  });

  it('without the right value gets one and the same 401, whatever is wrong', async () => {
    const service = await startedService();
    const keys = await everyState(service);
    const rotated = await issue(service);
    await ask(service, { path: '/key/regenerate', body: { key: rotated.key } });
    const { valid, blocked, deleted } = keys;
    const wrong = [
      ...unknownNames,
      ...[valid, blocked, deleted].flatMap(({ key, token, key_id }) => [
        token,
        key_id,
        newKey(key_id, bytes),
        key.slice(0, -1),
        key.toUpperCase(),
      ]),
      rotated.key,
      'master',
      newKey('master', bytes),
      newKey(newKeyId(bytes), bytes),
      'sk-',
      'x',
      `sk-${'x'.repeat(10_000)}`,
    ];
    const answers = await Promise.all(wrong.map((key) => check(service, key)));
    expect(answers.map(({ status }) => status)).toEqual(wrong.map(() => 401));
    const nobody = await service.send({ path, body: { key: valid.key } });
    expect(new Set([...answers, nobody].map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it('sees the admin key as the alias that stands for it, not its hash', async () => {
    const service = await startedService();
    const { hash } = rowOf(service, 'master').cur;
    const { key } = await issue(service, { key_type: 'management' });
    for (const caller of [masterKey, key]) {
      const { body } = await verify(service, { key: masterKey }, caller);
      expect(body).toMatchObject({ valid: true, token: 'litellm_proxy_master_key' });
      expect(JSON.stringify(body)).not.toContain(hash);
    }
  });
});

describe('verify-key', () => {
  it('tells of a valid key its limits, owner, expiry and metadata, and no value', async () => {
    const service = await startedService();
    const fields = { user_id: 'ada', team_id: 't', max_budget: 5, tpm_limit: 7, models: ['m'] };
    const logging = [{ callback_name: 'x', callback_vars: { secret: 'theirs' } }];
    const metadata = { a: 1, logging };
    const { key, token, key_id } = await issue(service, { ...fields, duration: '1h', metadata });
    const { body } = await verify(service, { key, model: 'm' });
    expect(body).toMatchObject({
      ...fields,
      valid: true,
      reason: 'valid',
      key_id,
      token,
      expires: '2026-11-25T14:50:00.000Z',
      metadata: { a: 1, logging: [{ callback_vars: { secret: '********' } }] },
    });
    for (const secret of [key, 'theirs']) expect(JSON.stringify(body)).not.toContain(secret);
  });

  it('tells of one that is not valid nothing but its id', async () => {
    const service = await startedService();
    const { expired, blocked, deleted } = await everyState(service);
    for (const { key, key_id } of [expired, blocked, deleted]) {
      const { body } = await verify(service, { key });
      expect(body).toEqual({ valid: false, reason: expect.any(String), key_id });
    }
    expect((await verify(service, { key: 'sk-no-such-key-at-all' })).body).toEqual({
      valid: false,
      reason: 'not_found',
      key_id: null,
    });
  });

  it('takes values alone: a hash, a key id or an alias is no key', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { key_alias: 'an-alias' });
    const names = [token, key_id, 'an-alias', 'master', newKey(key_id, bytes), ` ${key}`];
    for (const name of [...names, `${key} `, `Bearer ${key}`, ...unknownNames]) {
      const answer = await verify(service, { key: name });
      expect([name, told(answer)]).toEqual([name, [false, 'not_found']]);
      expect(JSON.stringify(answer.body)).not.toContain(key_id);
    }
  });

  it('counts the value that an open regenerate stores, and the one before until it is closed', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service);
    const offered: string[] = [];
    const put = service.secrets.put.bind(service.secrets);
    service.secrets.put = async (id, value, token, limitMs) => {
      offered.push(value);
      return put(id, value, token, limitMs);
    };
    service.secrets.trouble('lost-answer', 'lost-answer');
    await ask(service, { path: '/key/regenerate', body: { key: key_id } });
    const [pending = ''] = offered;
    for (const value of [key, pending]) {
      expect(told(await verify(service, { key: value }))).toEqual([true, 'valid']);
      expect(told(await check(service, value))).toEqual([true, 'valid']);
    }
    service.clock.advance(service.settings.timing.fenceSeconds * 1000);
    await service.repair();
    expect(told(await verify(service, { key }))).toEqual([false, 'not_found']);
    expect(told(await check(service, key))).toBe(401);
    expect(told(await check(service, pending))).toEqual([true, 'valid']);
  });

  it('counts a former value to the millisecond, and no longer than to the next regenerate', async () => {
    const service = await startedService();
    const regenerate = async (key: string, grace_period: string): Promise<string> =>
      (await ask(service, { path: '/key/regenerate', body: { key, grace_period } })).body.key;
    const { key: first, key_id } = await issue(service);
    const second = await regenerate(key_id, '1h');
    expect(told(await verify(service, { key: second }))).toEqual([true, 'valid']);
    service.clock.advance(3_599_999);
    expect(told(await check(service, first))).toEqual([true, 'in_grace']);
    service.clock.advance(1);
    expect(told(await check(service, first))).toBe(401);
    const third = await regenerate(key_id, '1h');
    expect(told(await verify(service, { key: second }))).toEqual([true, 'in_grace']);
    const fourth = await regenerate(key_id, '0s');
    for (const old of [first, second, third]) {
      expect(told(await verify(service, { key: old }))).toEqual([false, 'not_found']);
      expect(told(await check(service, old))).toBe(401);
    }
    await ask(service, { path: '/key/delete', body: { keys: [key_id] } });
    expect(told(await check(service, fourth))).toEqual([false, 'deleted']);
    expect(told(await verify(service, { key: third }))).toEqual([false, 'not_found']);
  });

  it('says expired from the moment on, and valid until then', async () => {
    const service = await startedService();
    const { key } = await issue(service, { duration: '1h' });
    service.clock.advance(3_599_999);
    expect(told(await check(service, key))).toEqual([true, 'valid']);
    service.clock.advance(1);
    expect(told(await check(service, key))).toEqual([false, 'expired']);
  });

  it('does not look for what can be no key', async () => {
    const service = await startedService();
    const load = vi.spyOn(service.table, 'load');
    const { key } = await issue(service);
    const mistyped = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A');
    for (const text of [mistyped, 'sk-lk_', 'x', '', `sk-${'x'.repeat(10_000)}`]) {
      expect(told(await verify(service, { key: text }))).toEqual([false, 'not_found']);
      expect(load.mock.lastCall?.[0].target).toBeUndefined();
    }
  });

  it('knows no key of another environment', async () => {
    const service = await startedService();
    const other = await startedService({}, { random: seededRandom('elsewhere') });
    const { key } = await issue(other);
    expect(told(await verify(service, { key }))).toEqual([false, 'not_found']);
    expect(told(await check(service, key))).toBe(401);
  });

  it('has no key in its log, nor what else was sent', async () => {
    let logged = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
      logged += String(line);
      return true;
    });
    const service = await startedService();
    const { key, key_id } = await issue(service);
    const custom = await issue(service, { key: 'sk-chosen-by-somebody' });
    for (const value of [key, custom.key]) {
      await verify(service, { key: value, model: 'a-model' });
      await check(service, value, { model: 'a-model' });
      await check(service, value, { model: 7 });
      await check(service, `${value}x`);
      await verify(service, { key: [value] });
    }
    expect(logged).toContain(`"principal":"${key_id}"`);
    for (const text of [key, key.slice(30), custom.key, 'chosen', 'a-model', masterKey]) {
      expect(logged).not.toContain(text);
    }
  });
});

describe('a request that is no check', () => {
  const bodies: readonly [string, unknown, number, string | null][] = [
    ['no body', undefined, 422, null],
    ['no JSON', '{"key":', 422, null],
    ['a list', '[]', 422, null],
    ['no key', {}, 422, 'key'],
    ['null', { key: null }, 422, 'key'],
    ['a number', { key: 1 }, 422, 'key'],
    ['a list of keys', { key: [masterKey] }, 422, 'key'],
    ['a number as model', { key: 'x', model: 1 }, 422, 'model'],
    ['models', { key: 'x', model: ['gpt-4o'] }, 422, 'model'],
    ['too much', { key: 'x'.repeat(270_000) }, 413, null],
  ];
  it.each(bodies)(
    'says so to whoever is let in, though it may check no other key: %s',
    async (...row) => {
      const [, body, status, param] = row;
      const service = await startedService();
      const user = await issue(service, { user_id: 'ada' });
      for (const key of [masterKey, user.key]) {
        expect(refusalIn(await verify(service, body, key))).toEqual([status, param]);
      }
      const blocked = await issue(service, { blocked: true });
      const unknown = [blocked.key, 'sk-no-such-key-at-all', 'sk-lk_malformed', 'x'];
      for (const key of unknown) {
        const answer = await verify(service, body, key);
        expect([answer.status, answer.body.error.type]).toEqual([401, 'auth_error']);
      }
    },
  );

  it('names a key as its model, which would be told again', async () => {
    const service = await startedService();
    const { key } = await issue(service);
    const other = await issue(service);
    const answer = await verify(service, { key, model: `x ${other.key}` });
    expect(refusalIn(answer)).toEqual([400, 'model']);
    expect(JSON.stringify(answer)).not.toContain(other.key);
  });

  it('is a valid one with an empty key, of which none is found', async () => {
    const service = await startedService();
    expect(told(await verify(service, { key: '' }))).toEqual([false, 'not_found']);
    expect(told(await check(service, ''))).toBe(401);
  });
});

describe('a check while the table is in trouble', () => {
  it.each(['error-before', 'timeout-before'] as const)('is a 503, not a no: %s', async (kind) => {
    const service = await startedService();
    const { key } = await issue(service);
    for (const caller of [key, masterKey]) {
      const asked = { path, key: caller, body: { key } };
      const answer = await askUnder(service, new Map([[1, kind]]), asked);
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '2']);
      expect(answer.body).not.toHaveProperty('valid');
    }
  });
});

it('whatever is sent, there is no 5xx, and no yes but to a key that is good', async () => {
  const service = await startedService();
  const keys = await everyState(service);
  const good = new Set([keys.valid.key, keys.chosen.key, keys.former.key, masterKey]);
  const names = each(keys).flatMap(([, { key, token, key_id }]) => [key, token, key_id]);
  const text = fc.oneof(
    fc.constantFrom(...names, masterKey, 'master'),
    fc.string({ unit: 'binary' }),
  );
  const value = fc.oneof({ weight: 4, arbitrary: text }, fc.jsonValue({ maxDepth: 2 }));
  const member = fc.constantFrom('key', 'model', 'token', 'caller', '__proto__', 'constructor');
  const body = fc.oneof(
    fc.record({ key: value }),
    fc.record({ key: text, model: value }),
    fc
      .array(fc.tuple(member, value), { maxLength: 3 })
      .map((entries) => Object.fromEntries(entries)),
    fc.jsonValue({ maxDepth: 2 }),
    fc.string({ unit: 'binary' }),
  );
  const callers = [...names, ...names.map(() => masterKey)];
  let yes = 0;
  await untouched(service, () =>
    fc.assert(
      fc.asyncProperty(body, fc.constantFrom(...callers), async (sent, key) => {
        const answer = await verify(service, sent, key);
        expect(answer.status).toBeLessThan(500);
        if (answer.status === 200)
          expect(contract.answer?.safeParse(answer.body).success).toBe(true);
        if (answer.body.valid !== true) return;
        yes += 1;
        expect(good).toContain(Reflect.get(Object(sent), 'key'));
      }),
      { numRuns: 2000, seed: 4242 },
    ),
  );
  expect(yes).toBeGreaterThan(20);
});
