/**
 * The fields of a key that a request can set, and one rule for each: generate, update and regenerate
 * read the same table, so none of them can keep a field otherwise than the others.
 */
import { Denied, InvalidField } from './errors.ts';
import type { KeyImage, KeyType, UserRole } from './key-row.ts';
import { type Caller, isAdmin } from './roles.ts';

/** Absent and null are one thing to generate; to an update absent changes nothing. */
export type Maybe<T> = T | null | undefined;
type Json = Readonly<Record<string, unknown>>;
type Texts = readonly string[];

/** One of several budgets that count at the same time. */
export interface BudgetWindow {
  readonly max_budget: number;
  readonly budget_duration: string;
}

export type LimitType = (typeof limitTypes)[number];
export const limitTypes = ['guaranteed_throughput', 'best_effort_throughput', 'dynamic'] as const;

export interface KeyFields {
  readonly key?: Maybe<string>;
  readonly key_alias?: Maybe<string>;
  readonly key_type?: Maybe<KeyType>;
  readonly duration?: Maybe<string>;
  readonly models?: Maybe<Texts>;
  readonly aliases?: Maybe<Json>;
  readonly config?: Maybe<Json>;
  readonly permissions?: Maybe<Json>;
  readonly spend?: Maybe<number>;
  readonly max_budget?: Maybe<number>;
  readonly soft_budget?: Maybe<number>;
  readonly budget_duration?: Maybe<string>;
  readonly budget_limits?: Maybe<readonly BudgetWindow[]>;
  readonly budget_id?: Maybe<string>;
  readonly model_max_budget?: Maybe<Json>;
  readonly budget_fallbacks?: Maybe<Json>;
  readonly user_id?: Maybe<string>;
  readonly agent_id?: Maybe<string>;
  readonly team_id?: Maybe<string>;
  readonly organization_id?: Maybe<string>;
  readonly project_id?: Maybe<string>;
  readonly tpm_limit?: Maybe<number>;
  readonly rpm_limit?: Maybe<number>;
  readonly tpd_limit?: Maybe<number>;
  readonly max_parallel_requests?: Maybe<number>;
  readonly allowed_cache_controls?: Maybe<Texts>;
  readonly allowed_routes?: Maybe<Texts>;
  readonly object_permission?: Maybe<Json>;
  readonly router_settings?: Maybe<Json>;
  readonly access_group_ids?: Maybe<Texts>;
  readonly blocked?: Maybe<boolean>;
  readonly auto_rotate?: Maybe<boolean>;
  readonly rotation_interval?: Maybe<string>;
  readonly metadata?: Maybe<Json>;
  readonly tpm_limit_type?: Maybe<LimitType>;
  readonly rpm_limit_type?: Maybe<LimitType>;
  readonly model_rpm_limit?: Maybe<Json>;
  readonly model_tpm_limit?: Maybe<Json>;
  readonly mcp_rpm_limit?: Maybe<Json>;
  readonly tag_rpm_limit?: Maybe<Json>;
  readonly default_estimated_output_tokens?: Maybe<number>;
  readonly default_estimated_output_tokens_per_model?: Maybe<Json>;
  readonly tags?: Maybe<Texts>;
  readonly guardrails?: Maybe<Texts>;
  readonly policies?: Maybe<Texts>;
  readonly prompts?: Maybe<Texts>;
  readonly enforced_params?: Maybe<Texts>;
  readonly disable_global_guardrails?: Maybe<boolean>;
  readonly enable_prompt_caching?: Maybe<boolean>;
  readonly throttle_on_budget_exceeded?: Maybe<boolean>;
  readonly allowed_vector_store_indexes?: Maybe<readonly Json[]>;
  readonly allowed_passthrough_routes?: Maybe<Texts>;
  readonly denied_passthrough_routes?: Maybe<Texts>;
  readonly end_user_budget_id?: Maybe<string>;
  /** Of an update alone, as the next one. */
  readonly temp_budget_increase?: Maybe<number>;
  readonly temp_budget_expiry?: Maybe<string>;
  readonly send_invite_email?: Maybe<boolean>;
  readonly user_email?: Maybe<string>;
  readonly user_role?: Maybe<UserRole>;
  readonly store_secret?: Maybe<boolean>;
}

export interface FieldRule {
  /** Under its own name in the image or in its metadata; `apart`: by code that knows the field. */
  readonly kept: 'image' | 'metadata' | 'apart';
  /**
   * - `amount`: finite, zero or more; `count`: whole besides; `numbers`: an object with such amounts
   * - `id`: a plain text of at most 256 characters, where the empty one means none
   */
  readonly kind?: 'amount' | 'count' | 'numbers' | 'id';
  /** What an image has instead of nothing; without it the member is left out. */
  readonly none?: unknown;
  /** What null in an update does. Left out: a member of the image is cleared, one of metadata stays. */
  readonly onNull?: 'leave' | 'refuse';
  /** What the empty text in an update does, where it is not the same as null. */
  readonly onEmpty?: 'leave';
  /**
   * Who may send it: `admin` a proxy admin alone, `admin if true` likewise with that value; from
   * others than admins, `own` takes what their own key has, `own entries` some of its entries.
   */
  readonly who?: 'admin' | 'admin if true' | 'own' | 'own entries';
  /** Set where an ordinary caller may give it to a new key but not change it. */
  readonly change?: 'admin';
}

type Details = Omit<FieldRule, 'kept'>;
const column = (details: Details = {}): FieldRule => ({ kept: 'image', ...details });
const member = (details: Details = {}): FieldRule => ({ kept: 'metadata', ...details });
const apart = (details: Details = {}): FieldRule => ({ kept: 'apart', ...details });

export const fieldRules: Readonly<Record<keyof KeyFields, FieldRule>> = {
  key: apart(),
  key_alias: apart(),
  key_type: apart(),
  duration: apart(),
  models: column({ none: [], onNull: 'refuse' }),
  aliases: column({ none: {} }),
  config: column({ none: {} }),
  permissions: column({ none: {}, who: 'admin' }),
  spend: column({ none: 0, kind: 'amount', onNull: 'refuse', change: 'admin' }),
  max_budget: column({ kind: 'amount', change: 'admin' }),
  soft_budget: column({ kind: 'amount', change: 'admin' }),
  budget_duration: apart({ change: 'admin' }),
  budget_limits: apart({ change: 'admin' }),
  budget_id: column({ kind: 'id', who: 'own', change: 'admin' }),
  model_max_budget: column({ kind: 'numbers' }),
  budget_fallbacks: column(),
  user_id: column({ kind: 'id' }),
  agent_id: column({ kind: 'id', who: 'own' }),
  team_id: column({ kind: 'id', who: 'own', onEmpty: 'leave' }),
  organization_id: column({ kind: 'id', who: 'own' }),
  project_id: column({ kind: 'id', who: 'own' }),
  tpm_limit: column({ kind: 'count' }),
  rpm_limit: column({ kind: 'count' }),
  tpd_limit: column({ kind: 'count' }),
  max_parallel_requests: column({ kind: 'count' }),
  allowed_cache_controls: column(),
  allowed_routes: column({ none: [], who: 'admin' }),
  object_permission: column({ onNull: 'leave', who: 'admin' }),
  router_settings: column(),
  access_group_ids: column({ who: 'own entries' }),
  blocked: column({ change: 'admin' }),
  auto_rotate: apart(),
  rotation_interval: apart(),
  metadata: apart(),
  tpm_limit_type: member(),
  rpm_limit_type: member(),
  model_rpm_limit: member({ kind: 'numbers' }),
  model_tpm_limit: member({ kind: 'numbers' }),
  mcp_rpm_limit: member({ kind: 'numbers' }),
  tag_rpm_limit: member({ kind: 'numbers' }),
  default_estimated_output_tokens: member({ who: 'admin' }),
  default_estimated_output_tokens_per_model: member({ who: 'admin' }),
  tags: member(),
  guardrails: member(),
  policies: member(),
  prompts: member(),
  enforced_params: member(),
  disable_global_guardrails: member({ who: 'admin if true' }),
  enable_prompt_caching: member(),
  throttle_on_budget_exceeded: member({ who: 'admin if true' }),
  allowed_vector_store_indexes: member(),
  allowed_passthrough_routes: member({ who: 'admin' }),
  denied_passthrough_routes: member({ who: 'admin' }),
  end_user_budget_id: member({ kind: 'id', who: 'admin' }),
  temp_budget_increase: member({ kind: 'amount', change: 'admin' }),
  temp_budget_expiry: member({ change: 'admin' }),
  send_invite_email: apart(),
  user_email: column(),
  user_role: column({ who: 'admin' }),
  store_secret: apart(),
};

export const rulesByName: ReadonlyArray<readonly [string, FieldRule]> = Object.entries(fieldRules);

/** Members of metadata that only a proxy admin may send, whatever their value. */
export const adminMembers: readonly string[] = [
  'allow_litellm_changed_by_header',
  ...rulesByName.flatMap(([name, { kept, who, change }]) =>
    who === 'admin' || who === 'admin if true' || (kept === 'metadata' && change === 'admin')
      ? [name]
      : [],
  ),
];

export const isGiven = <T>(value: Maybe<T>): value is T => value !== undefined && value !== null;

/** The fields by name. */
export const named = (fields: KeyFields): Json => ({ ...fields });

/** Throws `InvalidField` for a number out of its range and for an id that is too long. */
export function checkValues(fields: KeyFields): void {
  const values = named(fields);
  for (const [param, { kind }] of rulesByName) {
    const value = values[param];
    if (kind !== undefined && isGiven(value)) checks[kind](param, value);
  }
}

const checks = {
  amount: (param: string, value: unknown) => {
    if (!isAmount(value)) {
      throw new InvalidField(param, `${param} must be a finite number, zero or more.`);
    }
  },
  count: (param: string, value: unknown) => {
    if (!(isAmount(value) && Number.isSafeInteger(value))) {
      throw new InvalidField(param, `${param} must be a whole number from 0 to 2^53 - 1.`);
    }
  },
  numbers: (param: string, value: unknown) => {
    if (!hasAmountsOnly(value)) {
      throw new InvalidField(param, `Each number in ${param} must be finite, zero or more.`);
    }
  },
  id: (param: string, value: unknown) => {
    if (typeof value === 'string' && value.length > 256) {
      throw new InvalidField(param, `${param} must have at most 256 characters.`);
    }
  },
};

export const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Infinity;

const hasAmountsOnly = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? Object.values(value).every(hasAmountsOnly)
    : typeof value !== 'number' || isAmount(value);

/**
 * Refuses fields of a new key that the caller may not set. Presence counts, so that nobody probes
 * with a harmless value; null and, for ids, the empty text are as left out.
 */
export function checkBirthRights(fields: KeyFields, caller: Caller): void {
  checkRights(
    fields,
    caller,
    (value, { kind }) => isGiven(value) && !(kind === 'id' && value === ''),
  );
  if (!isAdmin(caller) && fields.key_type === 'management') throw onlyAdmin('key_type');
}

/** Likewise for a change, where null is a change too. A key's user is nobody's to change but an admin's. */
export function checkChangeRights(fields: KeyFields, caller: Caller): void {
  if (isAdmin(caller)) return;
  for (const [param, { change }] of rulesByName) {
    if (change === 'admin' && named(fields)[param] !== undefined) throw onlyAdmin(param);
  }
  if (fields.user_id !== undefined && fields.user_id !== caller.userId) throw onlyAdmin('user_id');
  checkRights(fields, caller, (value) => value !== undefined);
}

function checkRights(
  fields: KeyFields,
  caller: Caller,
  isSent: (value: unknown, rule: FieldRule) => boolean,
): void {
  if (isAdmin(caller)) return;
  const values = named(fields);
  for (const [param, rule] of rulesByName) {
    const value = values[param];
    if (isSent(value, rule) && isRefused(value, rule.who, caller.row.key[param])) {
      throw onlyAdmin(param);
    }
  }
  if (Object.keys(fields.metadata ?? {}).some((name) => adminMembers.includes(name))) {
    throw onlyAdmin('metadata');
  }
}

function isRefused(value: unknown, who: FieldRule['who'], own: unknown): boolean {
  switch (who) {
    case 'admin':
      return true;
    case 'admin if true':
      return value === true;
    case 'own':
      return (value ?? undefined) !== own;
    case 'own entries':
      return !listOf(value).every((entry) => listOf(own).includes(entry));
    case undefined:
      return false;
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const onlyAdmin = (param: string): Denied =>
  new Denied(`Only a proxy admin may set ${param}.`, param);

/** Where a field's value is in an image. */
export const valueIn = (image: KeyImage, name: keyof KeyFields): unknown =>
  fieldRules[name].kept === 'metadata' ? image.metadata[name] : image[name];

/** The members of the image that are kept under the field's own name; without those left out. */
export const columnsOf = (fields: KeyFields): Record<string, unknown> => keptIn('image', fields);

/** The members of metadata that are fields of their own; without those left out. */
export const membersOf = (fields: KeyFields): Record<string, unknown> => keptIn('metadata', fields);

function keptIn(kept: FieldRule['kept'], fields: KeyFields): Record<string, unknown> {
  const values = named(fields);
  return Object.fromEntries(
    rulesByName.flatMap(([name, rule]) =>
      rule.kept === kept && isGiven(values[name]) ? [[name, values[name]]] : [],
    ),
  );
}

/** Ids whose empty text means none. */
export function withoutEmptyIds(fields: KeyFields): KeyFields {
  const values = named(fields);
  const empty = rulesByName.flatMap(([name, { kind }]) =>
    kind === 'id' && values[name] === '' ? [[name, null]] : [],
  );
  return { ...fields, ...Object.fromEntries(empty) };
}
