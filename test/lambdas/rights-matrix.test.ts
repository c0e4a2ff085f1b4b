/**
 * No right comes through a body: every role with every key type sends every field to every operation
 * that takes fields. The table is written out a second time, apart from the one in the code.
 */
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldRules } from '../../lambdas/shared/domain/key-fields.ts';
import {
  type KeyType,
  keyTypes,
  type UserRole,
  userRoles,
} from '../../lambdas/shared/domain/key-row.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { ask, everything, issue, rowOf } from './fixtures/calls.ts';
import { newestRow, type Service } from './fixtures/stored.ts';

type Operation = keyof typeof requests;

/** A request of each operation, to which a field is added; `bulk` and `service account` are an admin's. */
const requests = {
  generate: (_target: string, fields: object) => ({ path: '/key/generate', body: fields }),
  'service account': (_target: string, fields: object) => ({
    path: '/key/service-account/generate',
    body: { team_id: 'team', ...fields },
  }),
  update: (target: string, fields: object) => ({
    path: '/key/update',
    body: { key: target, ...fields },
  }),
  bulk: (target: string, fields: object) => ({
    path: '/key/bulk_update',
    body: { keys: [{ key: target, ...fields }] },
  }),
  regenerate: (target: string, fields: object) => ({
    path: `/key/${target}/regenerate`,
    body: fields,
  }),
} as const;
const operations: Operation[] = ['generate', 'service account', 'update', 'bulk', 'regenerate'];

/** Who may use an operation at all, with a key type that narrows nothing. */
const users: Record<Operation, readonly UserRole[]> = {
  generate: ['proxy_admin', 'internal_user'],
  'service account': ['proxy_admin'],
  update: ['proxy_admin', 'internal_user'],
  bulk: ['proxy_admin'],
  regenerate: ['proxy_admin', 'internal_user'],
};
const narrowing: readonly KeyType[] = ['llm_api', 'read_only'];

/** What becomes of a field: it is set, the request is denied, or the field is as if it were not there. */
type Fate = 'set' | 'denied' | 'ignored';
interface Row {
  readonly value: unknown;
  /** Without which the value means nothing. */
  readonly beside?: object;
  /** Of an admin's, and of a user's about a key that it made itself, at a birth and at a change. */
  readonly admin: Fates;
  readonly user: Fates;
}
interface Fates {
  readonly generate: Fate;
  readonly update: Fate;
  readonly regenerate: Fate;
}

const same = (fate: Fate): Fates => ({
  generate: fate,
  update: fate,
  regenerate: fate,
});
const atBirth = (later: Fate): Fates => ({ ...same(later), generate: 'set' });
/** Whoever makes or changes a key. */
const everybody = (value: unknown, beside = {}): Row => ({
  value,
  beside,
  admin: same('set'),
  user: same('set'),
});
const admins = (value: unknown): Row => ({ value, admin: same('set'), user: same('denied') });
/** Everybody for a new key, and then admins alone. */
const birth = (value: unknown): Row => ({ value, admin: same('set'), user: atBirth('denied') });
const onlyIn = (operation: keyof Fates, value: unknown): Row => {
  const fates = { ...same('ignored'), [operation]: 'set' as const };
  return { value, admin: fates, user: fates };
};
const nobody = (value: unknown): Row => ({ value, admin: same('ignored'), user: same('ignored') });

const table: Readonly<Record<string, Row>> = {
  key_alias: everybody('a'),
  duration: everybody('1d'),
  models: everybody(['m']),
  aliases: everybody({ a: 'm' }),
  config: everybody({ a: 1 }),
  model_max_budget: everybody({ m: 1 }),
  budget_fallbacks: everybody({ m: ['n'] }),
  tpm_limit: everybody(1),
  rpm_limit: everybody(1),
  tpd_limit: everybody(1),
  max_parallel_requests: everybody(1),
  allowed_cache_controls: everybody(['no-cache']),
  router_settings: everybody({ a: 1 }),
  auto_rotate: everybody(true, { rotation_interval: '1d' }),
  rotation_interval: everybody('2d', { auto_rotate: true }),
  metadata: everybody({ a: 1 }),
  tpm_limit_type: everybody('dynamic'),
  rpm_limit_type: everybody('dynamic'),
  model_rpm_limit: everybody({ m: 1 }),
  model_tpm_limit: everybody({ m: 1 }),
  mcp_rpm_limit: everybody({ m: 1 }),
  tag_rpm_limit: everybody({ m: 1 }),
  tags: everybody(['t']),
  guardrails: everybody(['g']),
  policies: everybody(['p']),
  prompts: everybody(['p']),
  enforced_params: everybody(['p']),
  enable_prompt_caching: everybody(true),
  allowed_vector_store_indexes: everybody([{ index_name: 'i', index_permissions: ['read'] }]),
  user_email: everybody('ada@example.com'),

  spend: birth(1),
  max_budget: birth(1),
  soft_budget: birth(1),
  budget_duration: birth('1d'),
  budget_limits: birth([{ max_budget: 1, budget_duration: '1d' }]),
  blocked: birth(true),

  permissions: admins({ a: 1 }),
  budget_id: admins('b'),
  user_id: admins('bob'),
  agent_id: admins('g'),
  team_id: admins('t'),
  organization_id: admins('o'),
  allowed_routes: admins(['/key/info']),
  object_permission: admins({ mcp_servers: ['m'] }),
  access_group_ids: admins(['g']),
  default_estimated_output_tokens: admins(1),
  default_estimated_output_tokens_per_model: admins({ m: 1 }),
  disable_global_guardrails: admins(true),
  throttle_on_budget_exceeded: admins(true),
  allowed_passthrough_routes: admins(['/x']),
  denied_passthrough_routes: admins(['/x']),
  end_user_budget_id: admins('b'),
  user_role: admins('internal_user_viewer'),

  key_type: onlyIn('generate', 'read_only'),
  store_secret: onlyIn('generate', false),
  new_key: onlyIn('regenerate', 'sk-another-chosen-one'),
  grace_period: onlyIn('regenerate', '1h'),
  temp_budget_increase: {
    value: 1,
    beside: { temp_budget_expiry: '2026-12-25T00:00:00Z' },
    admin: { generate: 'ignored', update: 'set', regenerate: 'ignored' },
    user: { generate: 'ignored', update: 'denied', regenerate: 'ignored' },
  },

  // Of the admin key, and of rows, images and answers: what no other request names.
  new_master_key: nobody('sk-another-chosen-one'),
  token: nobody('f'.repeat(64)),
  token_id: nobody('f'.repeat(64)),
  key_id: nobody('0123456789ABCDEFG'),
  keyId: nobody('0123456789ABCDEFG'),
  created_by: nobody('root'),
  updated_by: nobody('root'),
  created_at: nobody('2020-01-01T00:00:00Z'),
  expires: nobody('2030-01-01T00:00:00Z'),
  status: nobody('deleted'),
  seq: nobody(9),
  rev: nobody(9),
  cur: nobody({ hash: 'f'.repeat(64), ver: null }),
  prev: nobody(null),
  intent: nobody(null),
  secretName: nobody('latchkey/test/master-key'),
  secretArn: nobody('arn'),
  role: nobody('proxy_admin'),
  scope: nobody('any'),
  is_admin: nobody(true),
  service_account: nobody(true),
  constructor: nobody({ user_role: 'proxy_admin' }),
};

/** Their rights are no yes or no, and have tests of their own. */
const elsewhere = ['key', 'project_id', 'send_invite_email', 'temp_budget_expiry'];

/** A caller and a key that it may change, alike in each service. */
async function begun(user_role: UserRole, key_type: KeyType) {
  const service = await startedService({ maxKeysPerUser: null });
  const fields = { user_id: 'ada', user_email: 'ada@example.com' };
  const caller = await issue(service, { ...fields, user_role, key_type });
  const canMake = users.generate.includes(user_role) && !narrowing.includes(key_type);
  const target = await issue(service, {}, canMake ? caller.key : masterKey);
  return { service, key: caller.key, target: target.key_id };
}

async function sent(operation: Operation, role: UserRole, type: KeyType, fields: object) {
  const { service, key, target } = await begun(role, type);
  const answer = await ask(service, { ...requests[operation](target, fields), key });
  return { service, target, status: answer.status };
}

const isBirth = (operation: Operation) =>
  operation === 'generate' || operation === 'service account';
const rowAfter = (
  operation: Operation,
  { service, target }: { service: Service; target: string },
) => (isBirth(operation) ? newestRow(service) : rowOf(service, target));
/** As in LiteLLM, a change of many keys takes these. */
const bulkFields = ['budget_id', 'max_budget', 'team_id', 'tags', 'object_permission'];

function fateOf(operation: Operation, field: string, fates: Fates): Fate {
  if (operation === 'bulk') return bulkFields.includes(field) ? fates.update : 'ignored';
  return operation === 'service account' ? fates.generate : fates[operation];
}

describe.each(userRoles.flatMap((role) => keyTypes.map((type) => ({ role, type }))))(
  '$role with a key of type $type',
  ({ role, type }) => {
    const may = (operation: Operation) =>
      users[operation].includes(role) && !narrowing.includes(type);

    it.each(operations.filter((operation) => !may(operation)))(
      'is denied %s, whatever it sends',
      async (operation) => {
        const { service, key, target } = await begun(role, type);
        const before = await everything(service);
        const plain = await ask(service, { ...requests[operation](target, {}), key });
        expect([401, 403]).toContain(plain.status);
        for (const [field, { value, beside }] of Object.entries(table)) {
          const asked = requests[operation](target, { ...beside, [field]: value });
          expect([field, await ask(service, { ...asked, key })]).toEqual([field, plain]);
        }
        expect(await everything(service)).toEqual(before);
      },
    );

    it.each(operations.filter(may))('gets by %s what the table says', async (operation) => {
      const untouched = await everything((await begun(role, type)).service);
      const without = new Map<string, unknown>();
      for (const [field, { value, beside = {}, admin, user }] of Object.entries(table)) {
        // The one that has a team has no user, and the other way round.
        if (operation === 'service account' && ['user_id', 'team_id'].includes(field)) continue;
        const fate = fateOf(operation, field, role === 'proxy_admin' ? admin : user);
        const asked = await sent(operation, role, type, { ...beside, [field]: value });
        if (asked.status !== 200) {
          expect([field, asked.status, fate]).toEqual([field, 403, 'denied']);
          expect(await everything(asked.service)).toEqual(untouched);
          continue;
        }
        const others = JSON.stringify(beside);
        if (!without.has(others)) {
          without.set(others, rowAfter(operation, await sent(operation, role, type, beside)));
        }
        const isSet = !isDeepStrictEqual(rowAfter(operation, asked), without.get(others));
        expect([field, isSet ? 'set' : 'ignored']).toEqual([field, fate]);
      }
    });
  },
);

it('has every field in its table', () => {
  const missing = Object.keys(fieldRules).filter(
    (field) => !Object.hasOwn(table, field) && !elsewhere.includes(field),
  );
  expect(missing).toEqual([]);
});

it('fields of any other name do nothing for anybody', async () => {
  const known = new Set([...Object.keys(table), ...elsewhere, 'keys', 'key_aliases', '__proto__']);
  const others = fc.dictionary(
    fc.string({ minLength: 1 }).filter((name) => !known.has(name) && !name.includes('sk-')),
    fc.jsonValue({ maxDepth: 2 }),
    { minKeys: 1, maxKeys: 5 },
  );
  const someone = fc.constantFrom<UserRole>('proxy_admin', 'internal_user');
  const somehow = fc.constantFrom<Operation>('generate', 'update', 'regenerate');
  await fc.assert(
    fc.asyncProperty(someone, somehow, others, async (role, operation, fields) => {
      const plain = await sent(operation, role, 'default', {});
      const asked = await sent(operation, role, 'default', fields);
      expect(asked.status).toBe(200);
      expect(rowAfter(operation, asked)).toEqual(rowAfter(operation, plain));
    }),
    { numRuns: 150, seed: 15 },
  );
});
