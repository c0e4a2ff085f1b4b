/** A change that the table alone holds: one write of the row, over the row as it was read. */
import type { Deadline } from '../domain/deadline.ts';
import { KeyNotFound, Unavailable } from '../domain/errors.ts';
import type { Attempt } from '../domain/idempotency.ts';
import type { KeyRow } from '../domain/key-row.ts';
import type { KeyWrite } from '../domain/ports.ts';
import {
  AttemptUnderWay,
  commit,
  maxDecisions,
  notWritten,
  outpaced,
  refusedOf,
  type TableStores,
} from './commit.ts';
import { createRecord } from './writes.ts';

export interface ChangeCall {
  readonly attempt: Attempt | null;
  readonly deadline: Deadline;
}

/** What a change makes of a row: the next row, and what is written with it. */
export interface Change {
  readonly row: KeyRow;
  readonly also?: readonly KeyWrite[];
}

/**
 * Writes what `decide` makes of the row and returns it. Where somebody else wrote in between, the row
 * is read and decided on anew, so that of two changes at once both apply: three times, or until no
 * time is left for a change that must not lose (`isUrgent`). Throws `Conflict`, `KeyNotFound` where
 * the key was deleted meanwhile, and `Unavailable`; then nothing was written, or, after silence, it is
 * not known.
 *
 * @param answerOf the answer that is kept for a repeat of the call
 */
export async function changeKey(
  { table, random, now }: TableStores,
  row: KeyRow,
  decide: (row: KeyRow) => Change,
  { attempt, deadline }: ChangeCall,
  {
    answerOf,
    isUrgent,
  }: { readonly answerOf: (row: KeyRow) => unknown; readonly isUrgent: boolean },
): Promise<KeyRow> {
  let current = row;
  const most = isUrgent ? Infinity : maxDecisions;
  for (let decision = 1; decision <= most; decision += 1) {
    const { row: next, also = [] } = decide(current);
    const told = { eventId: next.event.id, hash: '', answer: answerOf(next) };
    const writes: KeyWrite[] = [
      { kind: 'replace-row', row: next },
      ...also,
      ...createRecord(row, attempt, told, now()),
    ];
    const outcome = await commit(table, writes, random.uuid(), deadline);
    const { isUnsure } = outcome;
    if (outcome.kind === 'committed') return next;
    if (outcome.kind === 'throttled' && !isUnsure) throw notWritten('the write was throttled');
    if (outcome.kind === 'throttled' || outcome.kind === 'unanswered') throw unknown();
    const { target } = await table.load({ target: { keyId: row.keyId } }, deadline.tableLimitMs());
    // The first of two tries took effect, and only its answer was lost.
    if (target?.event.id === next.event.id) return next;
    if (refusedOf(outcome, writes).includes('create-record')) throw new AttemptUnderWay(target);
    if (target?.status !== 'active') {
      // A deletion that took effect was recognised; a change may have, before the key was deleted.
      if (isUnsure && next.status !== 'deleted') throw unknown();
      throw new KeyNotFound('key');
    }
    // It may have taken effect and been written over since: once more could be once too often.
    if (isUnsure && !isUrgent) throw unknown();
    current = target;
  }
  throw outpaced();
}

const unknown = (): Unavailable =>
  new Unavailable(
    'The key table did not answer; whether the key was changed is not known. Please try again.',
    2,
    new Error('the write was unanswered'),
  );
