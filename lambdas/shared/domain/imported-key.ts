/**
 * The rules of an import: what a key of LiteLLM becomes here. It keeps its value, of which only the
 * hash is known, and what it may do: limits, defaults and patterns of the environment are for new keys.
 */
import { createHash } from 'node:crypto';
import { checkAlias } from './alias.ts';
import { resetAt } from './budget-windows.ts';
import { canonicalJson } from './canonical-json.ts';
import { adminName } from './changed-by.ts';
import { InvalidField } from './errors.ts';
import { eventOf } from './key-event.ts';
import {
  type BudgetWindow,
  checkValues,
  columnsOf,
  isAmount,
  isGiven,
  type KeyFields,
  type Maybe,
  withoutEmptyIds,
} from './key-fields.ts';
import { isKeyId, isTokenHash, newKeyId, tokenHash } from './key-format.ts';
import { type KeyImage, type KeyRow, keyImage } from './key-row.ts';
import type { Randomness } from './ports.ts';
import { isAddress } from './recipient.ts';
import { isAdminRole, isMaster } from './roles.ts';
import { rotationAfter } from './rotation.ts';
import { checkRowSize } from './row-size.ts';
import { newSalt } from './salt.ts';
import { secretNameOf } from './secret-name.ts';
import type { Settings } from './settings.ts';
import { checkStorable } from './storable.ts';

/** A key's row as it was read. Times are ISO 8601 in UTC with milliseconds. */
export interface ImportedFields extends Omit<KeyFields, 'key' | 'duration' | 'budget_limits'> {
  readonly token: string;
  readonly key_name?: Maybe<string>;
  /** Of a key that another Latchkey issued: its value has the id inside. */
  readonly key_id?: Maybe<string>;
  readonly expires?: Maybe<string>;
  readonly budget_limits?: Maybe<readonly (BudgetWindow & { readonly reset_at?: Maybe<string> })[]>;
  readonly budget_reset_at?: Maybe<string>;
  readonly rotation_count?: Maybe<number>;
  readonly key_rotation_at?: Maybe<string>;
  readonly last_rotation_at?: Maybe<string>;
  readonly created_at?: Maybe<string>;
  readonly created_by?: Maybe<string>;
  readonly updated_at?: Maybe<string>;
  readonly updated_by?: Maybe<string>;
  readonly settings_updated_at?: Maybe<string>;
  readonly status?: Maybe<string>;
  readonly deleted_at?: Maybe<string>;
  /** Names a row of another table, which has to come along as `object_permission`. */
  readonly object_permission_id?: Maybe<string>;
  /** Of the team's row: there are no teams here, so the key must not depend on it. */
  readonly team_blocked?: Maybe<boolean>;
  readonly team_models?: Maybe<readonly string[]>;
}

export interface ImportContext {
  /** Who imports, for the audit. */
  readonly importedBy: string;
  /** Shared by all keys of one run. */
  readonly runId: string;
  /** Whether a key may bring an admin's role. */
  readonly withRoles: boolean;
  /** Hashes of values that no field may contain, beside the key's own. */
  readonly tokens: ReadonlySet<string>;
  readonly settings: Pick<Settings, 'secretPrefix'>;
  readonly now: Date;
  readonly random: Randomness;
}

/**
 * The row of an imported key, with its `imported` event. It names no secret, for nobody knows the
 * value. Throws `InvalidField` for the first rule that is broken, and never quotes what was read.
 */
export function importedKeyOf(fields: ImportedFields, context: ImportContext): KeyRow {
  const { importedBy, runId, settings, now, random } = context;
  const { token } = fields;
  checkToken(fields);
  checkFields(fields, context);
  checkTeam(fields);
  const alias = fields.key_alias ?? null;
  if (alias !== null) checkAlias(alias, null);
  // It names no secret yet, but does from its next value on.
  secretNameOf(settings.secretPrefix, alias, token);
  const given = givenMembers(withoutEmptyIds(fields), fields);
  const image = imageOf(given, now);
  const born = {
    v: 1,
    keyId: fields.key_id ?? newKeyId(random.bytes),
    status: 'active',
    blocked: image.blocked === true,
    expires: image.expires ?? null,
    cur: { hash: token, ver: null },
    prev: null,
    alias,
    secretName: null,
    secretArn: null,
    first_token: token,
    rev: 1,
    salt: newSalt(random),
    intent: null,
    key: image,
    imported: createHash('sha256').update(canonicalJson(given)).digest('hex'),
  } as const;
  const happening = {
    id: random.uuid(),
    action: 'imported',
    at: now.toISOString(),
    who: {
      changed_by: importedBy,
      changed_by_api_key: null,
      principal: 'import',
      settled_by: null,
      source_ip: null,
    },
    requestId: runId,
    operationId: runId,
    notify: null,
  } as const;
  const row: KeyRow = { ...born, ...eventOf(null, born, happening, newSalt(random)) };
  checkRowSize(row);
  return row;
}

/** Members of the image in which a key that is here is not what an import would make of it. */
export const differingMembers = ({ key: here }: KeyRow, { key: other }: KeyRow): string[] =>
  [...new Set([...Object.keys(here), ...Object.keys(other)])].filter(
    (name) => canonicalJson(here[name] ?? null) !== canonicalJson(other[name] ?? null),
  );

function checkToken({ token, key_id, status, deleted_at }: ImportedFields): void {
  if (!isTokenHash(token)) {
    throw new InvalidField('token', 'token is no SHA-256 hash; it may be a key.');
  }
  if (isGiven(deleted_at) || status === 'deleted') {
    throw new InvalidField('deleted_at', 'The key is deleted in LiteLLM.');
  }
  if (isGiven(key_id) && (!isKeyId(key_id) || isMaster(key_id))) {
    throw new InvalidField('key_id', 'key_id is not that of a key.');
  }
}

function checkFields(fields: ImportedFields, { withRoles, tokens }: ImportContext): void {
  const { token, key_name, user_email, user_role, rotation_count } = fields;
  const { object_permission, object_permission_id } = fields;
  const { budget_limits: windows, ...others } = fields;
  checkValues(others);
  checkStorable({ ...fields }, []);
  for (const [param, value] of Object.entries(fields)) {
    const hashes = hashesOfWords(JSON.stringify(value) ?? '');
    if (hashes.some((hash) => hash === token || tokens.has(hash))) {
      throw new InvalidField(
        param,
        `${param} contains the value of a key that is imported; keys are never stored there.`,
      );
    }
  }
  if (isGiven(key_name) && !/^sk-\.\.\..{0,4}$/.test(key_name)) {
    throw new InvalidField('key_name', 'key_name is no masked name; it may be a key.');
  }
  if (isGiven(user_email) && !isAddress(user_email)) {
    throw new InvalidField('user_email', 'user_email is not an e-mail address.');
  }
  if (isGiven(rotation_count) && !(isAmount(rotation_count) && Number.isInteger(rotation_count))) {
    throw new InvalidField('rotation_count', 'rotation_count must be a whole number from 0.');
  }
  if (windows?.some(({ max_budget }) => !isAmount(max_budget)) === true) {
    throw new InvalidField('budget_limits', 'max_budget of each window must be zero or more.');
  }
  if (fields.auto_rotate === true && !isGiven(fields.rotation_interval)) {
    throw new InvalidField('rotation_interval', 'auto_rotate needs a rotation_interval.');
  }
  if (isAdminRole(user_role ?? undefined) && !withRoles) {
    throw new InvalidField(
      'user_role',
      'An admin role is taken over only where that is asked for.',
    );
  }
  if (isGiven(object_permission_id) && !isGiven(object_permission)) {
    throw new InvalidField(
      'object_permission',
      'object_permission is missing: it is in another table, and the key would be without it.',
    );
  }
  if (JSON.stringify(fields.metadata?.['logging'] ?? null).includes('"********"')) {
    throw new InvalidField(
      'metadata',
      'metadata.logging has masked credentials, which would be taken for true ones.',
    );
  }
}

/** The token hashes of the words in a text that may be keys. */
export const hashesOfWords = (text: string): string[] =>
  [...text.matchAll(/sk-[\w-]+/g), ...text.matchAll(/sk-[^\s"\\]+/g)].map(([word]) =>
    tokenHash(word),
  );

/** Refuses a key that is bound by its team alone. */
function checkTeam({ models, team_blocked, team_models }: ImportedFields): void {
  if (team_blocked === true) {
    throw new InvalidField(
      'team_blocked',
      'The team of this key is blocked, and there are no teams here: block the key in its place.',
    );
  }
  if (models?.includes('all-team-models') === true) {
    throw new InvalidField(
      'models',
      'models has all-team-models, and there are no teams here: write the models out.',
    );
  }
  if ((models ?? []).length === 0 && (team_models ?? []).length > 0) {
    throw new InvalidField(
      'models',
      'The key gets its models from its team, and there are no teams here: write them into models.',
    );
  }
}

/** Columns that LiteLLM has empty where nothing is set, and an image not at all. */
const emptyIsNone = [
  'model_max_budget',
  'budget_fallbacks',
  'router_settings',
  'allowed_cache_controls',
  'access_group_ids',
];

/** What the row says of the image; the same whenever it is read. */
function givenMembers(columns: KeyFields, fields: ImportedFields) {
  const kept = Object.entries(columnsOf(columns)).filter(
    ([name, value]) => !(emptyIsNone.includes(name) && Object.keys(Object(value)).length === 0),
  );
  return {
    ...Object.fromEntries(kept),
    token: fields.token,
    key_name: fields.key_name ?? undefined,
    key_alias: fields.key_alias ?? undefined,
    // A key without one is of this type.
    key_type: fields.key_type === 'default' ? undefined : (fields.key_type ?? undefined),
    expires: fields.expires ?? undefined,
    budget_duration: fields.budget_duration ?? undefined,
    budget_reset_at: fields.budget_reset_at ?? undefined,
    budget_limits:
      fields.budget_limits?.length === 0 ? undefined : (fields.budget_limits ?? undefined),
    metadata: { ...fields.metadata },
    auto_rotate: fields.auto_rotate === true,
    rotation_interval: fields.rotation_interval ?? undefined,
    rotation_count: fields.rotation_count ?? 0,
    key_rotation_at: fields.key_rotation_at ?? undefined,
    last_rotation_at: fields.last_rotation_at ?? undefined,
    store_secret: fields.store_secret === false ? false : undefined,
    created_at: fields.created_at ?? undefined,
    created_by: fields.created_by ?? undefined,
    updated_at: fields.updated_at ?? undefined,
    updated_by: fields.updated_by ?? undefined,
    settings_updated_at: fields.settings_updated_at ?? undefined,
  };
}

/** The image, with what LiteLLM's older rows lack. Throws `InvalidField` for a malformed duration. */
function imageOf(given: ReturnType<typeof givenMembers>, now: Date): KeyImage {
  const { budget_duration, rotation_interval } = given;
  const at = now.toISOString();
  const created_at = given.created_at ?? at;
  const created_by = given.created_by ?? adminName;
  if (rotation_interval !== undefined) rotationAfter(now, rotation_interval);
  const next =
    budget_duration === undefined ? undefined : resetAt(now, budget_duration, 'budget_duration');
  return keyImage.parse({
    spend: 0,
    models: [],
    aliases: {},
    config: {},
    permissions: {},
    allowed_routes: [],
    ...given,
    key_name: given.key_name ?? 'sk-...',
    budget_reset_at: given.budget_reset_at ?? next,
    budget_limits: given.budget_limits?.map(({ max_budget, budget_duration: every, reset_at }) => {
      const nextReset = resetAt(now, every, 'budget_limits');
      return { budget_duration: every, max_budget, reset_at: reset_at ?? nextReset };
    }),
    created_at,
    created_by,
    updated_at: given.updated_at ?? created_at,
    updated_by: given.updated_by ?? created_by,
  });
}
