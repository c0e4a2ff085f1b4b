/** What generate makes of each field: left out, null, empty, valid and invalid, one by one. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  adminMembers,
  fieldRules,
  type KeyFields,
} from '../../lambdas/shared/domain/key-fields.ts';
import type { KeyImage } from '../../lambdas/shared/domain/key-row.ts';
import { issuedKeyAnswer, keyInfoAnswer } from '../../lambdas/shared/http/key-schema.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { newestRow, type Service, stored } from './fixtures/stored.ts';

interface Case {
  readonly field: keyof KeyFields;
  /** Where the value is kept in the image; under the field's name unless named. */
  readonly at?: string;
  /** What the image has where the field is left out or null. */
  readonly none?: unknown;
  /** An empty value, and what the image has then; a number is the status of a refusal. */
  readonly empty?: readonly [value: unknown, kept: unknown];
  readonly valid: unknown;
  readonly kept?: unknown;
  /** What else the request needs. */
  readonly beside?: object;
  /** Values of the right JSON type that break a rule: 400. */
  readonly invalid?: readonly unknown[];
  /** Values of a wrong JSON type: 422. */
  readonly malformed: readonly unknown[];
  /** What the answer of generate shows under the field's name; the kept value unless named. */
  readonly answered?: unknown;
  /** Where info shows it; under its own name unless named. */
  readonly shownAt?: string | null;
}

const list = (field: keyof KeyFields, more: Partial<Case> = {}): Case => ({
  field,
  empty: [[], []],
  valid: ['a', 'b'],
  malformed: ['a', [1], {}],
  ...more,
});
const object = (field: keyof KeyFields, more: Partial<Case> = {}): Case => ({
  field,
  empty: [{}, {}],
  valid: { a: { b: [1, null, 'x'] } },
  malformed: ['a', [], 1],
  ...more,
});
const amount = (field: keyof KeyFields, more: Partial<Case> = {}): Case => ({
  field,
  empty: [0, 0],
  valid: 2.5,
  invalid: [-1, 'NaN', 'Infinity'],
  malformed: ['plenty', {}, []],
  ...more,
});
const count = (field: keyof KeyFields): Case =>
  amount(field, { valid: 7, invalid: [-1, 2 ** 53], malformed: ['plenty', 1.5, {}] });
const id = (field: keyof KeyFields, more: Partial<Case> = {}): Case => ({
  field,
  empty: ['', undefined],
  valid: 'x-1',
  invalid: ['x'.repeat(257)],
  malformed: [5, ['x'], {}],
  ...more,
});
/** Kept in metadata, and null in the answer of generate. */
const member = (test: Case): Case => ({
  ...test,
  at: `metadata.${test.field}`,
  answered: null,
  shownAt: `metadata.${test.field}`,
});
const limits = (field: keyof KeyFields): Case =>
  member(object(field, { valid: { m: 5 }, invalid: [{ m: -1 }] }));
const truth = (field: keyof KeyFields): Case => ({
  field,
  empty: [false, false],
  valid: true,
  malformed: ['maybe', 2, {}],
});
const limitType = (field: keyof KeyFields): Case =>
  member({ field, valid: 'best_effort_throughput', malformed: ['best', 1] });

const window = { max_budget: 5, budget_duration: '1d' };

const cases: readonly Case[] = [
  { field: 'key_alias', empty: ['', 400], valid: 'alpha', invalid: [' '], malformed: [5] },
  {
    field: 'key_type',
    valid: 'read_only',
    malformed: ['', 'super', 1],
  },
  {
    field: 'duration',
    at: 'expires',
    empty: ['', 400],
    valid: '1h',
    kept: '2026-11-25T14:50:00.000Z',
    invalid: ['-1', 'abc', '30 days'],
    malformed: [30],
    answered: null,
    shownAt: 'expires',
  },
  list('models', { none: [] }),
  object('aliases', { none: {} }),
  object('config', { none: {} }),
  object('permissions', { none: {} }),
  amount('spend', { none: 0 }),
  amount('max_budget'),
  amount('soft_budget', { shownAt: 'litellm_budget_table.soft_budget', answered: undefined }),
  {
    field: 'budget_duration',
    empty: ['', 400],
    valid: '7d',
    invalid: ['abc', '0d', '2mo', '-1'],
    malformed: [7],
  },
  {
    field: 'budget_limits',
    empty: [[], undefined],
    valid: [window],
    kept: [{ ...window, reset_at: '2026-11-26T00:00:00.000Z' }],
    invalid: [[{ ...window, max_budget: -5 }], [{ ...window, budget_duration: 'abc' }]],
    malformed: [{}, ['x'], [{ max_budget: 5 }], [{ budget_limit: 5, time_period: '1d' }]],
  },
  id('budget_id'),
  object('model_max_budget', {
    valid: { m: { budget_limit: 1, time_period: '1d' } },
    invalid: [{ m: { budget_limit: -1 } }],
  }),
  object('budget_fallbacks', { valid: { m: ['x'] }, malformed: [[], { m: 'x' }, { m: [1] }] }),
  id('user_id'),
  id('agent_id'),
  id('team_id'),
  id('organization_id'),
  id('project_id'),
  count('tpm_limit'),
  count('rpm_limit'),
  count('tpd_limit'),
  count('max_parallel_requests'),
  list('allowed_cache_controls'),
  list('allowed_routes', { none: [] }),
  object('object_permission', { answered: null }),
  object('router_settings', {
    valid: { num_retries: 2, x: 1 },
    answered: expect.objectContaining({ num_retries: 2, timeout: null, x: 1 }),
  }),
  list('access_group_ids'),
  truth('blocked'),
  {
    ...truth('auto_rotate'),
    none: false,
    beside: { rotation_interval: '30d' },
    answered: undefined,
  },
  {
    field: 'rotation_interval',
    empty: ['', 400],
    valid: '30d',
    beside: { auto_rotate: true },
    invalid: ['abc', '0d'],
    malformed: [30],
    answered: undefined,
  },
  object('metadata', { none: {} }),
  limitType('tpm_limit_type'),
  limitType('rpm_limit_type'),
  limits('model_rpm_limit'),
  limits('model_tpm_limit'),
  limits('mcp_rpm_limit'),
  limits('tag_rpm_limit'),
  member({
    field: 'default_estimated_output_tokens',
    valid: 100,
    malformed: [0, -1, 1.5, 'many'],
  }),
  member(
    object('default_estimated_output_tokens_per_model', {
      valid: { m: 5 },
      malformed: [[], { m: 0 }, { m: '5' }],
    }),
  ),
  member(list('tags')),
  member(list('guardrails')),
  member(list('policies')),
  member(list('prompts')),
  member(list('enforced_params')),
  member(truth('disable_global_guardrails')),
  member(truth('enable_prompt_caching')),
  member(truth('throttle_on_budget_exceeded')),
  member(
    list('allowed_vector_store_indexes', {
      valid: [{ index_name: 'i', index_permissions: ['read', 'write'] }],
      malformed: [{}, [{ index_name: 'i' }], [{ index_name: 'i', index_permissions: ['own'] }]],
    }),
  ),
  member(list('allowed_passthrough_routes')),
  member(list('denied_passthrough_routes')),
  member(id('end_user_budget_id')),
  {
    field: 'user_email',
    empty: ['', 400],
    valid: 'ada@example.com',
    invalid: ['ada'],
    malformed: [5],
    answered: undefined,
  },
  { field: 'user_role', valid: 'internal_user', malformed: ['root', ''], answered: undefined },
  {
    field: 'store_secret',
    empty: [false, false],
    valid: false,
    malformed: ['maybe'],
    answered: undefined,
    shownAt: null,
  },
];
/** They leave nothing under their name in the image; they have tests of their own. */
const elsewhere = ['key', 'send_invite_email', 'temp_budget_increase', 'temp_budget_expiry'];

const valueAt = (value: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce(
      (found, name) =>
        typeof found === 'object' && found !== null
          ? Object.entries(found).find(([own]) => own === name)?.[1]
          : undefined,
      value,
    );

async function imageOf(service: Service, fields: object): Promise<KeyImage> {
  const { status, body } = await service.generate(fields);
  if (status !== 200) throw new Error(body.error.message);
  return newestRow(service).key;
}

describe('generate', () => {
  it('has a case for every field', () => {
    const covered = [...cases.map(({ field }) => field), ...elsewhere];
    expect(new Set(covered)).toEqual(new Set(Object.keys(fieldRules)));
  });

  it.each(cases)('keeps $field as it is sent, and shows it', async (test) => {
    const { field, at = field, valid, kept = valid, beside = {} } = test;
    const service = await startedService();
    const { status, body } = await service.generate({ ...beside, [field]: valid });
    expect([status, body.error]).toEqual([200, undefined]);
    expect(valueAt(newestRow(service).key, at)).toEqual(kept);
    issuedKeyAnswer.parse(body);
    expect(body[field]).toEqual('answered' in test ? test.answered : kept);
    const { body: info } = await service.asAdmin({
      method: 'GET',
      path: `/key/info?key=${body.key_id}`,
    });
    keyInfoAnswer.parse(info);
    const { shownAt = field } = test;
    if (shownAt !== null) expect(valueAt(info.info, shownAt)).toEqual(kept);
  });

  it.each(cases)('takes $field for none where it is left out or null', async (test) => {
    const { field, at = field, none } = test;
    const service = await startedService();
    for (const fields of [{}, { [field]: null }]) {
      const image = await imageOf(service, fields);
      expect(valueAt(image, at)).toEqual(none);
      expect(image.metadata).toEqual({});
    }
  });

  it.each(cases.filter(({ empty }) => empty !== undefined))(
    'has a rule for the empty $field',
    async ({ field, at = field, empty, beside = {} }) => {
      const [value, kept] = empty ?? [undefined, undefined];
      const service = await startedService();
      if (kept === 400) {
        const { status, body } = await service.generate({ [field]: value });
        expect([status, body.error.param]).toEqual([400, field]);
      } else {
        expect(valueAt(await imageOf(service, { ...beside, [field]: value }), at)).toEqual(kept);
      }
    },
  );

  const broken = cases.flatMap(({ field, invalid = [], malformed }) => [
    ...invalid.map((value) => ({ field, value, status: 400 })),
    ...malformed.map((value) => ({ field, value, status: 422 })),
  ]);
  it.each(broken)('refuses $value as $field with a $status', async ({ field, value, status }) => {
    const service = await startedService();
    const before = await stored(service);
    const answer = await service.generate({ [field]: value });
    expect([answer.status, answer.body.error.param]).toEqual([status, field]);
    expect(await stored(service)).toEqual(before);
  });

  it.each([
    ['budget_duration', { budget_duration: '1d' }, { budget_reset_at: '2026-11-26T00:00:00.000Z' }],
    [
      'rotation',
      { auto_rotate: true, rotation_interval: '1h' },
      { key_rotation_at: '2026-11-25T14:50:00.000Z' },
    ],
    ['an interval alone', { rotation_interval: '1h' }, { auto_rotate: false }],
  ])('computes the times of %s', async (_, fields, image) => {
    expect(await imageOf(await startedService(), fields)).toMatchObject(image);
  });

  it('leaves out an interval that rotates nothing', async () => {
    const image = await imageOf(await startedService(), { rotation_interval: '1h' });
    expect([image.rotation_interval, image.key_rotation_at]).toEqual([undefined, undefined]);
  });

  it('lets fields that are kept in metadata win over members of the same name', async () => {
    const fields = { metadata: { tags: ['a'], note: 1 }, tags: ['b'] };
    const image = await imageOf(await startedService(), fields);
    expect(image.metadata).toEqual({ tags: ['b'], note: 1 });
  });

  it('lets routes that are named win over those of the key type', async () => {
    const fields = { key_type: 'llm_api', allowed_routes: ['/chat/completions'] };
    expect((await imageOf(await startedService(), fields)).allowed_routes).toEqual([
      '/chat/completions',
    ]);
  });
});

/** A user's key, and how it asks for more. */
async function holder(own: object = {}) {
  const service = await startedService({ maxKeysPerUser: null });
  const { body } = await service.generate({ user_id: 'ada', ...own });
  return { service, own: body, ask: (fields: object) => service.generate(fields, body.key) };
}

describe('an ordinary caller of generate', () => {
  const forAdmins: ReadonlyArray<readonly [keyof KeyFields, unknown]> = [
    ['permissions', {}],
    ['user_role', 'internal_user'],
    ['allowed_routes', []],
    ['allowed_passthrough_routes', []],
    ['denied_passthrough_routes', []],
    ['end_user_budget_id', 'b'],
    ['default_estimated_output_tokens', 1],
    ['default_estimated_output_tokens_per_model', {}],
    ['object_permission', {}],
    ['disable_global_guardrails', true],
    ['throttle_on_budget_exceeded', true],
    ['key_type', 'management'],
    ['team_id', 'other'],
    ['organization_id', 'other'],
    ['project_id', 'other'],
    ['agent_id', 'other'],
    ['budget_id', 'other'],
    ['access_group_ids', ['ag', 'other']],
  ];
  const own = {
    team_id: 't',
    organization_id: 'o',
    project_id: 'p',
    agent_id: 'g',
    budget_id: 'b',
    access_group_ids: ['ag', 'ag2'],
  };

  it.each(forAdmins)('is denied %s', async (field, value) => {
    const { service, ask } = await holder(own);
    const before = await stored(service);
    const { status, body } = await ask({ [field]: value });
    expect([status, body.error.type, body.error.param]).toEqual([403, 'auth_error', field]);
    expect(await stored(service)).toEqual(before);
    expect((await ask({ [field]: null })).status).toBe(200);
  });

  it.each(adminMembers)('is denied %s inside metadata', async (name) => {
    const { ask } = await holder();
    for (const value of [true, false, null]) {
      const { status, body } = await ask({ metadata: { [name]: value } });
      expect([status, body.error.param]).toEqual([403, 'metadata']);
    }
  });

  it('may pass on what its own key belongs to, and switch nothing off', async () => {
    const { ask } = await holder(own);
    const off = { disable_global_guardrails: false, throttle_on_budget_exceeded: false };
    const { status, body } = await ask({ ...own, access_group_ids: ['ag'], ...off });
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...own, access_group_ids: ['ag'] });
  });

  it('gets nothing beyond its own key, whatever it sends', async () => {
    const bound = {
      models: ['cheap', 'small'],
      max_budget: 5,
      tpd_limit: 10,
      budget_id: 'b',
      guardrails: ['strict'],
      object_permission: { mcp_servers: ['m'] },
      denied_passthrough_routes: ['/x'],
    };
    const { service, ask } = await holder(bound);
    const value = fc.oneof(
      fc.constantFrom<unknown>(null, '', 'b', 'ada', '1h', true, false, 0, 3, 1e6),
      fc.constantFrom<unknown>([], ['cheap'], ['huge'], ['strict'], {}, { cheap: 9 }, [window]),
      fc.dictionary(fc.constantFrom(...adminMembers, 'guardrails', 'x'), fc.jsonValue()),
    );
    const names = fc.constantFrom(...Object.keys(fieldRules), 'unknown');
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, value, { maxKeys: 5 }), async (sent) => {
        const { status } = await ask(sent);
        if (status !== 200) return;
        accepted += 1;
        const { key } = newestRow(service);
        expect(key.user_id).toBe('ada');
        expect(key.max_budget).toBeLessThanOrEqual(5);
        expect(key.tpd_limit).toBeLessThanOrEqual(10);
        expect(key.models.length).toBeGreaterThan(0);
        for (const model of key.models) expect(bound.models).toContain(model);
        expect([key.budget_id, key.object_permission]).toEqual(['b', bound.object_permission]);
        expect(key.metadata['guardrails']).toEqual(['strict']);
        for (const { max_budget } of key.budget_limits ?? []) {
          expect(max_budget).toBeLessThanOrEqual(5);
        }
        for (const name of adminMembers) {
          const kept = name === 'denied_passthrough_routes' ? ['/x'] : undefined;
          if (key.metadata[name] !== false) expect(key.metadata[name], name).toEqual(kept);
        }
        expect([key.permissions, key.user_role]).toEqual([{}, undefined]);
        expect([[], ['llm_api_routes'], ['info_routes']]).toContainEqual(key.allowed_routes);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});

describe('the key of a service account', () => {
  const path = '/key/service-account/generate';
  const ask = (service: Service, body: object, headers: Record<string, string> = {}) =>
    service.asAdmin({ path, body, headers });

  it('belongs to a team and to no user', async () => {
    const service = await startedService({ keyDefaults: { user_id: 'default' } });
    const { status, body } = await ask(service, { team_id: 't', user_id: 'bob', key_alias: 'ci' });
    expect(status).toBe(200);
    issuedKeyAnswer.parse(body);
    expect(body).toMatchObject({
      team_id: 't',
      user_id: null,
      key_alias: 'ci',
      metadata: { service_account_id: 'ci' },
    });
    expect(service.secrets.current('litellm/ci')).toBe(body.key);
  });

  it('is known by the id that is given, else its alias, else an id of its own', async () => {
    const service = await startedService();
    const given = { team_id: 't', key_alias: 'a', metadata: { service_account_id: 'x', n: 1 } };
    expect((await ask(service, given)).body.metadata).toEqual(given.metadata);
    const { body } = await ask(service, { team_id: 't' });
    expect(body.metadata.service_account_id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const { body: other } = await ask(service, { team_id: 't' });
    expect(other.metadata).not.toEqual(body.metadata);
  });

  it.each([
    ['no team', {}, 400, 'team_id'],
    ['an empty team', { team_id: '' }, 400, 'team_id'],
    ['a blank team', { team_id: ' ' }, 400, 'team_id'],
    ['no team but a default one', { team_id: null }, 400, 'team_id'],
    ['a negative budget', { team_id: 't', max_budget: -1 }, 400, 'max_budget'],
    ['a malformed duration', { team_id: 't', duration: 'abc' }, 400, 'duration'],
    ['a wrong type', { team_id: 5 }, 422, 'team_id'],
  ])('is refused with %s', async (_, fields, status, param) => {
    const service = await startedService({ keyDefaults: { team_id: 'default' } });
    const before = await stored(service);
    const answer = await ask(service, fields);
    expect([answer.status, answer.body.error.param]).toEqual([status, param]);
    expect(await stored(service)).toEqual(before);
  });

  it.each([
    [{ user_id: 'ada' }, 403],
    [{ user_id: 'ada', key_type: 'management', team_id: 't' }, 403],
    [{ user_role: 'proxy_admin_viewer' }, 403],
    [{ user_id: 'ada', user_role: 'internal_user_viewer' }, 401],
    [{ user_role: 'proxy_admin', key_type: 'read_only' }, 403],
    [{ user_role: 'proxy_admin' }, 200],
  ])('is made by admins alone: %o gets %i', async (fields, status) => {
    const service = await startedService();
    const { body: caller } = await service.generate(fields);
    const answer = await service.send({
      path,
      headers: { authorization: `Bearer ${caller.key}` },
      body: { team_id: 't' },
    });
    expect(answer.status).toBe(status);
  });

  it('is another request than the same fields for a plain key', async () => {
    const service = await startedService();
    const headers = { 'idempotency-key': 'once', authorization: `Bearer ${masterKey}` };
    const first = await ask(service, { team_id: 't' }, headers);
    expect((await ask(service, { team_id: 't' }, headers)).body).toEqual(first.body);
    const plain = await service.send({ path: '/key/generate', headers, body: { team_id: 't' } });
    expect(plain.status).toBe(200);
    expect(plain.body.key_id).not.toBe(first.body.key_id);
  });

  it('cannot be asked for in the body', async () => {
    const service = await startedService();
    const { body } = await service.generate({ isServiceAccount: true, user_id: 'ada' });
    expect(body.user_id).toBe('ada');
  });
});
