/** Whatever is refused has changed nothing in any store. */
import { describe, expect, it, vi } from 'vitest';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import { startedService } from '../fakes/service.ts';
import { settingsWith } from '../fixtures/settings.ts';
import { stored } from './fixtures/stored.ts';

interface Refused {
  readonly why: string;
  readonly body: unknown;
  readonly status: number;
  readonly param: string | null;
  readonly settings?: Partial<Settings>;
}

type Short = readonly [why: string, body: unknown, param: string | null];

const long = (length: number) => 'x'.repeat(length);
const { mail } = settingsWith();

const unreadable: Short[] = [
  ['no body', undefined, null],
  ['an empty body', '', null],
  ['broken JSON', '{"key_alias":', null],
  ['NaN, which is no JSON', '{"max_budget": NaN}', null],
  ['an array', [], null],
  ['null', 'null', null],
  ['a text', '"text"', null],
  ['a number as alias', { key_alias: 5 }, 'key_alias'],
  ['a list as alias', { key_alias: ['a'] }, 'key_alias'],
  ['a text as models', { models: 'gpt-4o' }, 'models'],
  ['numbers as models', { models: ['a', 1] }, 'models'],
  ['a list as metadata', { metadata: [] }, 'metadata'],
  ['a text as metadata', { metadata: '{}' }, 'metadata'],
  ['a text as permissions', { permissions: 'all' }, 'permissions'],
  ['a number as duration', { duration: 30 }, 'duration'],
  ['a word as budget', { max_budget: 'plenty' }, 'max_budget'],
  ['an object as budget', { max_budget: {} }, 'max_budget'],
  ['half a token', { tpm_limit: 1.5 }, 'tpm_limit'],
  ['infinite tokens', '{"tpm_limit": 1e400}', 'tpm_limit'],
  ['no truth value', { blocked: 'maybe' }, 'blocked'],
  ['2 as truth value', { send_invite_email: 2 }, 'send_invite_email'],
  ['an unknown key type', { key_type: 'super' }, 'key_type'],
  ['an unknown role', { user_role: 'root' }, 'user_role'],
];

const invalid: Short[] = [
  ['a blank alias', { key_alias: '  ' }, 'key_alias'],
  ['an empty alias', { key_alias: '' }, 'key_alias'],
  ['an alias over the limit', { key_alias: long(505) }, 'key_alias'],
  ['an alias longer than a key of the table', { key_alias: long(3000) }, 'key_alias'],
  [
    'such an alias of an unmirrored key',
    { key_alias: long(505), store_secret: false },
    'key_alias',
  ],
  ['an alias with a control character', { key_alias: 'a\u0000' }, 'key_alias'],
  ['an alias with a line end', { key_alias: 'a\nb' }, 'key_alias'],
  ['an alias that climbs', { key_alias: 'a/../b' }, 'key_alias'],
  ['an alias that is no Unicode', '{"key_alias":"\\ud800"}', 'key_alias'],
  ['a negative budget', { max_budget: -1 }, 'max_budget'],
  ['a budget that is no number', { max_budget: 'NaN' }, 'max_budget'],
  ['an infinite budget', '{"max_budget": 1e400}', 'max_budget'],
  ['an infinite budget as text', { max_budget: '-Infinity' }, 'max_budget'],
  ['a budget that cannot be stored exactly', { max_budget: 1e30 }, 'max_budget'],
  ['a negative soft budget', { soft_budget: -0.01 }, 'soft_budget'],
  ['negative spend', { spend: -5 }, 'spend'],
  ['negative tokens', { tpm_limit: -1 }, 'tpm_limit'],
  ['negative requests', { rpm_limit: -1 }, 'rpm_limit'],
  ['negative parallel requests', { max_parallel_requests: -1 }, 'max_parallel_requests'],
  ['more tokens than can be counted', { tpm_limit: 2 ** 53 }, 'tpm_limit'],
  ['an empty duration', { duration: '' }, 'duration'],
  ['a negative duration', { duration: '-1' }, 'duration'],
  ['a duration with a blank', { duration: '30 days' }, 'duration'],
  ['half an hour as 0.5h', { duration: '0.5h' }, 'duration'],
  ['a duration past the year 9999', { duration: '999999999999d' }, 'duration'],
  ['a malformed budget duration', { budget_duration: 'monthly' }, 'budget_duration'],
  ['a budget duration of zero', { budget_duration: '0d' }, 'budget_duration'],
  ['a malformed rotation interval', { rotation_interval: 'x' }, 'rotation_interval'],
  ['a user id over 256 characters', { user_id: long(257) }, 'user_id'],
  ['a team id over 256 characters', { team_id: long(257) }, 'team_id'],
  ['an organisation over 256 characters', { organization_id: long(257) }, 'organization_id'],
  ['a row over 32 kB', { metadata: { note: long(33_000) } }, null],
  ['a row over 32 kB of umlauts', { metadata: { note: 'ü'.repeat(17_000) } }, null],
  ['a member named __proto__', '{"metadata":{"__proto__":{"a":1}}}', 'metadata'],
  ['a member named constructor', '{"metadata":{"constructor":"x"}}', 'metadata'],
  ['a member without name', { aliases: { '': 'x' } }, 'aliases'],
  ['a chosen key without sk-', { key: 'my-very-own-secret-key' }, 'key'],
  ['a chosen key of 15 characters', { key: 'sk-123456789012' }, 'key'],
  ["the admin key's value", { key: 'sk-1234' }, 'key'],
  ['an empty chosen key', { key: '' }, 'key'],
  ['a chosen key with a blank', { key: 'sk-one two three four' }, 'key'],
  ['a chosen key with our marker', { key: `sk-lk_${long(17)}_${long(27)}_000000` }, 'key'],
  ['a malformed address', { user_email: 'ada' }, 'user_email'],
  ['an address with a second one', { user_email: 'a@x.example,b@x.example' }, 'user_email'],
  ['an address with a header', { user_email: 'a@x.example\r\nBcc: b@x.example' }, 'user_email'],
  ['a mail without recipient', { send_invite_email: true }, 'send_invite_email'],
  ['a mail to no address', { send_invite_email: true, user_id: 'ada' }, 'send_invite_email'],
];

const perEnvironment: Refused[] = [
  {
    why: 'a mail where alerting is off',
    body: { send_invite_email: true, user_email: 'ada@example.com' },
    status: 400,
    param: 'send_invite_email',
    settings: { mail: { ...mail, alerting: false } },
  },
  {
    why: 'a recipient outside the allowed domains',
    body: { send_invite_email: true, user_email: 'ada@other.example' },
    status: 400,
    param: 'user_email',
    settings: { mail: { ...mail, domains: ['example.com'] } },
  },
  {
    why: 'a user outside the allowed domains as recipient',
    body: { send_invite_email: true, user_id: 'ada@sub.example.com' },
    status: 400,
    param: 'user_id',
    settings: { mail: { ...mail, domains: ['example.com'] } },
  },
  {
    why: 'a chosen key where none may be chosen',
    body: { key: 'sk-chosen-by-somebody' },
    status: 403,
    param: 'key',
    settings: { allowCustomKeys: false },
  },
  {
    why: "an alias that breaks the environment's pattern",
    body: { key_alias: 'alpha' },
    status: 400,
    param: 'key_alias',
    settings: { aliasPattern: 'team-.+' },
  },
  {
    why: 'a budget above the limit',
    body: { max_budget: 10.01 },
    status: 400,
    param: 'max_budget',
    settings: { keyLimits: { max_budget: 10 } },
  },
  {
    why: 'a duration above the limit',
    body: { duration: '31d' },
    status: 400,
    param: 'duration',
    settings: { keyLimits: { duration: '30d' } },
  },
  {
    why: 'a duration of -1 where there is a limit',
    body: { duration: '-1' },
    status: 400,
    param: 'duration',
    settings: { keyLimits: { duration: '30d' } },
  },
];

const withStatus =
  (status: number) =>
  ([why, body, param]: Short): Refused => ({
    why,
    body,
    status,
    param,
  });

describe('generate-key refuses', () => {
  it.each([...unreadable.map(withStatus(422)), ...invalid.map(withStatus(400)), ...perEnvironment])(
    '$why with a $status that names $param',
    async ({ body, status, param, settings }) => {
      const service = await startedService(settings);
      const before = await stored(service);
      const answer = await service.generate(body);
      expect(answer.status).toBe(status);
      const type =
        status === 422 ? 'validation_error' : status === 403 ? 'auth_error' : 'bad_request_error';
      expect(answer.body).toEqual({
        error: { message: expect.any(String), type, param, code: String(status) },
      });
      expect(await stored(service)).toEqual(before);
      expect(service.secrets.calls).toBe(0);
    },
  );

  it('a body over 256 kB with a 413, however little of it counts', async () => {
    const service = await startedService();
    const before = await stored(service);
    const { status, body } = await service.generate({ ignored: long(256 * 1024) });
    expect(status).toBe(413);
    expect(body.error).toMatchObject({ type: 'request_too_large', code: '413' });
    expect(await stored(service)).toEqual(before);
    const fitting = `{"ignored":"${long(256 * 1024 - 14)}"}`;
    expect((await service.generate(fitting)).status).toBe(200);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'x'])(
    'a body sent as %s with a 422',
    async (type) => {
      const service = await startedService();
      const { status } = await service.asAdmin({
        path: '/key/generate',
        headers: { 'content-type': type },
        body: {},
      });
      expect(status).toBe(422);
      expect(service.table.rows()).toHaveLength(1);
    },
  );

  it('a taken alias with a 400, and leaves its holder alone', async () => {
    const service = await startedService();
    const first = await service.generate({ key_alias: 'alpha' });
    const before = await stored(service);
    const { status, body } = await service.generate({ key_alias: 'alpha' });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ type: 'bad_request_error', param: 'key_alias' });
    expect(await stored(service)).toEqual(before);
    expect(service.secrets.current('litellm/alpha')).toBe(first.body.key);
  });

  it('an alias that fits no key of the table without looking it up', async () => {
    const service = await startedService();
    const load = vi.spyOn(service.table, 'load');
    await service.generate({ key_alias: long(3000) });
    await service.generate({ key_alias: long(3000) }, 'sk-unknown-custom-key');
    for (const [wanted] of load.mock.calls) expect(wanted.alias).toBeUndefined();
  });

  it('takes aliases that differ in case or escaping for different ones', async () => {
    const service = await startedService();
    for (const key_alias of [
      'alpha',
      'Alpha',
      'a b',
      'a=20b',
      'virtual-key-x',
      '=76irtual-key-x',
    ]) {
      expect((await service.generate({ key_alias })).status).toBe(200);
    }
    expect(service.secrets.secrets.size).toBe(6);
  });

  it('names at most a handful of the problems of a long list', async () => {
    const service = await startedService();
    const { status, body } = await service.generate({
      models: Array.from({ length: 9999 }, () => 1),
    });
    expect(status).toBe(422);
    expect(body.error.message.length).toBeLessThan(500);
  });

  it('with the allowed range in the message', async () => {
    const service = await startedService({ keyLimits: { max_budget: 10 } });
    const { body } = await service.generate({ max_budget: 11 });
    expect(body.error.message).toMatch(/between 0 and 10/);
  });

  it('never with a word of what was sent', async () => {
    const service = await startedService();
    for (const field of [
      'key',
      'key_alias',
      'duration',
      'budget_duration',
      'user_email',
      'key_type',
    ]) {
      const { status, body } = await service.generate({ [field]: `..canary\n${long(600)}` });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(JSON.stringify(body)).not.toContain('canary');
    }
  });
});

describe("an environment's defaults and limits", () => {
  it('fill what is left out', async () => {
    const service = await startedService({
      keyDefaults: { max_budget: 5, models: ['a'], metadata: { from: 'default' }, team_id: 't' },
      keyLimits: { tpm_limit: 100, duration: '1d' },
    });
    const { body } = await service.generate({ max_budget: null, models: [] });
    expect(body).toMatchObject({
      max_budget: 5,
      models: ['a'],
      metadata: { from: 'default' },
      team_id: 't',
      tpm_limit: 100,
      expires: '2026-11-26T13:50:00.000Z',
    });
  });

  it('give way to what is sent', async () => {
    const service = await startedService({
      keyDefaults: { max_budget: 5, budget_duration: '30d' },
      keyLimits: { max_budget: 10 },
    });
    const { body } = await service.generate({ max_budget: 10, budget_duration: null });
    expect(body).toMatchObject({ max_budget: 10, budget_duration: null });
  });
});
