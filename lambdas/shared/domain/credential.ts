/** Who is let in: the holder of a value that counts, of a key that is active, not blocked and not expired. */
import { KeyNotUsable, Unauthenticated } from './errors.ts';
import { shapeOf, tokenHash } from './key-format.ts';
import { countsAsValue, isExpired, type KeyRow } from './key-row.ts';
import type { KeyRef } from './ports.ts';
import type { Caller } from './roles.ts';

/** A presented key, before it is known whether anybody holds it. */
export interface Credential {
  readonly ref: KeyRef;
  readonly hash: string;
}

/** Throws `Unauthenticated` for what no look-up could find, so that it costs none. */
export function credentialOf(presented: string): Credential {
  const shape = shapeOf(presented);
  if (shape.kind === 'malformed') throw new Unauthenticated();
  const hash = tokenHash(presented);
  return { hash, ref: shape.kind === 'issued' ? { keyId: shape.keyId } : { hash } };
}

/**
 * The caller behind a credential. Throws the one `Unauthenticated` unless the secret is right;
 * only then may an answer say that the key is deleted, blocked or expired.
 */
export function authenticate(credential: Credential, row: KeyRow | null, now: Date): Caller {
  if (row === null || !countsAsValue(row, credential.hash, now)) throw new Unauthenticated();
  if (row.status === 'deleted') throw new KeyNotUsable('deleted');
  if (row.blocked) throw new KeyNotUsable('blocked');
  if (isExpired(row, now)) throw new KeyNotUsable('expired');
  return {
    keyId: row.keyId,
    tokenHash: credential.hash,
    role: row.key.user_role ?? 'internal_user',
    userId: row.key.user_id ?? null,
    row,
  };
}
