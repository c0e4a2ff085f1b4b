/**
 * Deletes keys over two stores. From step 1 on a key is refused; what follows only tidies up.
 *
 * 1. One write per key: deleted, with its event and an open step that names every secret to remove.
 * 2. DeleteSecret, with a recovery window. Only a true success counts.
 * 3. The step is closed, and the alias is free. What was not removed is left to the reconciler.
 */
import type { Deadline } from '../domain/deadline.ts';
import { KeyNotFound, Unavailable } from '../domain/errors.ts';
import type { KeyRow } from '../domain/key-row.ts';
import { pooled } from '../domain/pooled.ts';
import type { SecretRemoval } from '../domain/ports.ts';
import { changeKey } from './change-key.ts';
import { tryToClose } from './close-intent.ts';
import type { TableStores } from './commit.ts';
import { type DeletionContext, openDeletion, settledDeletion } from './deletion.ts';

export interface DeletionStores extends TableStores {
  readonly secrets: SecretRemoval;
}

export type DeletionCall = Pick<
  DeletionContext,
  'who' | 'deletedBy' | 'requestId' | 'operationId'
> & {
  readonly deadline: Deadline;
  /** Throws where the key is not to be deleted as it is by then: that error is thrown for it. */
  readonly check?: (row: KeyRow) => void;
};

/** Writes at once, and calls at once to Secrets Manager, which takes 50 deletions a second. */
const writesAtOnce = 10;
const removalsAtOnce = 4;

/**
 * Deletes the keys and returns the ids of those that were deleted here: not of one that somebody else
 * deleted meanwhile. Throws `Unavailable` where a key could not be deleted; the others may be, and a
 * repeat goes on with the rest.
 */
export async function deleteKeys(
  stores: DeletionStores,
  rows: readonly KeyRow[],
  call: DeletionCall,
): Promise<ReadonlySet<string>> {
  const opened = await pooled(rows, writesAtOnce, (row) => open(stores, row, call)).catch(
    (error: unknown) => {
      throw rows.length > 1 && error instanceof Unavailable ? notAll(error) : error;
    },
  );
  const deleted = opened.filter((each) => each !== null);
  await pooled(deleted, removalsAtOnce, (each) => removeSecret(stores, each, call.deadline));
  return new Set(deleted.map(({ row }) => row.keyId));
}

const notAll = ({ retryAfterSeconds, cause }: Unavailable): Unavailable =>
  new Unavailable(
    'Some of these keys could not be deleted, others may be; repeat the request to go on.',
    retryAfterSeconds ?? 5,
    cause,
  );

interface Deleted {
  readonly row: KeyRow;
  /** Whether somebody else is at it: a step whose place it took, or the same request once more. */
  readonly isOverOpenStep: boolean;
}

async function open(
  stores: DeletionStores,
  row: KeyRow,
  { deadline, check = () => undefined, ...call }: DeletionCall,
): Promise<Deleted | null> {
  const { settings, random, now } = stores;
  const { startedAt } = deadline;
  let isOverOpenStep = false;
  const decide = (current: KeyRow) => {
    check(current);
    isOverOpenStep = current.intent !== null;
    return openDeletion(current, { ...call, startedAt, now: now(), settings, random });
  };
  try {
    const deleted = await changeKey(
      stores,
      row,
      decide,
      { attempt: null, deadline },
      { answerOf: () => null, isUrgent: true },
    );
    return { row: deleted, isOverOpenStep };
  } catch (error) {
    if (!(error instanceof KeyNotFound)) throw error;
    const { target } = await stores.table.load(
      { target: { keyId: row.keyId } },
      deadline.tableLimitMs(),
    );
    // By the same request, sent twice: the other one goes on with the rest.
    const isSameCall = target?.event.operation_id === call.operationId;
    return target !== null && isSameCall ? { row: target, isOverOpenStep: true } : null;
  }
}

/** Steps 2 and 3. The key is deleted already: whatever fails here is left to the reconciler. */
async function removeSecret(
  stores: DeletionStores,
  { row, isOverOpenStep }: Deleted,
  deadline: Deadline,
): Promise<void> {
  const { intent, secretArn, secretName } = row;
  if (intent === null || isOverOpenStep) return;
  const removed = await stores.secrets.remove(
    secretArn ?? secretName ?? '',
    deadline.secretLimitMs(),
  );
  if (removed.kind !== 'done') return;
  const { settings, now } = stores;
  const closing = (current: KeyRow) =>
    settledDeletion(
      current,
      intent,
      new Set(intent.names),
      now().toISOString(),
      settings.retentionDays,
    );
  await tryToClose(stores, { row, intent }, closing, deadline);
}
