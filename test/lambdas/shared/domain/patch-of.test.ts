/** What an update makes of each field: left out, null, empty, valid and invalid are five things. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { DomainError } from '../../../../lambdas/shared/domain/errors.ts';
import {
  adminMembers,
  fieldRules,
  type KeyFields,
} from '../../../../lambdas/shared/domain/key-fields.ts';
import { emptyPatch, patched } from '../../../../lambdas/shared/domain/key-patch.ts';
import type { KeyImage } from '../../../../lambdas/shared/domain/key-row.ts';
import { patchOf } from '../../../../lambdas/shared/domain/patch-of.ts';
import type { Caller } from '../../../../lambdas/shared/domain/roles.ts';
import type { Settings } from '../../../../lambdas/shared/domain/settings.ts';
import { keyFields, temporaryBudget } from '../../../../lambdas/shared/http/key-request.ts';
import { settingsWith } from '../../../fixtures/settings.ts';
import { refusalOf } from '../../fixtures/refusal.ts';
import { callerWith, now, rowWith } from '../../fixtures/rows.ts';

const changeRequest = z.object({ ...keyFields, ...temporaryBudget });

const admin = callerWith({ user_id: undefined, user_role: 'proxy_admin' });

const who = {
  changed_by: 'ada',
  changed_by_api_key: null,
  principal: 'x',
  settled_by: null,
  source_ip: null,
};

interface Asked {
  readonly stored?: Partial<KeyImage>;
  readonly caller?: Caller;
  readonly settings?: Partial<Settings>;
}

function patchFor(asked: object, { stored = {}, caller = admin, settings = {} }: Asked = {}) {
  const row = rowWith({ key: stored, alias: stored.key_alias ?? null });
  const context = {
    caller,
    scope: caller === admin ? 'any' : 'own',
    who,
    presentedKey: 'sk-presented-by-the-caller',
    namedBy: '',
    settings: settingsWith(settings),
    now,
  } as const;
  return { row, patch: patchOf(asked, row, context) };
}

/** The image after the change. */
function after(asked: object, given: Asked = {}): KeyImage {
  const { row, patch } = patchFor(asked, given);
  return patched(row.key, patch);
}

/** The image after the change, by the names of members; members of metadata as `metadata.x`. */
const valueAt = (image: KeyImage, path: string): unknown =>
  path.startsWith('metadata.') ? image.metadata[path.slice('metadata.'.length)] : image[path];

const refused = (asked: object, given: Asked = {}) => {
  const { kind, param } = refusalOf(() => patchFor(asked, given));
  return [kind, param];
};

const old = '2026-01-01T00:00:00.000Z';
const window = { max_budget: 5, budget_duration: '1d' };
const fixedWindow = { ...window, reset_at: '2026-11-26T00:00:00.000Z' };

/** What is there after: what was before, nothing, or a value; or a refusal with that status. */
type Effect = 'keeps' | 'none' | 400 | { readonly is: unknown };
const is = (value: unknown): Effect => ({ is: value });

interface Case {
  readonly field: keyof KeyFields;
  /** Where the value is in the image; under the field's name unless named. */
  readonly at?: string;
  readonly stored: unknown;
  readonly more?: Partial<KeyImage>;
  readonly onNull: Effect;
  readonly empty?: readonly [value: unknown, effect: Effect];
  readonly valid: unknown;
  readonly becomes?: unknown;
  readonly invalid?: readonly unknown[];
}

const list = (field: keyof KeyFields): Case => ({
  field,
  stored: ['a'],
  onNull: 'none',
  empty: [[], is([])],
  valid: ['b'],
});
const object = (field: keyof KeyFields, more: Partial<Case> = {}): Case => ({
  field,
  stored: { a: 1 },
  onNull: 'none',
  empty: [{}, is({})],
  valid: { b: 2 },
  ...more,
});
const amount = (field: keyof KeyFields, more: Partial<Case> = {}): Case => ({
  field,
  stored: 3,
  onNull: 'none',
  empty: [0, is(0)],
  valid: 7,
  invalid: [-1, Infinity, Number.NaN],
  ...more,
});
const id = (field: keyof KeyFields, more: Partial<Case> = {}): Case => ({
  field,
  stored: 'old',
  onNull: 'none',
  empty: ['', 'none'],
  valid: 'new',
  invalid: ['x'.repeat(257)],
  ...more,
});
/** Kept in metadata: null leaves it. */
const member = (
  field: keyof KeyFields,
  stored: unknown,
  valid: unknown,
  more: Partial<Case> = {},
): Case => ({
  field,
  at: `metadata.${field}`,
  stored,
  onNull: 'keeps',
  valid,
  ...more,
});
const memberList = (field: keyof KeyFields) => member(field, ['a'], ['b'], { empty: [[], is([])] });
const memberLimits = (field: keyof KeyFields) =>
  member(field, { m: 1 }, { m: 2 }, { empty: [{}, is({})], invalid: [{ m: -1 }, { m: Infinity }] });

const cases: readonly Case[] = [
  {
    field: 'key_alias',
    stored: 'alpha',
    onNull: 'none',
    empty: ['', 400],
    valid: 'beta',
    invalid: [' ', 'a/../b', 'x'.repeat(505)],
  },
  {
    field: 'duration',
    at: 'expires',
    stored: old,
    onNull: 'none',
    empty: ['', 'keeps'],
    valid: '1h',
    becomes: '2026-11-25T14:50:00.000Z',
    invalid: ['abc', '30 days', '1.5h', '-5d', '999999999999d'],
  },
  { ...list('models'), onNull: 400 },
  object('aliases', { onNull: is({}) }),
  object('config', { onNull: is({}) }),
  object('permissions', { onNull: is({}) }),
  amount('spend', { onNull: 400 }),
  amount('max_budget'),
  amount('soft_budget'),
  {
    field: 'budget_duration',
    stored: '30d',
    onNull: 'none',
    empty: ['', 400],
    valid: '7d',
    invalid: ['abc', '0d', '-1d', '999999999999d', '2mo'],
  },
  {
    field: 'budget_duration',
    at: 'budget_reset_at',
    stored: old,
    onNull: 'none',
    empty: ['', 400],
    valid: '1d',
    becomes: '2026-11-26T00:00:00.000Z',
  },
  {
    field: 'budget_limits',
    stored: [fixedWindow],
    onNull: 'none',
    empty: [[], 'none'],
    valid: [{ max_budget: 1, budget_duration: '30d' }],
    becomes: [{ max_budget: 1, budget_duration: '30d', reset_at: '2026-12-01T00:00:00.000Z' }],
    invalid: [
      [{ ...window, max_budget: -1 }],
      [{ ...window, max_budget: Infinity }],
      [{ ...window, budget_duration: 'abc' }],
      [{ ...window, budget_duration: '' }],
    ],
  },
  id('budget_id'),
  object('model_max_budget', { invalid: [{ m: { budget_limit: -1 } }] }),
  object('budget_fallbacks', { stored: { a: ['b'] }, valid: { c: ['d'] } }),
  id('user_id'),
  id('agent_id'),
  id('team_id', { empty: ['', 'keeps'] }),
  id('organization_id'),
  id('project_id', { valid: 'old', invalid: ['other', 'x'.repeat(257)] }),
  amount('tpm_limit', { invalid: [-1, Infinity, 2 ** 53] }),
  amount('rpm_limit', { invalid: [-1, Infinity, 2 ** 53] }),
  amount('tpd_limit', { invalid: [-1, Infinity, 2 ** 53] }),
  amount('max_parallel_requests', { invalid: [-1, Infinity, 2 ** 53] }),
  list('allowed_cache_controls'),
  { ...list('allowed_routes'), onNull: is([]) },
  object('object_permission', { onNull: 'keeps' }),
  object('router_settings'),
  list('access_group_ids'),
  { field: 'blocked', stored: true, onNull: 'none', valid: false },
  {
    field: 'auto_rotate',
    stored: true,
    more: { rotation_interval: '30d' },
    onNull: is(false),
    valid: true,
  },
  {
    field: 'rotation_interval',
    stored: '30d',
    onNull: 'none',
    empty: ['', 400],
    valid: '1d',
    invalid: ['abc', '0d'],
  },
  { field: 'metadata', stored: { a: 1 }, onNull: is({}), empty: [{}, is({})], valid: { b: 2 } },
  member('tpm_limit_type', 'dynamic', 'guaranteed_throughput'),
  member('rpm_limit_type', 'dynamic', 'guaranteed_throughput'),
  memberLimits('model_rpm_limit'),
  memberLimits('model_tpm_limit'),
  memberLimits('mcp_rpm_limit'),
  memberLimits('tag_rpm_limit'),
  member('default_estimated_output_tokens', 1, 2),
  member('default_estimated_output_tokens_per_model', { m: 1 }, { m: 2 }),
  memberList('tags'),
  memberList('guardrails'),
  memberList('policies'),
  memberList('prompts'),
  memberList('enforced_params'),
  member('disable_global_guardrails', true, false),
  member('enable_prompt_caching', true, false),
  member('throttle_on_budget_exceeded', true, false),
  member('allowed_vector_store_indexes', [{ index_name: 'i', index_permissions: ['read'] }], [], {
    empty: [[], is([])],
  }),
  memberList('allowed_passthrough_routes'),
  memberList('denied_passthrough_routes'),
  member('end_user_budget_id', 'old', 'new', { empty: ['', 'none'], invalid: ['x'.repeat(257)] }),
  {
    field: 'user_email',
    stored: 'a@x.example',
    onNull: 'none',
    empty: ['', 400],
    valid: 'b@x.example',
    invalid: ['b'],
  },
  { field: 'user_role', stored: 'internal_user', onNull: 'none', valid: 'proxy_admin' },
];

/** Not a setting of a key that is there: no value of theirs changes anything. */
const ofNewKeysAlone = {
  key: 'sk-x',
  key_type: 'llm_api',
  store_secret: false,
  send_invite_email: true,
};
/** Come in a pair; they have tests of their own. */
const inPairs = ['temp_budget_increase', 'temp_budget_expiry'];

const storedFor = ({ field, at = field, stored, more = {} }: Case): Asked => ({
  stored: at.startsWith('metadata.')
    ? { ...more, metadata: { [field]: stored } }
    : { ...more, [at]: stored },
});

function expectEffect(test: Case, value: unknown, effect: Effect): void {
  const { field, at = field } = test;
  const given = storedFor(test);
  if (effect === 400) {
    expect(refused({ [field]: value }, given)).toEqual(['invalid', field]);
    return;
  }
  const result = valueAt(after({ [field]: value }, given), at);
  if (effect === 'none') expect(result).toBeUndefined();
  else expect(result).toEqual(effect === 'keeps' ? test.stored : effect.is);
}

describe('an update', () => {
  it('has a case for every field', () => {
    const covered = [
      ...cases.map(({ field }) => field),
      ...Object.keys(ofNewKeysAlone),
      ...inPairs,
    ];
    expect(new Set(covered)).toEqual(new Set(Object.keys(fieldRules)));
  });

  it('without a field changes nothing', () => {
    expect(patchFor({}).patch).toEqual({ ...emptyPatch, keep: ['service_account_id'] });
  });

  it('ignores what belongs to new keys alone', () => {
    expect(patchFor(ofNewKeysAlone).patch).toEqual(patchFor({}).patch);
  });

  it.each(cases)('leaves $field as it is where it is left out', (test) => {
    const given = storedFor(test);
    const { row } = patchFor({}, given);
    for (const asked of [{}, { [test.field]: undefined }]) {
      expect(after(asked, given)).toEqual(row.key);
    }
  });

  it.each(cases)('of $field to null has its effect', (test) => {
    expectEffect(test, null, test.onNull);
  });

  it.each(cases.filter(({ empty }) => empty !== undefined))(
    'of $field to the empty value has its effect',
    (test) => {
      const [value, effect] = test.empty ?? [undefined, 'keeps'];
      expectEffect(test, value, effect);
    },
  );

  it.each(cases)('of $field to a value stores it, and nothing else', (test) => {
    const { field, at = field, valid, becomes = valid } = test;
    expectEffect(test, valid, is(becomes));
    const { row, patch } = patchFor({ [field]: valid }, storedFor(test));
    const touched = [...Object.keys(patch.set), ...patch.clear];
    const related = { budget_duration: ['budget_reset_at'], duration: ['expires'] };
    const along = Object.entries(related).find(([name]) => name === field)?.[1] ?? [];
    const rotates = ['auto_rotate', 'rotation_interval'].includes(field);
    for (const name of touched) {
      expect([
        at,
        field,
        ...along,
        ...(rotates ? ['auto_rotate', 'key_rotation_at'] : []),
      ]).toContain(name);
    }
    if (!at.startsWith('metadata')) {
      expect(patched(row.key, patch).metadata).toEqual(row.key.metadata);
    }
  });

  it.each(
    cases.flatMap((test) =>
      (test.invalid ?? []).map((value) => ({ field: test.field, value, test })),
    ),
  )('refuses $value as $field', ({ value, test }) => {
    expectEffect(test, value, 400);
  });

  it.each(['expires', 'duration'])('reads the duration -1 as null (%s)', () => {
    expect(after({ duration: '-1' }, { stored: { expires: old } }).expires).toBeUndefined();
  });

  it('takes a duration of zero: the key is expired at once', () => {
    expect(after({ duration: '0d' }).expires).toBe(now.toISOString());
  });

  it('refuses a key in any field', () => {
    for (const value of [
      'sk-presented-by-the-caller',
      `sk-lk_${'a'.repeat(17)}_${'b'.repeat(27)}_000000`,
    ]) {
      expect(refused({ metadata: { note: value } })[0]).toBe('invalid');
    }
  });
});

describe('an alias', () => {
  const strict = { aliasPattern: 'team-.+' };

  it('is not checked where it stays: rules may be newer than it', () => {
    const given = { stored: { key_alias: 'alpha' }, settings: strict };
    expect(patchFor({ key_alias: 'alpha' }, given).patch).toEqual(patchFor({}).patch);
    expect(refused({ key_alias: 'beta' }, given)).toEqual(['invalid', 'key_alias']);
    expect(after({ key_alias: 'team-a' }, given).key_alias).toBe('team-a');
  });

  it('can be taken away by null from a key that has none', () => {
    expect(after({ key_alias: null }, { settings: strict }).key_alias).toBeUndefined();
  });
});

describe('metadata', () => {
  const stored = { metadata: { a: 1, model_rpm_limit: { m: 1 } } };

  it('is replaced as a whole, then takes the fields that are kept in it', () => {
    expect(after({ metadata: { b: 2 } }, { stored }).metadata).toEqual({ b: 2 });
    const both = { metadata: { b: 2, tags: ['x'] }, tags: ['y'], model_rpm_limit: null };
    expect(after(both, { stored }).metadata).toEqual({ b: 2, tags: ['y'] });
    expect(after({ tags: ['y'] }, { stored }).metadata).toEqual({
      ...stored.metadata,
      tags: ['y'],
    });
  });

  it.each([
    ['left out', { b: 2 }, { b: 2, service_account_id: 'sa' }],
    ['the same', { service_account_id: 'sa' }, { service_account_id: 'sa' }],
    ['null', { service_account_id: null }, { service_account_id: 'sa' }],
  ])('keeps the id of a service account that is %s', (_, metadata, result) => {
    const service = { metadata: { a: 1, service_account_id: 'sa' } };
    expect(after({ metadata }, { stored: service }).metadata).toEqual(result);
  });

  it('refuses another id of a service account', () => {
    const service = { metadata: { service_account_id: 'sa' } };
    const other = { metadata: { service_account_id: 'other' } };
    expect(refused(other, { stored: service })).toEqual(['invalid', 'metadata']);
    expect(after({ metadata: null }, { stored: service }).metadata).toEqual(service.metadata);
  });

  it('loses the budget of end users alone by an empty id', () => {
    const bound = { metadata: { a: 1, end_user_budget_id: 'b' } };
    expect(after({ end_user_budget_id: '' }, { stored: bound }).metadata).toEqual({ a: 1 });
  });
});

describe('times', () => {
  const reset = '2026-11-27T00:00:00.000Z';
  const passed = '2026-11-25T00:00:00.000Z';

  it('of a budget stay where its duration is sent again before they are over', () => {
    const ahead = { stored: { budget_duration: '5d', budget_reset_at: reset } };
    expect(after({ budget_duration: '5d' }, ahead).budget_reset_at).toBe(reset);
    expect(after({ budget_duration: '6d' }, ahead).budget_reset_at).toBe(
      '2026-12-01T00:00:00.000Z',
    );
    const over = { stored: { budget_duration: '5d', budget_reset_at: passed } };
    expect(after({ budget_duration: '5d' }, over).budget_reset_at).toBe('2026-11-30T00:00:00.000Z');
  });

  it('of a window of a budget likewise', () => {
    const stored = { budget_limits: [{ max_budget: 5, budget_duration: '5d', reset_at: reset }] };
    const { budget_limits } = after(
      { budget_limits: [{ max_budget: 9, budget_duration: '5d' }, window] },
      { stored },
    );
    expect(budget_limits?.map(({ reset_at }) => reset_at)).toEqual([
      reset,
      '2026-11-26T00:00:00.000Z',
    ]);
  });

  const on = { auto_rotate: true, rotation_interval: '30d', key_rotation_at: old };
  const off = { ...on, auto_rotate: false };
  const in30Days = '2026-12-25T13:50:00.000Z';
  const tomorrow = '2026-11-26T13:50:00.000Z';

  it.each([
    [
      'on with an interval',
      {},
      { auto_rotate: true, rotation_interval: '1d' },
      ['1d', true, tomorrow],
    ],
    ['on by the stored interval', off, { auto_rotate: true }, ['30d', true, in30Days]],
    ['on again', on, { auto_rotate: true }, ['30d', true, in30Days]],
    ['another interval while on', on, { rotation_interval: '1d' }, ['1d', true, tomorrow]],
    ['another interval while off', off, { rotation_interval: '1d' }, ['1d', false, old]],
    ['an interval alone', {}, { rotation_interval: '1d' }, ['1d', false, undefined]],
    ['off', on, { auto_rotate: false }, ['30d', false, old]],
    ['off by null', on, { auto_rotate: null }, ['30d', false, old]],
    [
      'off and without interval',
      on,
      { auto_rotate: false, rotation_interval: null },
      [undefined, false, undefined],
    ],
    ['neither field', on, { spend: 1 }, ['30d', true, old]],
  ])('of rotation: %s', (_, stored, asked, result) => {
    const { rotation_interval, auto_rotate, key_rotation_at } = after(asked, { stored });
    expect([rotation_interval, auto_rotate, key_rotation_at]).toEqual(result);
  });

  it.each([
    ['on without any interval', {}, { auto_rotate: true }],
    ['on with null for it', on, { rotation_interval: null }],
  ])('of rotation: %s is refused', (_, stored, asked) => {
    expect(refused(asked, { stored })).toEqual(['invalid', 'rotation_interval']);
  });
});

describe('a temporary budget', () => {
  const both = { temp_budget_increase: 5, temp_budget_expiry: '2030-01-01T01:00:00+01:00' };

  it('is kept in metadata, its end in UTC', () => {
    const kept = { temp_budget_increase: 5, temp_budget_expiry: '2030-01-01T00:00:00.000Z' };
    expect(after(both, { stored: { metadata: { a: 1 } } }).metadata).toEqual({ a: 1, ...kept });
    const inUtc = { ...both, temp_budget_expiry: '2030-01-01T00:00:00' };
    expect(after(inUtc).metadata).toEqual(kept);
  });

  it.each([
    ['an increase alone', { temp_budget_increase: 5 }, 'malformed', 'temp_budget_expiry'],
    [
      'an end alone',
      { temp_budget_expiry: '2030-01-01T00:00:00Z' },
      'malformed',
      'temp_budget_increase',
    ],
    [
      'null beside an end',
      { ...both, temp_budget_increase: null },
      'malformed',
      'temp_budget_increase',
    ],
    [
      'a duration as end',
      { ...both, temp_budget_expiry: '10d' },
      'malformed',
      'temp_budget_expiry',
    ],
    [
      'a 13th month',
      { ...both, temp_budget_expiry: '2030-13-01T00:00:00Z' },
      'malformed',
      'temp_budget_expiry',
    ],
    ['less than nothing', { ...both, temp_budget_increase: -1 }, 'invalid', 'temp_budget_increase'],
    [
      'no end of it',
      { ...both, temp_budget_increase: Infinity },
      'invalid',
      'temp_budget_increase',
    ],
  ])('is refused as %s', (_, asked, kind, param) => {
    expect(refused(asked)).toEqual([kind, param]);
  });

  it('stays where both are null', () => {
    const none = { temp_budget_increase: null, temp_budget_expiry: null };
    expect(patchFor(none).patch).toEqual(patchFor({}).patch);
  });
});

describe("an environment's upper limits", () => {
  const keyLimits = {
    max_budget: 10,
    max_parallel_requests: 5,
    tpm_limit: 100,
    rpm_limit: 50,
    duration: '30d',
    budget_duration: '7d',
  };
  const settings = { keyLimits };

  it.each([
    ['max_budget', 10.5],
    ['max_parallel_requests', 6],
    ['tpm_limit', 101],
    ['rpm_limit', 51],
    ['duration', '31d'],
    ['budget_duration', '8d'],
    ['duration', '-1'],
  ])('refuse %s above them, and taking it away', (param, value) => {
    expect(refused({ [param]: value }, { settings })).toEqual(['invalid', param]);
    expect(refused({ [param]: null }, { settings })).toEqual(['invalid', param]);
    const { message } = refusalOf(() => patchFor({ [param]: null }, { settings }));
    expect(message).toContain(
      String(Object.entries(keyLimits).find(([name]) => name === param)?.[1]),
    );
  });

  it('fill nothing in, and let a key above them keep what is not sent', () => {
    expect(patchFor({}, { settings }).patch).toEqual(patchFor({}).patch);
    expect(after({ tpm_limit: 100 }, { settings, stored: { max_budget: 99 } })).toMatchObject({
      max_budget: 99,
      tpm_limit: 100,
    });
    expect(after({ duration: '' }, { settings, stored: { expires: old } }).expires).toBe(old);
  });
});

/** A caller who is bound in everything. */
const own: Partial<KeyImage> = {
  user_id: 'ada',
  team_id: 't',
  organization_id: 'o',
  project_id: 'p',
  agent_id: 'g',
  max_budget: 5,
  tpm_limit: 100,
  rpm_limit: 10,
  tpd_limit: 1000,
  max_parallel_requests: 2,
  models: ['cheap', 'small'],
  expires: '2026-11-25T14:50:00.000Z',
  access_group_ids: ['ag'],
  model_max_budget: { cheap: { budget_limit: 1 } },
  metadata: {
    model_rpm_limit: { cheap: 1 },
    guardrails: ['strict'],
    allow_litellm_changed_by_header: true,
    note: 'x',
  },
};
const ada = callerWith(own);
const asAda: Asked = { caller: ada, stored: own };

describe('an ordinary caller', () => {
  const forbidden: ReadonlyArray<readonly [keyof KeyFields, readonly unknown[]]> = [
    ['blocked', [true, false, null]],
    ['user_id', ['bob', null, '']],
    ['max_budget', [1, null]],
    ['soft_budget', [1, null]],
    ['budget_limits', [[], null]],
    ['budget_duration', ['1d', null]],
    ['budget_id', ['b', null, '']],
    ['spend', [0, null]],
    ['temp_budget_increase', [1, null]],
    ['temp_budget_expiry', ['2030-01-01T00:00:00Z', null]],
    ['permissions', [{}, null]],
    ['user_role', ['internal_user', null]],
    ['allowed_routes', [[], null]],
    ['allowed_passthrough_routes', [[], null]],
    ['denied_passthrough_routes', [[], null]],
    ['end_user_budget_id', ['b', '', null]],
    ['default_estimated_output_tokens', [1, null]],
    ['default_estimated_output_tokens_per_model', [{}, null]],
    ['object_permission', [{}, null]],
    ['disable_global_guardrails', [true]],
    ['throttle_on_budget_exceeded', [true]],
    ['team_id', ['other', null]],
    ['organization_id', ['other', null, '']],
    ['project_id', ['other', null, '']],
    ['agent_id', ['other', null, '']],
    ['access_group_ids', [['ag', 'other']]],
    ['user_email', ['bob@x.example']],
  ];

  it.each(forbidden.flatMap(([field, values]) => values.map((value) => ({ field, value }))))(
    'is denied $field as $value',
    ({ field, value }) => {
      expect(refused({ [field]: value }, asAda)).toEqual(['denied', field]);
    },
  );

  it.each(adminMembers)('is denied %s inside metadata, whatever its value', (name) => {
    for (const value of [true, false, null]) {
      expect(refused({ metadata: { [name]: value } }, asAda)).toEqual(['denied', 'metadata']);
    }
  });

  it.each([
    { user_id: 'ada' },
    { team_id: 't', organization_id: 'o', project_id: 'p', agent_id: 'g' },
    { team_id: '' },
    { access_group_ids: ['ag'] },
    { access_group_ids: null },
    { disable_global_guardrails: false, throttle_on_budget_exceeded: null },
    { tpm_limit: 100, rpm_limit: 1, tpd_limit: 0, max_parallel_requests: 2 },
    { models: ['small'] },
    { duration: '1h' },
    { guardrails: ['strict'], model_rpm_limit: { cheap: 1 } },
    { metadata: { guardrails: ['strict'] }, tags: ['x'] },
    { model_max_budget: { cheap: { budget_limit: 1 } } },
    { key_alias: 'mine' },
  ])('may send %o', (asked) => {
    expect(() => after(asked, asAda)).not.toThrow();
  });

  it.each([
    { tpm_limit: 101 },
    { tpm_limit: null },
    { rpm_limit: 11 },
    { rpm_limit: null },
    { tpd_limit: 1001 },
    { tpd_limit: null },
    { max_parallel_requests: 3 },
    { max_parallel_requests: null },
    { models: [] },
    { models: ['*'] },
    { models: ['cheap', 'huge'] },
    { duration: '2h' },
    { duration: null },
    { duration: '-1' },
    { model_max_budget: {} },
    { model_max_budget: null },
    { model_rpm_limit: { cheap: 2 } },
    { model_rpm_limit: {} },
    { guardrails: [] },
  ])('gets no further than its own key with %o', (asked) => {
    expect(refused(asked, asAda)).toEqual(['invalid', Object.keys(asked)[0]]);
  });

  it.each([{ guardrails: [] }, { guardrails: null }, { model_rpm_limit: { cheap: 2 } }])(
    'nor with %o inside metadata',
    (metadata) => {
      expect(refused({ metadata }, asAda)).toEqual(['invalid', Object.keys(metadata)[0]]);
    },
  );

  it('keeps, where it replaces metadata, what an admin put there and what binds it', () => {
    const { note: _, ...kept } = own.metadata ?? {};
    for (const metadata of [{}, null]) {
      expect(after({ metadata }, asAda).metadata).toEqual(kept);
    }
    expect(after({ metadata: { b: 1 } }, asAda).metadata).toEqual({ ...kept, b: 1 });
  });

  it('may send again what its other key has already', () => {
    const stored = {
      ...own,
      tpm_limit: 500,
      models: ['huge'],
      metadata: { guardrails: ['other'] },
    };
    const same = { tpm_limit: 500, models: ['huge'], guardrails: ['other'] };
    expect(() => after(same, { caller: ada, stored })).not.toThrow();
  });

  const numbers = [
    'tpm_limit',
    'rpm_limit',
    'tpd_limit',
    'max_parallel_requests',
    'max_budget',
  ] as const;

  it('never gets beyond its own key, nor at what is for admins, whatever it sends', () => {
    const value = fc.oneof(
      fc.constantFrom<unknown>(null, '', 'ada', 't', '1h', '2d', '-1', true, false, 0, 50, 1e6),
      fc.constantFrom<unknown>([], ['cheap'], ['huge'], ['*'], ['strict'], {}, { cheap: 9 }),
      fc.dictionary(
        fc.constantFrom(...adminMembers, 'guardrails', 'model_rpm_limit', 'x'),
        fc.jsonValue(),
      ),
    );
    const body = fc.dictionary(fc.constantFrom(...Object.keys(fieldRules), 'unknown'), value, {
      maxKeys: 5,
    });
    let accepted = 0;
    fc.assert(
      fc.property(body, (sent) => {
        const asked = changeRequest.safeParse(sent);
        if (!asked.success) return;
        let image: KeyImage;
        try {
          image = after(asked.data, asAda);
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
          return;
        }
        accepted += 1;
        for (const name of numbers) expect(image[name]).toBeLessThanOrEqual(own[name] ?? 0);
        expect(image.models.length).toBeGreaterThan(0);
        for (const model of image.models) expect(own.models).toContain(model);
        expect((image.expires ?? '~') <= (own.expires ?? '')).toBe(true);
        expect(image.model_max_budget).toEqual(own.model_max_budget);
        expect(image.metadata['guardrails']).toEqual(['strict']);
        expect(image.metadata['model_rpm_limit']).toEqual({ cheap: 1 });
        for (const name of adminMembers) {
          const isFalse = ['disable_global_guardrails', 'throttle_on_budget_exceeded'].includes(
            name,
          );
          if (!isFalse || image.metadata[name] === true) {
            expect(image.metadata[name], name).toEqual(own.metadata?.[name]);
          }
        }
        for (const [name, { kept, who: sender, change }] of Object.entries(fieldRules)) {
          const isAdmins = sender === 'admin' || sender === 'own' || change === 'admin';
          if (kept === 'image' && isAdmins) {
            expect(image[name], name).toEqual(rowWith({ key: own }).key[name]);
          }
        }
        expect(image.user_id).toBe('ada');
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
