/** The key an operation is about, as the caller names it: by value, token hash, key id or alias. */
import { isPossibleAlias } from './alias.ts';
import { adminName, erasedName } from './changed-by.ts';
import { Denied, KeyNotFound } from './errors.ts';
import { isKeyId, isTokenHash, shapeOf, tokenHash } from './key-format.ts';
import { countsAsValue, type KeyRow } from './key-row.ts';
import type { TargetRef } from './ports.ts';
import { type Caller, isAdmin, isAdminRole, isMaster, owns, type Scope } from './roles.ts';

/** How to find the key, and the hash that it must then have; null where no hash was named. */
export interface Target {
  readonly ref: TargetRef;
  readonly hash: string | null;
}

/** Null for a text that can name no key, so that it costs no look-up. */
export function targetOf(identifier: string): Target | null {
  if (identifier.startsWith('sk-')) {
    const shape = shapeOf(identifier);
    if (shape.kind === 'malformed') return null;
    const hash = tokenHash(identifier);
    return { hash, ref: shape.kind === 'issued' ? { keyId: shape.keyId } : { hash } };
  }
  if (isTokenHash(identifier)) return { hash: identifier, ref: { hash: identifier } };
  return isKeyId(identifier) ? { hash: null, ref: { keyId: identifier } } : null;
}

/** The key that holds an alias; null for a text that can be none. */
export const targetOfAlias = (alias: string): Target | null =>
  isPossibleAlias(alias) ? { ref: { alias }, hash: null } : null;

/**
 * The row, where it is the key that was named and the caller may see it. An admin learns that a key
 * is unknown (`KeyNotFound`); anybody else gets one and the same `Denied` for unknown and foreign.
 */
export function visibleTarget(row: KeyRow | null, caller: Caller, scope: Scope): KeyRow {
  if (row !== null && isVisible(row, caller, scope)) return row;
  if (scope === 'any') throw new KeyNotFound('key');
  throw new Denied('You may look at your own keys only.');
}

/** The admin key is shown to itself and to nobody else. */
export const isVisible = (row: KeyRow, caller: Caller, scope: Scope): boolean =>
  row.keyId === caller.keyId || (!isMaster(row.keyId) && (scope === 'any' || owns(caller, row)));

/**
 * Whether the row is the key that was named: by a value that counts where one was named, by its own
 * alias where one was. A key also holds the alias that it is about to get, or has a late secret under.
 */
export const isNamed = (target: Target | null, row: KeyRow, now: Date): boolean =>
  target !== null &&
  (target.hash === null || countsAsValue(row, target.hash, now)) &&
  (!('alias' in target.ref) || target.ref.alias === row.alias);

/** A key that is to be changed, as a request names it. */
export interface Named {
  readonly target: Target | null;
  /** What was found for it. */
  readonly row: KeyRow | null;
  /** The field that names it. */
  readonly param: string;
  /** Whether the admin key can be named too, by itself. */
  readonly orAdminKeyItself?: boolean;
}

/**
 * The row, where it is the key that was named and the caller may change it. A value that was rotated
 * away names no key: else a change by an old value would hit the live key. Nobody changes a key that
 * may do more than the caller's own. Throws as `visibleTarget` does; a key of the caller's that is
 * deleted is not found either.
 */
export function changeableTarget(
  { target, row, param, orAdminKeyItself = false }: Named,
  caller: Caller,
  scope: Scope,
  now: Date,
): KeyRow {
  const found = row !== null && isNamed(target, row, now) ? row : null;
  const isSelf = found?.keyId === caller.keyId;
  const isReached = found !== null && (!isMaster(found.keyId) || (isSelf && orAdminKeyItself));
  checkYours(isReached ? found : null, caller, scope);
  if (!isReached || found.status === 'deleted') throw new KeyNotFound(param);
  return found;
}

/** Throws `Denied` where the caller may not change the key, one and the same for foreign and unknown. */
export function checkYours(row: KeyRow | null, caller: Caller, scope: Scope): void {
  if (scope === 'any') return;
  const isAbove = isAdminRole(row?.key.user_role) && row?.keyId !== caller.keyId;
  if (row !== null && owns(caller, row) && !isAbove) return;
  throw new Denied('You may change your own keys only.');
}

/**
 * Settings are changed by whoever created the key, or by an admin; the owner alone may not. A user who
 * has the name of the admin key, as some that were imported do, created nothing that this one did; nor did one who has the name that stands for people who were erased.
 */
export function checkCreator({ key }: KeyRow, caller: Caller): void {
  const { userId } = caller;
  const isName = userId !== null && userId !== adminName && userId !== erasedName;
  const isCreator = isName && key.created_by === userId;
  if (isAdmin(caller) || isCreator) return;
  throw new Denied('Only a proxy admin may change a key that somebody else created.');
}
