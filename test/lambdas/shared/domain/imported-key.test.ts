import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidField } from '../../../../lambdas/shared/domain/errors.ts';
import {
  differingMembers,
  type ImportedFields,
  importedKeyOf,
} from '../../../../lambdas/shared/domain/imported-key.ts';
import { newKey, tokenHash } from '../../../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../../../fakes/seeded-random.ts';
import { contextWith, fieldsWith, litellmKey } from '../../fixtures/imports.ts';

const rowOf = (changes: Partial<ImportedFields> = {}, context = contextWith()) =>
  importedKeyOf(fieldsWith(changes), context);

/** The field that is at fault, and what is said of it. */
function refusalOf(changes: Partial<ImportedFields>, context = contextWith()) {
  try {
    rowOf(changes, context);
  } catch (error) {
    if (error instanceof InvalidField) return { param: error.param, message: error.message };
    throw error;
  }
  return { param: 'none', message: '' };
}

describe('the row of an imported key', () => {
  it('has what LiteLLM had, and no secret', () => {
    const fields = {
      key_alias: 'a',
      models: ['gpt-4o'],
      max_budget: 5,
      budget_duration: '30d',
      budget_reset_at: '2026-12-01T00:00:00.000Z',
      budget_limits: [
        { max_budget: 1, budget_duration: '1d', reset_at: '2026-11-26T00:00:00.000Z' },
      ],
      metadata: { tags: ['x'] },
      spend: 1.5,
      blocked: true,
      expires: '2027-01-01T00:00:00.000Z',
      user_id: 'ada',
      team_id: 'engines',
      organization_id: 'works',
      auto_rotate: true,
      rotation_interval: '30d',
      key_rotation_at: '2026-12-02T00:00:00.000Z',
      last_rotation_at: '2026-11-02T00:00:00.000Z',
      rotation_count: 3,
      updated_at: '2026-11-24T00:00:00.000Z',
      updated_by: 'ada',
    };
    const row = rowOf(fields);
    expect(row.key).toMatchObject({ ...fields, created_by: 'root' });
    expect(row).toMatchObject({
      blocked: true,
      expires: fields.expires,
      cur: { hash: tokenHash(litellmKey), ver: null },
      secretName: null,
      seq: 1,
      rev: 1,
    });
  });

  it('has what older rows of LiteLLM lack', () => {
    const fields = {
      token: tokenHash(litellmKey),
      budget_duration: '1d',
      budget_limits: [{ max_budget: 1, budget_duration: '1d' }],
    };
    expect(importedKeyOf(fields, contextWith()).key).toMatchObject({
      key_name: 'sk-...',
      spend: 0,
      models: [],
      metadata: {},
      auto_rotate: false,
      rotation_count: 0,
      budget_reset_at: '2026-11-26T00:00:00.000Z',
      budget_limits: [{ reset_at: '2026-11-26T00:00:00.000Z' }],
      created_at: '2026-11-25T13:50:00.000Z',
      created_by: 'default_user_id',
      updated_by: 'default_user_id',
    });
  });

  it('has null and empty as absent, where there is no difference', () => {
    const row = rowOf({
      max_budget: null,
      key_alias: null,
      user_id: '',
      team_id: '',
      blocked: null,
      model_max_budget: {},
      budget_fallbacks: {},
      router_settings: {},
      access_group_ids: [],
      allowed_cache_controls: [],
      budget_limits: [],
      key_type: 'default',
    });
    expect(row.imported).toBe(rowOf().imported);
    expect(JSON.parse(JSON.stringify(row.key))).toEqual(JSON.parse(JSON.stringify(rowOf().key)));
  });

  it('is known again by its values, whenever it is read', () => {
    const later = contextWith({
      now: new Date('2027-01-01'),
      random: seededRandom('other'),
      importedBy: 'x',
    });
    const fields = {
      created_at: null,
      budget_duration: '1d',
      budget_limits: [{ max_budget: 1, budget_duration: '1d' }],
    };
    expect(rowOf(fields, later).imported).toBe(rowOf(fields).imported);
    expect(rowOf({ spend: 1 }).imported).not.toBe(rowOf().imported);
    expect(differingMembers(rowOf({ spend: 1, rpm_limit: 2 }), rowOf())).toEqual([
      'spend',
      'rpm_limit',
    ]);
  });

  it('keeps the key id that is inside a value of Latchkey’s', () => {
    expect(rowOf({ key_id: '0123456789ABCDEFG' }).keyId).toBe('0123456789ABCDEFG');
    expect(rowOf().keyId).toMatch(/^[0-9A-Za-z]{17}$/);
    for (const key_id of ['master', 'KEY#1', '']) {
      expect(refusalOf({ key_id }).param).toBe('key_id');
    }
  });
});

describe('is refused:', () => {
  it.each([litellmKey, 'sk-1234', tokenHash(litellmKey).toUpperCase(), '', 'f'.repeat(63)])(
    'a token that is no hash, which is not repeated: %j',
    (token) => {
      const { param, message } = refusalOf({ token });
      expect([param, message]).toEqual(['token', 'token is no SHA-256 hash; it may be a key.']);
    },
  );

  it.each([
    ['metadata', { a: [`Bearer ${litellmKey}`] }],
    ['metadata', { [litellmKey]: 1 }],
    ['aliases', { fast: litellmKey }],
    ['models', [litellmKey]],
    ['key_alias', litellmKey],
    ['created_by', `by ${litellmKey}!`],
    ['key_name', litellmKey],
    ['config', { url: `https://x.example/?key=${litellmKey}` }],
  ])('the key itself in %s', (param, value) => {
    const refusal = refusalOf({ [param]: value });
    expect(refusal.param).toBe(param);
    expect(refusal.message).not.toContain(litellmKey);
  });

  it.each([
    ['metadata', (value: string) => ({ a: `used to be ${value}.` })],
    ['user_id', (value: string) => value],
  ])('the value of another key that is imported in %s', (param, holding) => {
    const other = 'sk-1234';
    const context = contextWith({ tokens: new Set([tokenHash(other)]) });
    const refusal = refusalOf({ [param]: holding(other) }, context);
    expect(refusal.param).toBe(param);
    expect(refusal.message).not.toContain(other);
    expect(refusalOf({ [param]: holding('sk-12345') }, context).param).toBe('none');
  });

  it('an issued key anywhere', () => {
    const issued = newKey('0123456789ABCDEFG', seededRandom('canary').bytes);
    const refusal = refusalOf({ metadata: { a: `x${issued}` } });
    expect(refusal.param).toBe('metadata');
    expect(refusal.message).not.toContain(issued);
  });

  it.each<[string | null, Partial<ImportedFields>]>([
    ['deleted_at', { deleted_at: '2026-01-01T00:00:00.000Z' }],
    ['deleted_at', { status: 'deleted' }],
    ['key_alias', { key_alias: ' ' }],
    ['key_alias', { key_alias: '../x' }],
    ['key_alias', { key_alias: 'a\u0007' }],
    ['key_alias', { key_alias: 'a'.repeat(505) }],
    ['spend', { spend: -1 }],
    ['max_budget', { max_budget: Infinity }],
    ['max_budget', { max_budget: Number.NaN }],
    ['tpm_limit', { tpm_limit: 2 ** 63 }],
    ['rpm_limit', { rpm_limit: -1 }],
    ['rotation_count', { rotation_count: -1 }],
    ['rotation_count', { rotation_count: 1.5 }],
    ['spend', { spend: 1e300 }],
    ['model_max_budget', { model_max_budget: { 'gpt-4o': { budget_limit: -1 } } }],
    ['budget_limits', { budget_limits: [{ max_budget: -5, budget_duration: '1d' }] }],
    [
      'budget_limits',
      {
        budget_limits: [
          { max_budget: 5, budget_duration: 'soon', reset_at: '2027-01-01T00:00:00.000Z' },
        ],
      },
    ],
    ['budget_duration', { budget_duration: '30dx' }],
    ['rotation_interval', { rotation_interval: '0d' }],
    ['rotation_interval', { auto_rotate: true }],
    ['user_id', { user_id: 'u'.repeat(257) }],
    ['user_email', { user_email: 'nobody' }],
    ['key_name', { key_name: 'my key' }],
    ['object_permission', { object_permission_id: 'p1' }],
    ['metadata', { metadata: { constructor: 1 } }],
    ['metadata', { metadata: { logging: [{ callback_vars: { secret: '********' } }] } }],
    [null, { metadata: { a: 'x'.repeat(33_000) } }],
  ])('%s of %j', (param, changes) => {
    expect(refusalOf(changes).param).toBe(param);
  });

  it('what only its team kept from a key', () => {
    expect(refusalOf({ team_blocked: true, models: ['gpt-4o'] }).param).toBe('team_blocked');
    expect(refusalOf({ models: ['gpt-4o', 'all-team-models'] })).toMatchObject({
      param: 'models',
      message: expect.stringContaining('write the models out'),
    });
    for (const models of [[], null, undefined]) {
      expect(refusalOf({ models, team_models: ['gpt-4o'] })).toMatchObject({
        param: 'models',
        message: expect.stringContaining('write them into models'),
      });
    }
  });

  it('no key that its team does not bind, which is the same whatever the team has', () => {
    const unbound = { team_blocked: false, team_models: [] };
    expect(rowOf(unbound).imported).toBe(rowOf().imported);
    const models = ['gpt-4o'];
    const own = rowOf({ models, team_models: ['o3'] });
    expect(own.key.models).toEqual(models);
    expect(own.imported).toBe(rowOf({ models }).imported);
    expect(JSON.stringify(own)).not.toContain('team_models');
  });

  it('an admin’s role, unless that is asked for', () => {
    for (const user_role of ['proxy_admin', 'proxy_admin_viewer'] as const) {
      expect(refusalOf({ user_role }).param).toBe('user_role');
      expect(rowOf({ user_role }, contextWith({ withRoles: true })).key.user_role).toBe(user_role);
    }
    expect(rowOf({ user_role: 'internal_user_viewer' }).key.user_role).toBe('internal_user_viewer');
  });

  it('nothing that breaks the environment’s rules for new keys alone', () => {
    expect(refusalOf({ key_alias: 'Not "nice"', max_budget: 1e9 }).param).toBe('none');
  });
});

it('whatever is read, it is refused by a field or becomes a row that names no secret', () => {
  const anything = fc.record(
    {
      key_alias: fc.string({ unit: 'binary', maxLength: 20 }),
      metadata: fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 })),
      spend: fc.double(),
      tpm_limit: fc.double(),
      user_id: fc.string(),
      models: fc.array(fc.string()),
      budget_duration: fc.constantFrom('1d', '2mo', '', 'x'),
      expires: fc.constantFrom('2026-01-01T00:00:00.000Z', null),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(anything, (changes) => {
      if (refusalOf(changes).param !== 'none') return;
      const row = rowOf(changes);
      expect(row).toMatchObject({
        secretName: null,
        cur: { ver: null },
        event: { action: 'imported' },
      });
    }),
  );
});
