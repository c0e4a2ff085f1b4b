/** Who may create keys, and what somebody who may not is told. */
import { describe, expect, it, vi } from 'vitest';
import { Unavailable } from '../../lambdas/shared/domain/errors.ts';
import { newKey, newKeyId, tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { newestRow, type Service, stored } from './fixtures/stored.ts';

const path = '/key/generate';
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

const valueFor = (name: string, key: string) => (name === 'authorization' ? `Bearer ${key}` : key);

/** A key that an admin made, as a caller. */
async function holderOf(service: Service, fields: object): Promise<string> {
  const { status, body } = await service.generate(fields);
  if (status !== 200) throw new Error(body.error.message);
  return body.key;
}

describe('a caller who has proved nothing', () => {
  it('gets one and the same 401 for every credential, whatever else was sent', async () => {
    const service = await startedService();
    const { body: issued } = await service.generate({ user_id: 'ada' });
    const { bytes } = seededRandom('guess');
    const credentials: Record<string, string>[] = [
      {},
      { authorization: '' },
      bearer(''),
      { authorization: issued.key },
      { authorization: `Basic ${Buffer.from(`user:${issued.key}`).toString('base64')}` },
      bearer('nonsense'),
      bearer('sk-'),
      bearer(issued.key.slice(0, -1)),
      bearer(newKey(newKeyId(bytes), bytes)),
      bearer(newKey(issued.key_id, bytes)),
      bearer(newKey('master', bytes)),
      bearer('sk-unknown-custom-key'),
      bearer('sk-12345'),
      bearer(issued.token),
      bearer(`sk-${issued.token}`),
      bearer(tokenHash(masterKey)),
      bearer(issued.key_id),
      bearer('litellm_proxy_master_key'),
    ];
    const bodies = [{}, '{', 'x'.repeat(300_000), { key_alias: 'x'.repeat(3000) }, undefined];
    const before = await stored(service);
    const [first = {}] = credentials;
    const expected = await service.send({ path, headers: first, body: {} });
    expect(expected.status).toBe(401);
    expect(expected.body).toEqual({
      error: {
        message: expect.any(String),
        type: 'auth_error',
        param: null,
        code: '401',
      },
    });
    for (const headers of credentials) {
      for (const body of bodies) {
        expect(await service.send({ path, headers, body })).toEqual(expected);
      }
    }
    expect(await stored(service)).toEqual(before);
  });

  it('costs no call to AWS with a malformed or mistyped key', async () => {
    const service = await startedService();
    const { body: issued } = await service.generate({});
    const load = vi.spyOn(service.table, 'load');
    const last = issued.key.endsWith('0') ? '1' : '0';
    for (const key of [
      '',
      'x',
      'sk-lk_',
      issued.key.slice(0, -1),
      issued.key.slice(0, -1) + last,
    ]) {
      expect((await service.generate({}, key)).status).toBe(401);
    }
    expect(load).not.toHaveBeenCalled();
  });
});

describe('a caller who holds a genuine key', () => {
  it('learns that it has expired, at the very moment', async () => {
    const service = await startedService();
    const key = await holderOf(service, { user_id: 'ada', duration: '60s' });
    service.clock.advance(59_999);
    expect((await service.generate({}, key)).status).toBe(200);
    service.clock.advance(1);
    const { status, body } = await service.generate({}, key);
    expect([status, body.error.type]).toEqual([401, 'expired_key']);
    expect(body.error.message).toContain('expired');
  });

  it('learns that it is blocked', async () => {
    const service = await startedService();
    const key = await holderOf(service, { user_id: 'ada', blocked: true });
    const { status, body } = await service.generate({}, key);
    expect([status, body.error.type]).toEqual([401, 'auth_error']);
    expect(body.error.message).toContain('blocked');
  });

  it('gets a 503 and no 401 while the table cannot be read', async () => {
    const service = await startedService();
    service.table.load = async () => {
      throw new Unavailable('down', 2);
    };
    const { status, headers } = await service.generate({});
    expect([status, headers['retry-after']]).toEqual([503, '2']);
  });
});

describe('the credential headers', () => {
  const names = [
    'x-litellm-api-key',
    'authorization',
    'api-key',
    'x-api-key',
    'x-goog-api-key',
    'ocp-apim-subscription-key',
  ];

  it.each(names)('%s is read, in any case', async (name) => {
    const service = await startedService();
    for (const spelled of [name, name.toUpperCase()]) {
      const headers = { [spelled]: valueFor(name, masterKey) };
      expect((await service.send({ path, headers, body: {} })).status).toBe(200);
    }
  });

  const pairs = names.flatMap((first, at) => names.slice(at + 1).map((second) => [first, second]));
  it.each(pairs)('%s comes before %s', async (first = '', second = '') => {
    const service = await startedService();
    const statusOf = async (one: string, other: string) => {
      const headers = { [second]: valueFor(second, other), [first]: valueFor(first, one) };
      return (await service.send({ path, headers, body: {} })).status;
    };
    expect(await statusOf(masterKey, 'sk-wrong')).toBe(200);
    expect(await statusOf('sk-wrong', masterKey)).toBe(401);
  });

  it.each([
    ['x-litellm-api-key as bearer', { 'x-litellm-api-key': `Bearer ${masterKey}` }, 200],
    ['a bearer in lower case', { authorization: `bearer ${masterKey}` }, 200],
    ['a bare Authorization', { authorization: masterKey }, 401],
    [
      'another scheme, which hides what follows',
      { authorization: 'Basic eA==', 'api-key': masterKey },
      401,
    ],
    ['a bearer in a bare header', { 'x-api-key': `Bearer ${masterKey}` }, 401],
  ])('take %s', async (_, headers, status) => {
    const service = await startedService();
    expect((await service.send({ path, headers: { ...headers }, body: {} })).status).toBe(status);
  });
});

describe('an ordinary caller', () => {
  it('creates keys for itself, without naming itself', async () => {
    const service = await startedService();
    const key = await holderOf(service, { user_id: 'ada' });
    for (const fields of [{}, { user_id: null }, { user_id: 'ada' }]) {
      const { status, body } = await service.generate(fields, key);
      expect([status, body.user_id, body.created_by]).toEqual([200, 'ada', 'ada']);
    }
  });

  it('may pass on the team and organisation of its own key', async () => {
    const service = await startedService();
    const own = { user_id: 'ada', team_id: 't', organization_id: 'o' };
    const key = await holderOf(service, own);
    expect((await service.generate(own, key)).status).toBe(200);
    expect((await service.generate({ team_id: '' }, key)).body.team_id).toBeNull();
  });

  it('may take its own address, as user id or on its key, for user_email', async () => {
    const service = await startedService();
    const key = await holderOf(service, { user_id: 'ada@x.example', user_email: 'ada@y.example' });
    for (const user_email of ['ada@x.example', 'ada@y.example']) {
      expect((await service.generate({ user_email }, key)).status).toBe(200);
    }
    expect((await service.generate({ send_invite_email: true }, key)).status).toBe(200);
    await service.deliver();
    expect(service.mailer.inbox.map(({ to }) => to)).toEqual(['ada@x.example']);
  });

  it.each([
    ['a key for somebody else', { user_id: 'bob' }, 'user_id'],
    ['a key for nobody', { user_id: '' }, 'user_id'],
    ['a role', { user_role: 'internal_user' }, 'user_role'],
    ['the role of an admin', { user_role: 'proxy_admin' }, 'user_role'],
    ['permissions', { permissions: {} }, 'permissions'],
    ['a management key', { key_type: 'management' }, 'key_type'],
    ['the changed-by right', { metadata: { allow_litellm_changed_by_header: false } }, 'metadata'],
    ['another team', { team_id: 'other' }, 'team_id'],
    ['another organisation', { organization_id: 'other' }, 'organization_id'],
    ['a mail to somebody else', { user_email: 'bob@example.com' }, 'user_email'],
  ])('is denied %s, and nothing is created', async (_, fields, param) => {
    const service = await startedService();
    const key = await holderOf(service, { user_id: 'ada', team_id: 't', organization_id: 'o' });
    const before = await stored(service);
    const { status, body } = await service.generate({ ...fields, key_alias: 'x' }, key);
    expect([status, body.error.type, body.error.param]).toEqual([403, 'auth_error', param]);
    expect(await stored(service)).toEqual(before);
  });

  it('gains nothing from an admin-only field on a key without team', async () => {
    const service = await startedService();
    const key = await holderOf(service, { user_id: 'ada' });
    expect((await service.generate({ team_id: 't' }, key)).status).toBe(403);
  });

  it('without user id creates no keys: it owns nothing', async () => {
    const service = await startedService();
    const key = await holderOf(service, {});
    for (const fields of [{}, { user_id: 'ada' }]) {
      expect((await service.generate(fields, key)).status).toBe(403);
    }
  });

  it.each([
    ['asks for less', {}, 5, 200, 5],
    ['asks for as much', {}, 10, 200, 10],
    ['asks for more', {}, 10.01, 400, undefined],
    ['asks for nothing', {}, undefined, 200, 10],
    [
      'asks for nothing where the default is more',
      { keyDefaults: { max_budget: 99 } },
      null,
      200,
      10,
    ],
    ['asks for nothing where the limit is less', { keyLimits: { max_budget: 4 } }, null, 200, 4],
    ['asks for nothing where the limit is more', { keyLimits: { max_budget: 40 } }, null, 200, 10],
    ['asks for more than the limit', { keyLimits: { max_budget: 4 } }, 5, 400, undefined],
  ])('with a budget of 10 that %s', async (_, settings, max_budget, status, granted) => {
    const service = await startedService();
    const key = await holderOf(service, { user_id: 'ada', max_budget: 10 });
    Object.assign(service.settings, settings);
    const answer = await service.generate({ max_budget }, key);
    expect([answer.status, answer.body.max_budget]).toEqual([status, granted]);
    if (status !== 200) expect(answer.body.error.param).toBe('max_budget');
  });

  it('owns as many keys as the environment allows, and an admin as many as it likes', async () => {
    const service = await startedService({ maxKeysPerUser: 2 });
    const key = await holderOf(service, { user_id: 'ada' });
    expect((await service.generate({}, key)).status).toBe(200);
    const before = await stored(service);
    const { status, body } = await service.generate({}, key);
    expect([status, body.error.param]).toEqual([400, 'user_id']);
    expect(body.error.message).toContain('2');
    expect(await stored(service)).toEqual(before);
    expect((await service.generate({ user_id: 'ada' })).status).toBe(200);
  });

  it('may own another key once one is deleted, and a repeat is no further one', async () => {
    const service = await startedService({ maxKeysPerUser: 2 });
    const key = await holderOf(service, { user_id: 'ada' });
    const asked = {
      path,
      headers: { ...bearer(key), 'idempotency-key': 'once' },
      body: {},
    };
    const made = await service.send(asked);
    expect(made.status).toBe(200);
    expect((await service.generate({}, key)).status).toBe(400);
    expect(await service.send(asked)).toEqual(made);
    const deleted = { path: '/key/delete', headers: bearer(key), body: { keys: [made.body.key] } };
    expect((await service.send(deleted)).status).toBe(200);
    expect((await service.generate({}, key)).status).toBe(200);
    expect((await service.generate({}, key)).status).toBe(400);
  });

  it('is told about bad input before its keys are counted', async () => {
    const service = await startedService();
    const key = await holderOf(service, { user_id: 'ada' });
    const count = vi.spyOn(service.table, 'countLiveKeys');
    expect((await service.generate({ max_budget: -1 }, key)).status).toBe(400);
    expect(count).not.toHaveBeenCalled();
  });
});

describe('roles and key types', () => {
  it.each([
    [{ user_role: 'proxy_admin_viewer' }, 403],
    [{ user_role: 'internal_user_viewer' }, 401],
    [{ user_role: 'internal_user' }, 200],
    [{ user_role: 'proxy_admin' }, 200],
    [{ key_type: 'llm_api' }, 403],
    [{ key_type: 'read_only' }, 403],
    [{ key_type: 'management' }, 200],
    [{ user_role: 'proxy_admin', key_type: 'llm_api' }, 403],
    [{ user_role: 'proxy_admin', key_type: 'read_only' }, 403],
  ])('%o creating a key gets %i', async (fields, status) => {
    const service = await startedService();
    const key = await holderOf(service, { user_id: 'ada', ...fields });
    const before = await stored(service);
    const answer = await service.generate({}, key);
    expect(answer.status).toBe(status);
    if (status === 200) return;
    expect(answer.body.error.type).toBe('auth_error');
    expect(await stored(service)).toEqual(before);
  });

  it('tell a denied caller nothing about its body', async () => {
    const service = await startedService();
    const key = await holderOf(service, { user_role: 'proxy_admin_viewer' });
    const good = await service.generate({}, key);
    expect(await service.generate('{', key)).toEqual(good);
  });

  it('let an admin that is no master create keys for anybody', async () => {
    const service = await startedService();
    const key = await holderOf(service, { user_id: 'root', user_role: 'proxy_admin' });
    const { body } = await service.generate(
      { user_id: 'bob', user_role: 'internal_user', team_id: 't', permissions: {} },
      key,
    );
    expect([body.user_id, body.created_by]).toEqual(['bob', 'root']);
  });
});

describe('changed_by', () => {
  const allowing = { allow_litellm_changed_by_header: true };

  it.each([
    ['is the header of the admin key', null, 'ci', 'ci'],
    ['is the name of the admin key without a header', null, undefined, 'default_user_id'],
    ['is the header of a proxy admin', { user_id: 'root', user_role: 'proxy_admin' }, 'ci', 'ci'],
    [
      'is the user of a proxy admin without it',
      { user_id: 'root', user_role: 'proxy_admin' },
      '',
      'root',
    ],
    [
      'is the name for an admin without user',
      { user_role: 'proxy_admin' },
      undefined,
      'default_user_id',
    ],
    ['is the header of a key that may name', { user_id: 'ada', metadata: allowing }, 'ci', 'ci'],
    [
      'is the user of such a key without it',
      { user_id: 'ada', metadata: allowing },
      undefined,
      'ada',
    ],
    ['is the user of any other key, whatever its header', { user_id: 'ada' }, 'ci', 'ada'],
  ])('%s', async (_, fields, header, expected) => {
    const service = await startedService();
    const key = fields === null ? masterKey : await holderOf(service, fields);
    const { status, body } = await service.send({
      path,
      headers: {
        ...bearer(key),
        ...(header === undefined ? {} : { 'litellm-changed-by': header }),
      },
      body: {},
    });
    expect(status).toBe(200);
    await service.deliver();
    const [record] = service.trail.of(body.key_id);
    const [caller] = service.table.rows().filter(({ cur }) => cur.hash === tokenHash(key));
    expect(record).toMatchObject({
      changed_by: expected,
      who: {
        changed_by: expected,
        changed_by_api_key: fields === null ? 'litellm_proxy_master_key' : tokenHash(key),
        principal: caller?.keyId,
        source_ip: '192.0.2.1',
      },
    });
    expect(newestRow(service).event.who.changed_by).toBe(expected);
  });
});
