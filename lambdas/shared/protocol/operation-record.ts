import type { Deadline } from '../domain/deadline.ts';
import { type Attempt, type IdempotencyRecord, recordSeconds } from '../domain/idempotency.ts';
import type { KeyTable, Randomness } from '../domain/ports.ts';
import { AttemptUnderWay, commit, notWritten } from './commit.ts';

/**
 * Notes a call on several keys before the first of them is changed: which keys it is about, and under
 * which id, so that a repeat goes on where it stopped. Throws `Conflict` where the same call is under
 * way, and `Unavailable`; then nothing was begun.
 */
export async function openOperation(
  table: KeyTable,
  operation: {
    readonly attempt: Attempt;
    readonly operationId: string;
    /** In the order of the request; null for a name without key. */
    readonly keyIds: readonly (string | null)[];
    readonly now: Date;
    readonly random: Randomness;
    readonly deadline: Deadline;
  },
): Promise<IdempotencyRecord> {
  const { attempt, operationId, keyIds, now, random, deadline } = operation;
  const record = {
    id: attempt.id,
    requestHash: attempt.requestHash,
    eventId: operationId,
    keyId: keyIds.find((keyId) => keyId !== null) ?? '',
    keyIds: [...keyIds],
    hash: '',
    answer: '{}',
    ttl: Math.floor(now.getTime() / 1000) + recordSeconds,
  };
  const outcome = await commit(
    table,
    [{ kind: 'create-record', record, now }],
    random.uuid(),
    deadline,
  );
  if (outcome.kind === 'committed') return record;
  throw outcome.kind === 'throttled' || outcome.kind === 'unanswered'
    ? notWritten(`the record was ${outcome.kind}`)
    : new AttemptUnderWay();
}
