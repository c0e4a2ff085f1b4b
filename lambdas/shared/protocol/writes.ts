/** Writes that several steps share, as plain values. */
import { type Attempt, recordSeconds } from '../domain/idempotency.ts';
import type { AliasLease, Intent, KeyRow } from '../domain/key-row.ts';
import type { KeyWrite } from '../domain/ports.ts';

/**
 * Takes an alias for a key, over the lease that was read. What that tells of the last secret stays: should
 * this be undone, that one may still be in its deletion window. `secretName` is then the name that
 * `deletedAt` is about, also where the key has no secret of its own.
 */
export const takeLease = (
  keyId: string,
  alias: string | null,
  secretName: string | null,
  read: AliasLease | null,
): KeyWrite[] => {
  if (alias === null) return [];
  const last = read?.secretName ?? secretName;
  const next = secretName ?? last;
  return [
    {
      kind: 'put-lease',
      lease: {
        secretArn: null,
        deletedAt: null,
        ...read,
        ...(next === last ? {} : { deletedAt: null }),
        alias,
        state: 'held',
        keyId,
        secretName: next,
        rev: (read?.rev ?? 0) + 1,
      },
    },
  ];
};

/** Gives an alias back; `deletedAt` where a secret of ours under its name was scheduled for deletion. */
export const freeLease = (
  { keyId, stores }: Pick<KeyRow, 'keyId' | 'stores'>,
  alias: string | null,
  deletedAt: string | null,
): KeyWrite[] => (alias === null ? [] : [{ kind: 'free-lease', alias, keyId, deletedAt, stores }]);

/**
 * Kept with the change, in the same transaction, so that a repeat finds it if and only if the change
 * was accepted. `eventId` is the id of its intent, which is that of its event.
 */
export const createRecord = (
  row: Pick<KeyRow, 'keyId'>,
  attempt: Attempt | null,
  told: { readonly eventId: string; readonly hash: string; readonly answer: unknown },
  now: Date,
): KeyWrite[] =>
  attempt === null
    ? []
    : [
        {
          kind: 'create-record',
          now,
          record: {
            id: attempt.id,
            requestHash: attempt.requestHash,
            eventId: told.eventId,
            keyId: row.keyId,
            hash: told.hash,
            answer: JSON.stringify(told.answer),
            ttl: attempt.until ?? Math.floor(now.getTime() / 1000) + recordSeconds,
          },
        },
      ];

/** Of what is undone: a retry runs afresh. */
export const removeRecord = ({ idempotencyId }: Intent): KeyWrite[] =>
  idempotencyId === null ? [] : [{ kind: 'delete-record', id: idempotencyId }];

/** A hash that is let in no longer, or only until then, still tells which key it was. */
export const expirePointer = (
  keyId: string,
  hash: string,
  letInUntil: string,
  retentionDays: number,
): KeyWrite => ({
  kind: 'expire-pointer',
  pointer: { hash, keyId, ttl: endOfRetention(letInUntil, retentionDays) },
});

/** Epoch seconds. */
export const endOfRetention = (from: string, retentionDays: number): number =>
  Math.floor(Date.parse(from) / 1000) + retentionDays * 86_400;

export const secondsAfter = (at: Date, seconds: number): string =>
  new Date(at.getTime() + seconds * 1000).toISOString();
