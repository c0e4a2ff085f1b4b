/** The rows and writes of a birth's steps, as plain values: handler and reconciler share them. */
import type { Attempt } from '../domain/idempotency.ts';
import { audited, type Happening } from '../domain/key-event.ts';
import type { AliasLease, Intent, KeyRow, Who } from '../domain/key-row.ts';
import type { NewKey } from '../domain/new-key.ts';
import type { KeyWrite, Randomness } from '../domain/ports.ts';
import type { Closing } from './close-intent.ts';
import { endOfRetention, freeLease, removeRecord, secondsAfter, takeLease } from './writes.ts';

/** The new key with its open intent; a key that names no secret needs none. */
export function withIntent(
  newKey: NewKey,
  attempt: Attempt | null,
  at: Date,
  fenceSeconds: number,
): NewKey {
  const { row, notify } = newKey;
  if (row.secretName === null) return newKey;
  const { id, who, request_id } = row.event;
  const intent: Intent = {
    id,
    kind: 'generate',
    claim: 0,
    opened: at.toISOString(),
    at: at.toISOString(),
    fence: secondsAfter(at, fenceSeconds),
    notify,
    hash: row.cur.hash,
    ver: id,
    newName: row.secretName,
    newAlias: row.alias,
    names: [],
    idempotencyId: attempt?.id ?? null,
    who,
    request_id,
  };
  return { ...newKey, row: { ...row, intent } };
}

/** Step 1: row, hash pointer and alias come to be together or not at all. */
export const birthWrites = (row: KeyRow, read: AliasLease | null): KeyWrite[] => [
  { kind: 'create-row', row },
  { kind: 'create-pointer', pointer: { hash: row.cur.hash, keyId: row.keyId } },
  ...takeLease(row.keyId, row.alias, row.secretName, read),
];

/** Step 3: the intent is closed as done. */
export const settledBirth = (row: KeyRow, secretArn: string): Closing => ({
  row: { ...row, rev: row.rev + 1, secretArn, intent: null },
  also: [],
});

/** Takes a birth back: the row is deleted with an event of its own, hash and alias are free again. */
export function undoneBirth(
  row: KeyRow,
  intent: Intent,
  undo: {
    readonly happening: Happening;
    readonly random: Randomness;
    readonly retentionDays: number;
    /** When a secret of the key was scheduled for deletion on the way. */
    readonly deletedAt: string | null;
  },
): Closing {
  const deleted: KeyRow = {
    ...row,
    rev: row.rev + 1,
    status: 'deleted',
    intent: null,
    ttl: endOfRetention(undo.happening.at, undo.retentionDays),
  };
  return {
    row: audited(row, deleted, undo.happening, undo.random),
    also: [
      { kind: 'delete-pointer', hash: intent.hash },
      ...freeLease(row, row.alias, undo.deletedAt),
      ...removeRecord(intent),
    ],
  };
}

/** The undo as an event: by whoever asked for the birth, or by the system. */
export const undoHappening = (id: string, at: Date, who: Who, requestId: string): Happening => ({
  id,
  action: 'generate_undone',
  at: at.toISOString(),
  who,
  requestId,
  operationId: null,
  notify: null,
});
