/** Repeats of a call with the same `Idempotency-Key`: the first answer again, never a second run. */
import type { Deadline } from '../domain/deadline.ts';
import {
  Conflict,
  IdempotencyKeyReused,
  IdempotencySuperseded,
  KeyDeletedSince,
  Unavailable,
} from '../domain/errors.ts';
import { type Attempt, type IdempotencyRecord, isExpired } from '../domain/idempotency.ts';
import { tokenHash } from '../domain/key-format.ts';
import type { KeyRow } from '../domain/key-row.ts';
import type { KeyTable, Loaded, Secrets } from '../domain/ports.ts';
import type { Caller, Scope } from '../domain/roles.ts';
import type { Settings } from '../domain/settings.ts';
import { checkYours } from '../domain/target.ts';

export interface RepeatedCall {
  readonly attempt: Attempt | null;
  readonly loaded: Pick<Loaded, 'record'>;
  readonly caller: Caller;
  readonly scope: Scope;
  readonly deadline: Deadline;
}

interface Stores {
  readonly table: KeyTable;
  readonly now: () => Date;
}

/** A first answer that is told again, and the key as it is now. */
export interface Replayed {
  readonly answer: object;
  readonly row: KeyRow;
}

/**
 * The record of the first attempt, or null where this is no repeat. Throws `IdempotencyKeyReused` for
 * another body.
 */
export function recordOf(
  { attempt, loaded: { record } }: Pick<RepeatedCall, 'attempt' | 'loaded'>,
  now: Date,
): IdempotencyRecord | null {
  if (attempt === null || record === null || isExpired(record, now)) return null;
  if (record.requestHash !== attempt.requestHash) throw new IdempotencyKeyReused();
  return record;
}

/**
 * The first answer of a call that told no value, or null where this is no repeat. Throws `Conflict`
 * while the first attempt is open, or where it was just taken back, and what `recordOf` does.
 */
export async function replayStored(stores: Stores, call: RepeatedCall): Promise<Replayed | null> {
  const record = recordOf(call, stores.now());
  if (record === null) return null;
  const row = await authorisedRow(stores.table, record, call);
  return { answer: JSON.parse(record.answer), row };
}

/**
 * The first answer of a call that told a value, with that value from its exact version, or null where
 * this is no repeat. It never tells a value that is not the key's current one. Throws what
 * `replayStored` does, `IdempotencySuperseded` where the value cannot be told again, `KeyDeletedSince`,
 * and `Unavailable` where the secret cannot be read now.
 */
export async function replayValue(
  stores: Stores & { readonly secrets: Secrets; readonly settings: Settings },
  call: RepeatedCall,
): Promise<(Replayed & { readonly value: string }) | null> {
  const record = recordOf(call, stores.now());
  if (record === null) return null;
  const row = await authorisedRow(stores.table, record, call);
  if (row.status === 'deleted') throw new KeyDeletedSince(row.keyId);
  // Where keys are not mirrored any more, generate may not read what was stored before.
  const { storeVirtualKeys } = stores.settings;
  if (!storeVirtualKeys || row.secretName === null || row.cur.ver === null) {
    throw new IdempotencySuperseded(row.keyId, 'that is not kept');
  }
  if (row.cur.hash !== record.hash) {
    throw new IdempotencySuperseded(row.keyId, 'that has been rotated since');
  }
  const read = await stores.secrets.read(
    row.secretArn ?? row.secretName,
    row.cur.ver,
    call.deadline.secretLimitMs(),
  );
  if (read.kind !== 'done' || tokenHash(read.value) !== record.hash) {
    throw new Unavailable("The key's secret cannot be read at the moment.", 5);
  }
  return { answer: JSON.parse(record.answer), row, value: read.value };
}

async function authorisedRow(
  table: KeyTable,
  record: IdempotencyRecord,
  { caller, scope, deadline }: RepeatedCall,
): Promise<KeyRow> {
  const target = { keyId: record.keyId };
  const { target: row } = await table.load({ target }, deadline.tableLimitMs());
  if (row === null) throw new KeyDeletedSince(record.keyId);
  if (row.intent?.id === record.eventId) {
    throw new Conflict('Idempotency-Key', 'The first request is still being worked on.', 5);
  }
  await checkKept(table, record, row, { caller, deadline });
  checkYours(row, caller, scope);
  return row;
}

/** Throws `Conflict` where the first attempt was taken back after its record had been read. */
async function checkKept(
  table: KeyTable,
  record: IdempotencyRecord,
  { status, event, cur }: KeyRow,
  { caller, deadline }: Pick<RepeatedCall, 'caller' | 'deadline'>,
): Promise<void> {
  if (status === 'active' && [event.id, cur.ver].includes(record.eventId)) return;
  // Read after the row: an undo takes it away together with the intent, so that a step which is closed
  // was done if the record is still there.
  const { record: kept } = await table.load(
    { caller: { keyId: caller.keyId }, recordIdOf: () => record.id },
    deadline.tableLimitMs(),
  );
  if (kept?.eventId === record.eventId) return;
  throw new Conflict('Idempotency-Key', 'The first request was taken back; try again.', 1);
}
