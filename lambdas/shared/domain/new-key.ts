/** The rules of a key's birth: what a request, a caller and the settings make of a new key. */

import { checkAlias } from './alias.ts';
import { resetAt, windowsOf } from './budget-windows.ts';
import { nameOf } from './changed-by.ts';
import { chosenValue } from './chosen-value.ts';
import { expiryWithin, withinCaller } from './delegation.ts';
import { Denied, InvalidField } from './errors.ts';
import { withDefaults, withinLimits } from './guard-rails.ts';
import { eventOf, type Happening } from './key-event.ts';
import {
  checkBirthRights,
  checkValues,
  columnsOf,
  isGiven,
  type KeyFields,
  membersOf,
  withoutEmptyIds,
} from './key-fields.ts';
import { maskedName, newKey, newKeyId, tokenHash } from './key-format.ts';
import type { KeyImage, KeyRow, Notify, Who } from './key-row.ts';
import type { Randomness } from './ports.ts';
import { checkUserEmail, recipientOf } from './recipient.ts';
import { allowedRoutes, type Caller, type Scope } from './roles.ts';
import { checkRotatable, rotationAfter } from './rotation.ts';
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

/** What a new key is to be. */
export interface NewKeyRequest extends KeyFields {
  /** Set where it is to be the key of a service of a team, and of no user. */
  readonly isServiceAccount?: true;
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
export function newKeyOf(
  { isServiceAccount, ...requested }: NewKeyRequest,
  context: BirthContext,
): NewKey {
  const { caller, settings, now, random } = context;
  if (isServiceAccount === true && (requested.team_id ?? '').trim() === '') {
    throw new InvalidField('team_id', 'team_id is required: a service account belongs to a team.');
  }
  checkValues(requested);
  checkStorable(
    { ...requested, key: null, 'litellm-changed-by': context.who.changed_by },
    [context.presentedKey, requested.key ?? ''].filter((value) => value.length >= 16),
  );
  checkBirthRights(requested, caller);
  const asked = withDefaults(withOwner(requested, context), settings.keyDefaults);
  const limited = withinLimits(asked, settings.keyLimits, now);
  const bounded = withinCaller(requested, limited, caller);
  const fields = isServiceAccount === true ? ofService(bounded, random.uuid()) : bounded;
  const expires = expiryWithin(requested, fields, caller, now);

  const alias = fields.key_alias ?? null;
  if (alias !== null) checkAlias(alias, settings.aliasPattern);
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
  const value = chosenValue(fields.key ?? null, 'key', settings) ?? newKey(keyId, random.bytes);
  const token = tokenHash(value);
  const given = { token, key_name: maskedName(value), expires };
  const image = imageOf(fields, given, context);
  const mirrored = settings.storeVirtualKeys && fields.store_secret !== false;
  if (image.auto_rotate) checkRotatable(mirrored);
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

/** An ordinary caller creates keys for itself alone; empty ids of an admin count as left out. */
function withOwner(fields: KeyFields, { caller, scope }: BirthContext): KeyFields {
  if (scope === 'any') return withoutEmptyIds(fields);
  if (caller.userId === null) throw new Denied('A key without user_id may not create keys.');
  if (isGiven(fields.user_id) && fields.user_id !== caller.userId) {
    throw new Denied('You may create keys for yourself only.', 'user_id');
  }
  return { ...withoutEmptyIds(fields), user_id: caller.userId };
}

/** The key of a service: no user's, and known by an id of its own that stays for good. */
function ofService(fields: KeyFields, id: string): KeyFields {
  const given = fields.metadata?.['service_account_id'] ?? fields.key_alias ?? id;
  return {
    ...fields,
    user_id: null,
    metadata: { ...fields.metadata, service_account_id: given },
  };
}

function imageOf(
  fields: KeyFields,
  given: Pick<KeyImage, 'token' | 'key_name' | 'expires'>,
  { caller, now }: BirthContext,
): KeyImage {
  const at = now.toISOString();
  const by = nameOf(caller);
  const keyType = fields.key_type ?? undefined;
  const interval = fields.rotation_interval ?? null;
  // Checked also where it changes nothing: as in LiteLLM, rotation takes both fields.
  const rotationAt = interval === null ? undefined : rotationAfter(now, interval);
  const isRotated = fields.auto_rotate === true && interval !== null;
  const windows = windowsOf(fields.budget_limits ?? [], now);
  return withoutUndefined({
    ...columnsOf(fields),
    ...given,
    key_alias: fields.key_alias ?? undefined,
    key_type: keyType,
    spend: fields.spend ?? 0,
    models: [...(fields.models ?? [])],
    aliases: { ...fields.aliases },
    config: { ...fields.config },
    permissions: { ...fields.permissions },
    budget_duration: fields.budget_duration ?? undefined,
    budget_reset_at: isGiven(fields.budget_duration)
      ? resetAt(now, fields.budget_duration, 'budget_duration')
      : undefined,
    budget_limits: windows.length === 0 ? undefined : windows,
    metadata: { ...fields.metadata, ...membersOf(fields) },
    allowed_routes: routesOf(fields),
    auto_rotate: isRotated,
    rotation_interval: isRotated ? interval : undefined,
    key_rotation_at: isRotated ? rotationAt : undefined,
    rotation_count: 0,
    store_secret: fields.store_secret === false ? false : undefined,
    created_at: at,
    created_by: by,
    updated_at: at,
    updated_by: by,
  });
}

/** Routes that are named win over those of the key type: they can only have been meant as they are. */
function routesOf({ allowed_routes, key_type }: KeyFields): string[] {
  const given = allowed_routes ?? [];
  return [...(given.length > 0 ? given : allowedRoutes[key_type ?? 'default'])];
}

/** Absent and undefined are one to us but not to the table: drop what is undefined. */
function withoutUndefined<T extends object>(value: T): T {
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) Reflect.deleteProperty(value, name);
  }
  return value;
}
