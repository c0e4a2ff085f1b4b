/** The rules of a key's birth: what a request, a caller and the settings make of a new key. */

import { checkAlias } from './alias.ts';
import { adminName } from './changed-by.ts';
import { expiryWithin, withinCaller } from './delegation.ts';
import { after, budgetResetAt } from './duration.ts';
import { Denied, InvalidField } from './errors.ts';
import { withDefaults, withinLimits } from './guard-rails.ts';
import { eventOf, type Happening } from './key-event.ts';
import { maskedName, newKey, newKeyId, tokenHash, weaknessOf } from './key-format.ts';
import type { KeyImage, KeyRow, Notify, Who } from './key-row.ts';
import type { Maybe, NewKeyFields } from './new-key-fields.ts';
import type { Randomness } from './ports.ts';
import { checkUserEmail, recipientOf } from './recipient.ts';
import { allowedRoutes, type Caller, isAdmin, type Scope } from './roles.ts';
import { checkRowSize } from './row-size.ts';
import { newSalt } from './salt.ts';
import { secretNameOf } from './secret-name.ts';
import type { Settings } from './settings.ts';
import { checkStorable } from './storable.ts';

/** A birth that has been decided on but is written nowhere yet. */
export interface NewKey {
  /** The plaintext; it leaves the process for Secrets Manager and the one answer only. */
  readonly value: string;
  /** The row as it is once the birth is complete. */
  readonly row: KeyRow;
  readonly notify: Notify | null;
}

export interface BirthContext {
  readonly caller: Caller;
  readonly scope: Scope;
  readonly who: Who;
  readonly requestId: string;
  /** The key that the caller presented: it must not turn up in a field. */
  readonly presentedKey: string;
  readonly settings: Settings;
  readonly now: Date;
  readonly random: Randomness;
}

/**
 * Decides on a new key. Throws `InvalidField` or `Denied` for the first rule that the request
 * breaks; nothing is written here.
 */
export function newKeyOf(requested: NewKeyFields, context: BirthContext): NewKey {
  const { caller, settings, now, random } = context;
  checkNumbers(requested);
  checkStorable(
    { ...requested, key: null, 'litellm-changed-by': context.who.changed_by },
    [context.presentedKey, requested.key ?? ''].filter((value) => value.length >= 16),
  );
  checkAdminFields(requested, caller);
  const asked = withDefaults(withOwner(requested, context), settings.keyDefaults);
  const limited = withinLimits(asked, settings.keyLimits, now);
  const fields = withinCaller(requested, limited, caller);
  const expires = expiryWithin(requested, fields, caller, now);

  const alias = fields.key_alias ?? null;
  if (alias !== null) checkAlias(alias, settings.aliasPattern);
  for (const param of ['user_id', 'team_id', 'organization_id'] as const) {
    checkLength(param, fields[param]);
  }
  const email = fields.user_email ?? null;
  if (email !== null) checkUserEmail(email, caller, settings.mail);
  const notify: Notify | null =
    fields.send_invite_email === true
      ? {
          event: 'key_created',
          to: recipientOf(email, fields.user_id ?? null, settings.mail),
        }
      : null;

  const keyId = newKeyId(random.bytes);
  const value = chosenValue(fields.key ?? null, settings) ?? newKey(keyId, random.bytes);
  const token = tokenHash(value);
  const named = { token, key_name: maskedName(value), expires };
  const image = imageOf(fields, named, context);
  const mirrored = settings.storeVirtualKeys && fields.store_secret !== false;
  // Checked for an unmirrored key too: its alias is a key of the table, and bounded like a name.
  const secretName = secretNameOf(settings.secretPrefix, alias, token);
  const id = random.uuid();
  const born = {
    v: 1,
    keyId,
    status: 'active',
    blocked: image.blocked === true,
    expires: image.expires ?? null,
    cur: { hash: token, ver: mirrored ? id : null },
    prev: null,
    alias,
    secretName: mirrored ? secretName : null,
    secretArn: null,
    first_token: token,
    rev: 1,
    salt: newSalt(random),
    intent: null,
    key: image,
  } as const;
  const happening: Happening = {
    id,
    action: 'created',
    at: image.created_at,
    who: context.who,
    requestId: context.requestId,
    operationId: null,
    notify,
  };
  const row: KeyRow = { ...born, ...eventOf(null, born, happening, newSalt(random)) };
  checkRowSize(row);
  return { value, row, notify };
}

/**
 * What only a proxy admin may send, by field. Presence counts, so that nobody probes with a harmless
 * value. There is no directory of teams: a caller may pass on its own key's team and no other.
 */
const adminOnly: Partial<
  Record<keyof NewKeyFields, (fields: NewKeyFields, caller: Caller) => boolean>
> = {
  permissions: (fields) => isGiven(fields.permissions),
  user_role: (fields) => isGiven(fields.user_role),
  key_type: (fields) => fields.key_type === 'management',
  metadata: (fields) => isGiven(fields.metadata?.['allow_litellm_changed_by_header']),
  team_id: (fields, { row }) => isOther(fields.team_id, row.key.team_id),
  organization_id: (fields, { row }) => isOther(fields.organization_id, row.key.organization_id),
};

function checkAdminFields(fields: NewKeyFields, caller: Caller): void {
  if (isAdmin(caller)) return;
  for (const [param, isRefused] of Object.entries(adminOnly)) {
    if (isRefused(fields, caller)) throw new Denied(`Only a proxy admin may set ${param}.`, param);
  }
}

function checkNumbers(fields: NewKeyFields): void {
  for (const param of ['max_budget', 'soft_budget', 'spend'] as const) {
    const value = fields[param] ?? 0;
    if (!(value >= 0 && value < Infinity)) {
      throw new InvalidField(param, `${param} must be a finite number, zero or more.`);
    }
  }
  for (const param of ['tpm_limit', 'rpm_limit', 'max_parallel_requests'] as const) {
    const value = fields[param] ?? 0;
    if (!(value >= 0 && Number.isSafeInteger(value))) {
      throw new InvalidField(param, `${param} must be a whole number from 0 to 2^53 - 1.`);
    }
  }
}

/** An ordinary caller creates keys for itself alone; empty ids of an admin count as left out. */
function withOwner(fields: NewKeyFields, { caller, scope }: BirthContext): NewKeyFields {
  const cleaned = {
    ...fields,
    team_id: fields.team_id === '' ? null : fields.team_id,
    organization_id: fields.organization_id === '' ? null : fields.organization_id,
  };
  if (scope === 'any')
    return { ...cleaned, user_id: fields.user_id === '' ? null : fields.user_id };
  if (caller.userId === null) throw new Denied('A key without user_id may not create keys.');
  if (isGiven(fields.user_id) && fields.user_id !== caller.userId) {
    throw new Denied('You may create keys for yourself only.', 'user_id');
  }
  return { ...cleaned, user_id: caller.userId };
}

function chosenValue(chosen: string | null, { allowCustomKeys }: Settings): string | null {
  if (chosen === null) return null;
  if (!allowCustomKeys) {
    throw new Denied('Choosing the value of a key is not allowed in this environment.', 'key');
  }
  const weakness = weaknessOf(chosen);
  if (weakness !== null) throw new InvalidField('key', `A chosen key ${weakness}.`);
  return chosen;
}

function imageOf(
  fields: NewKeyFields,
  named: Pick<KeyImage, 'token' | 'key_name' | 'expires'>,
  { caller, now }: BirthContext,
): KeyImage {
  const at = now.toISOString();
  const by = caller.userId ?? adminName;
  const keyType = fields.key_type ?? undefined;
  // As in LiteLLM, rotation takes both fields; one alone changes nothing.
  const interval = fields.auto_rotate === true ? (fields.rotation_interval ?? null) : null;
  const rotationAt = rotationAfter(now, fields.rotation_interval ?? null);
  return withoutUndefined({
    ...named,
    key_alias: fields.key_alias ?? undefined,
    key_type: keyType,
    spend: fields.spend ?? 0,
    models: [...(fields.models ?? [])],
    aliases: { ...fields.aliases },
    config: { ...fields.config },
    permissions: { ...fields.permissions },
    max_budget: fields.max_budget ?? undefined,
    soft_budget: fields.soft_budget ?? undefined,
    budget_duration: fields.budget_duration ?? undefined,
    budget_reset_at: isGiven(fields.budget_duration)
      ? budgetResetAt(now, fields.budget_duration, 'budget_duration').toISOString()
      : undefined,
    user_id: fields.user_id ?? undefined,
    user_email: fields.user_email ?? undefined,
    user_role: fields.user_role ?? undefined,
    team_id: fields.team_id ?? undefined,
    organization_id: fields.organization_id ?? undefined,
    tpm_limit: fields.tpm_limit ?? undefined,
    rpm_limit: fields.rpm_limit ?? undefined,
    max_parallel_requests: fields.max_parallel_requests ?? undefined,
    metadata: {
      ...fields.metadata,
      ...(isGiven(fields.tags) ? { tags: [...fields.tags] } : {}),
    },
    blocked: fields.blocked ?? undefined,
    allowed_routes: [...allowedRoutes[keyType ?? 'default']],
    auto_rotate: interval !== null,
    rotation_interval: interval ?? undefined,
    key_rotation_at: interval === null ? undefined : rotationAt,
    rotation_count: 0,
    store_secret: fields.store_secret === false ? false : undefined,
    created_at: at,
    created_by: by,
    updated_at: at,
    updated_by: by,
  });
}

function rotationAfter(now: Date, interval: string | null): string | undefined {
  if (interval === null) return undefined;
  const at = after(now, interval, 'rotation_interval');
  if (at > now) return at.toISOString();
  throw new InvalidField('rotation_interval', 'rotation_interval must be longer than zero.');
}

function checkLength(param: string, value: Maybe<string>): void {
  if ((value ?? '').length > 256) {
    throw new InvalidField(param, `${param} must have at most 256 characters.`);
  }
}

const isGiven = <T>(value: Maybe<T>): value is T => value !== undefined && value !== null;

const isOther = (asked: Maybe<string>, own: string | undefined): boolean =>
  isGiven(asked) && asked !== '' && asked !== own;

/** Absent and undefined are one to us but not to the table: drop what is undefined. */
function withoutUndefined<T extends object>(value: T): T {
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) Reflect.deleteProperty(value, name);
  }
  return value;
}
