/** The key an operation is about, as the caller names it: by value, token hash or key id. */
import { Denied, KeyNotFound } from './errors.ts';
import { isKeyId, isTokenHash, sameHash, shapeOf, tokenHash } from './key-format.ts';
import type { KeyRow } from './key-row.ts';
import type { KeyRef } from './ports.ts';
import { type Caller, isMaster, owns, type Scope } from './roles.ts';

/** How to find the key, and the hash that it must then have; null where only the id was named. */
export interface Target {
  readonly ref: KeyRef;
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

/**
 * The row, where it is the key that was named and the caller may see it. An admin learns that a key
 * is unknown (`KeyNotFound`); anybody else gets one and the same `Denied` for unknown and foreign.
 */
export function visibleTarget(
  target: Target | null,
  row: KeyRow | null,
  caller: Caller,
  scope: Scope,
): KeyRow {
  const named = row !== null && target !== null && hasHash(row, target.hash) ? row : null;
  const isHidden = named !== null && isMaster(named.keyId) && named.keyId !== caller.keyId;
  if (named !== null && !isHidden && (scope === 'any' || owns(caller, named))) return named;
  if (scope === 'any') throw new KeyNotFound();
  throw new Denied('You may look at your own keys only.');
}

const hasHash = (row: KeyRow, hash: string | null): boolean =>
  hash === null ||
  sameHash(hash, row.cur.hash) ||
  (row.prev !== null && sameHash(hash, row.prev.hash));
