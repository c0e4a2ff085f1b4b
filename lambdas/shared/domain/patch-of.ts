/**
 * The rules of a change: what the body of an update or a regenerate, the caller and the settings make
 * of a key. A field left out stays; what null and the empty text do is in the table of key-fields.ts.
 */
import { checkAlias } from './alias.ts';
import { resetAt, windowsOf } from './budget-windows.ts';
import { bindingMembers, checkChangeWithin } from './delegation.ts';
import { after } from './duration.ts';
import { InvalidField, MalformedRequest } from './errors.ts';
import { checkLimits } from './guard-rails.ts';
import {
  adminMembers,
  checkChangeRights,
  checkValues,
  isGiven,
  type KeyFields,
  membersOf,
  named,
  rulesByName,
  withoutEmptyIds,
} from './key-fields.ts';
import { patched } from './key-patch.ts';
import type { KeyPatch, KeyRow, Who } from './key-row.ts';
import { checkUserEmail } from './recipient.ts';
import { type Caller, isAdmin, type Scope } from './roles.ts';
import { checkRotatable, rotationAfter } from './rotation.ts';
import { secretNameOf } from './secret-name.ts';
import type { Settings } from './settings.ts';
import { checkStorable } from './storable.ts';
import { readTime } from './time-text.ts';

export interface ChangeContext {
  readonly caller: Caller;
  readonly scope: Scope;
  readonly who: Who;
  /** The key that the caller presented: it must not turn up in a field. */
  readonly presentedKey: string;
  /** How the request names the key: where that is a value, likewise. */
  readonly namedBy: string;
  readonly settings: Settings;
  readonly now: Date;
}

/** Values by column: undefined leaves it, null clears it. */
type Changes = Readonly<Record<string, unknown>>;

/**
 * What the fields change, all times included; nothing that is the same for every change (`updated_at`
 * and its like) is in it. `asked` has no locator. Throws `InvalidField`, `Denied` or, for half a
 * temporary budget, `MalformedRequest` for the first rule that is broken.
 */
export function patchOf(asked: KeyFields, row: KeyRow, context: ChangeContext): KeyPatch {
  const { caller, settings, now } = context;
  checkValues(asked);
  checkStorable(
    { ...asked, key: null, 'litellm-changed-by': context.who.changed_by },
    [context.presentedKey, context.namedBy].filter(
      (value) => value.startsWith('sk-') && value.length >= 16,
    ),
  );
  const fields = readOf(asked);
  checkChangeRights(fields, caller);
  checkNulls(fields);
  checkLimits(fields, settings.keyLimits, now);
  const expires = expiresOf(fields, now);
  checkChangeWithin(fields, expires, row, caller);
  checkProject(fields, row);
  if (isGiven(fields.user_email)) checkUserEmail(fields.user_email, caller, settings.mail);
  return {
    ...columnsAfter({
      ...ownColumns(fields),
      key_alias: aliasOf(fields, row, settings),
      expires,
      ...budgetOf(fields, row, now),
      ...rotationOf(fields, row, now),
    }),
    ...metadataOf(fields, row, caller),
    drop: asked.end_user_budget_id === '' ? ['end_user_budget_id'] : [],
    merge: { ...membersOf(fields), ...temporaryBudgetOf(fields) },
  };
}

/** The same; the rules must also hold with what a step that is open will do to the key. */
export function patchBeside(asked: KeyFields, row: KeyRow, context: ChangeContext): KeyPatch {
  const opened = row.intent?.patch;
  if (opened !== undefined) patchOf(asked, { ...row, key: patched(row.key, opened) }, context);
  return patchOf(asked, row, context);
}

/** The fields with every spelling of null as null, and without those that change nothing. */
function readOf(asked: KeyFields): KeyFields {
  const { team_id, duration } = asked;
  return {
    ...withoutEmptyIds(asked),
    team_id: team_id === '' ? undefined : team_id,
    duration: duration === '-1' ? null : duration === '' ? undefined : duration,
  };
}

function checkNulls(fields: KeyFields): void {
  const values = named(fields);
  for (const [param, { onNull }] of rulesByName) {
    if (onNull === 'refuse' && values[param] === null) {
      throw new InvalidField(param, `${param} cannot be null; leave it out to keep it.`);
    }
  }
}

/** Columns that are kept as they are sent. */
function ownColumns(fields: KeyFields): Changes {
  const values = named(fields);
  return Object.fromEntries(
    rulesByName.flatMap(([name, { kept, none, onNull }]) => {
      const value = values[name];
      if (kept !== 'image' || (value === null && onNull === 'leave')) return [];
      return [[name, value === null ? (none ?? null) : value]];
    }),
  );
}

function columnsAfter(changes: Changes): Pick<KeyPatch, 'set' | 'clear'> {
  const set: KeyPatch['set'] = {};
  const clear: string[] = [];
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) clear.push(name);
    else if (value !== undefined) Object.assign(set, { [name]: value });
  }
  return { set, clear };
}

/** The alias where it changes: only then do its rules count, which may be newer than the alias. */
function aliasOf(
  { key_alias }: KeyFields,
  row: KeyRow,
  { aliasPattern, secretPrefix }: Settings,
): string | null | undefined {
  if (key_alias === undefined || key_alias === row.alias) return undefined;
  if (key_alias === null) return null;
  checkAlias(key_alias, aliasPattern);
  secretNameOf(secretPrefix, key_alias, row.first_token);
  return key_alias;
}

function expiresOf({ duration }: KeyFields, now: Date): string | null | undefined {
  return isGiven(duration) ? after(now, duration, 'duration').toISOString() : duration;
}

/** Without projects nothing could say whether a key may move to another one. */
function checkProject({ project_id }: KeyFields, row: KeyRow): void {
  if (isGiven(project_id) && project_id !== row.key.project_id) {
    throw new InvalidField('project_id', 'project_id can be cleared with null but not changed.');
  }
}

function budgetOf({ budget_duration, budget_limits }: KeyFields, row: KeyRow, now: Date): Changes {
  const { key } = row;
  const fixed = { budget_duration: key.budget_duration, reset_at: key.budget_reset_at };
  const windows =
    budget_limits === undefined
      ? undefined
      : windowsOf(budget_limits ?? [], now, key.budget_limits);
  return {
    budget_duration,
    budget_reset_at: isGiven(budget_duration)
      ? resetAt(now, budget_duration, 'budget_duration', fixed)
      : budget_duration,
    budget_limits: windows?.length === 0 ? null : windows,
  };
}

/** Turned off, rotation keeps its interval and time, as in LiteLLM; turned on, it needs an interval. */
function rotationOf(
  { auto_rotate, rotation_interval }: KeyFields,
  row: KeyRow,
  now: Date,
): Changes {
  if (auto_rotate === undefined && rotation_interval === undefined) return {};
  const isOn = auto_rotate === undefined ? row.key.auto_rotate : auto_rotate === true;
  const interval =
    rotation_interval === undefined ? (row.key.rotation_interval ?? null) : rotation_interval;
  if (isOn && interval === null) {
    throw new InvalidField('rotation_interval', 'auto_rotate needs a rotation_interval.');
  }
  if (isOn) checkRotatable(row.secretName !== null);
  const at = interval === null ? null : rotationAfter(now, interval);
  return {
    auto_rotate: isOn,
    rotation_interval,
    key_rotation_at: isOn || interval === null ? at : undefined,
  };
}

/**
 * What replaces metadata, or null where it stays. The id of a service account is kept in any case; so
 * is, where no admin replaces it, what only an admin may set and what binds the caller's own key.
 */
function metadataOf({ metadata }: KeyFields, row: KeyRow, caller: Caller) {
  const { service_account_id: account } = row.key.metadata;
  if (isGiven(account) && (metadata?.['service_account_id'] ?? account) !== account) {
    throw new InvalidField('metadata', 'metadata.service_account_id cannot be changed.');
  }
  const others = isAdmin(caller) ? [] : [...adminMembers, ...bindingMembers(caller)];
  const { service_account_id: _same, ...rest } = metadata ?? {};
  return {
    metadata: metadata === undefined ? null : isGiven(account) ? rest : { ...metadata },
    keep: ['service_account_id', ...others],
  };
}

/** A raise for some time takes both of its fields. */
function temporaryBudgetOf(fields: KeyFields): Changes {
  const { temp_budget_increase, temp_budget_expiry } = fields;
  if (isGiven(temp_budget_increase) !== isGiven(temp_budget_expiry)) {
    throw new MalformedRequest(
      isGiven(temp_budget_increase) ? 'temp_budget_expiry' : 'temp_budget_increase',
      'temp_budget_increase and temp_budget_expiry come together.',
    );
  }
  if (!isGiven(temp_budget_expiry)) return {};
  const at = readTime(temp_budget_expiry);
  if (at === null) {
    throw new MalformedRequest(
      'temp_budget_expiry',
      'temp_budget_expiry must be a time such as "2030-01-31T00:00:00Z".',
    );
  }
  return { temp_budget_expiry: at };
}
