/** The rows and writes of a birth's steps, as plain values: handler and reconciler share them. */
import { type Attempt, recordSeconds } from '../domain/idempotency.ts';
import { eventOf, type Happening } from '../domain/key-event.ts';
import type { AliasLease, Intent, KeyRow, Who } from '../domain/key-row.ts';
import type { NewKey } from '../domain/new-key.ts';
import type { KeyWrite } from '../domain/ports.ts';

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
    fence: new Date(at.getTime() + fenceSeconds * 1000).toISOString(),
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

/**
 * The lease that a birth takes over from the one that was read. What it tells of the last holder's
 * secret stays: should the birth be undone, that secret may still be in its deletion window.
 */
export function leaseOf(row: KeyRow, read: AliasLease | null): AliasLease | null {
  if (row.alias === null) return null;
  return {
    secretArn: null,
    deletedAt: null,
    ...read,
    alias: row.alias,
    state: 'held',
    keyId: row.keyId,
    secretName: row.secretName,
    rev: (read?.rev ?? 0) + 1,
  };
}

/** Step 1: row, hash pointer and alias come to be together or not at all. */
export function birthWrites(row: KeyRow, lease: AliasLease | null): KeyWrite[] {
  return [
    { kind: 'create-row', row },
    { kind: 'create-pointer', pointer: { hash: row.cur.hash, keyId: row.keyId } },
    ...(lease === null ? [] : [{ kind: 'put-lease', lease } as const]),
  ];
}

/** Kept with the birth, in the same transaction, so that a repeat finds it if and only if there is a key. */
export const recordWrite = (
  row: KeyRow,
  { id, requestHash }: Attempt,
  answer: unknown,
  now: Date,
): KeyWrite => ({
  kind: 'create-record',
  now,
  record: {
    id,
    requestHash,
    eventId: row.event.id,
    keyId: row.keyId,
    hash: row.cur.hash,
    answer: JSON.stringify(answer),
    ttl: Math.floor(now.getTime() / 1000) + recordSeconds,
  },
});

/** Step 3: the intent is closed as done. */
export const settledBirth = (row: KeyRow, secretArn: string): KeyRow => ({
  ...row,
  rev: row.rev + 1,
  secretArn,
  intent: null,
});

/** Takes a birth back: the row is deleted with an event of its own, hash and alias are free again. */
export function undoWrites(
  row: KeyRow,
  intent: Intent,
  lease: AliasLease | null,
  undo: {
    readonly happening: Happening;
    readonly whoSalt: string;
    readonly retentionDays: number;
  },
): KeyWrite[] {
  const at = Date.parse(undo.happening.at);
  const deleted = {
    ...row,
    rev: row.rev + 1,
    status: 'deleted',
    intent: null,
    ttl: Math.floor(at / 1000) + undo.retentionDays * 86_400,
  } as const;
  const undone = { ...deleted, ...eventOf(row, deleted, undo.happening, undo.whoSalt) };
  return [
    { kind: 'replace-row', row: undone },
    { kind: 'delete-pointer', hash: intent.hash },
    ...(lease === null ? [] : [{ kind: 'put-lease', lease: freed(lease) } as const]),
    ...(intent.idempotencyId === null
      ? []
      : [{ kind: 'delete-record', id: intent.idempotencyId } as const]),
  ];
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

/** The name is free for another key; whose secret was under it stays told. */
export const freed = (
  lease: AliasLease,
  deletedAt: string | null = lease.deletedAt,
): AliasLease => ({
  ...lease,
  state: 'free',
  deletedAt,
  rev: lease.rev + 1,
});
