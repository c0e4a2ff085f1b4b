/** Writing to the table, and what is told when a store leaves it unclear what became of a call. */
import type { Deadline } from '../domain/deadline.ts';
import { Conflict, Unavailable } from '../domain/errors.ts';
import type { KeyRow } from '../domain/key-row.ts';
import type {
  CommitOutcome,
  KeyTable,
  KeyWrite,
  Randomness,
  SecretFailure,
} from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';

/** What every step needs. */
export interface TableStores {
  readonly table: KeyTable;
  readonly random: Randomness;
  readonly now: () => Date;
  readonly settings: Settings;
}

/** How often a change is decided anew because somebody else wrote in between. */
export const maxDecisions = 3;

/**
 * No answer: the same writes with the same token tell whether the first call took effect. `isUnsure`
 * says that there was such a call. A transaction that took effect says so whenever it is repeated; a
 * single write is then refused, as it is where somebody else came first.
 */
export async function commit(
  table: KeyTable,
  writes: readonly KeyWrite[],
  token: string,
  deadline: Deadline,
): Promise<CommitOutcome & { readonly isUnsure: boolean }> {
  const outcome = await table.commit(writes, token, deadline.tableLimitMs());
  if (outcome.kind !== 'unanswered') return { ...outcome, isUnsure: false };
  return { ...(await table.commit(writes, token, deadline.tableLimitMs())), isUnsure: true };
}

/** Which kinds of writes were refused. */
export const refusedOf = (outcome: CommitOutcome, writes: readonly KeyWrite[]) =>
  outcome.kind === 'refused' ? outcome.failed.map((index) => writes[index]?.kind) : [];

/** The step stays open; the reconciler finds out what became of it. */
export const leftOpen = (call: string, failure?: SecretFailure): Unavailable =>
  new Unavailable(
    'A store did not answer. What was begun is being finished or taken back; please try again.',
    5,
    causeOf(call, failure),
  );

/** Nothing was written, or all of it has been taken back. */
export const notWritten = (call: string, failure?: SecretFailure): Unavailable =>
  new Unavailable(
    'A store did not take the change; nothing was done. Please try again.',
    failure === undefined ? 2 : 5,
    causeOf(call, failure),
  );

/** What this attempt would do is done already, or somebody else is at it. */
export class AttemptUnderWay extends Conflict {
  /** The key as it is now, where it has been read. */
  readonly row: KeyRow | null;

  constructor(row: KeyRow | null = null) {
    super('Idempotency-Key', 'The first request is still being worked on.', 1);
    this.row = row;
  }
}

export const outpaced = (): Conflict =>
  new Conflict(null, 'Other requests are changing the same key or alias; try again.', 1);

/** For the log: which call, how it ended, and the name of the service's error. */
const causeOf = (call: string, failure?: SecretFailure): Error =>
  new Error(failure === undefined ? call : `${call} ${failure.kind}: ${failure.reason}`);
