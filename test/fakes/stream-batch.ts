/** What an event source mapping does with a batch once the function has answered, or has not. */
import type { DynamoDBBatchResponse } from 'aws-lambda';
import type { ItemChange } from './memory-items.ts';

export interface Batch {
  readonly records: readonly ItemChange[];
  /** How often these records failed without getting anywhere. */
  readonly failures: number;
}

export interface BatchPolicy {
  readonly retries: number;
  /** Whether a failed batch is halved. */
  readonly bisects: boolean;
}

/** What the function answered; `error` where it threw, died, or timed out. */
export type BatchAnswer = DynamoDBBatchResponse | undefined | null | 'error';

/** The batches to try next, in order, and records given up. */
export interface Verdict {
  readonly next: readonly Batch[];
  readonly givenUp: readonly ItemChange[];
}

const done: Verdict = { next: [], givenUp: [] };

/**
 * https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
 *
 * @param halves whether a batch that reports its first record is halved, which the documentation
 *   leaves open
 */
export function verdictOn(
  { records, failures }: Batch,
  answer: BatchAnswer,
  policy: BatchPolicy,
  halves: () => boolean,
): Verdict {
  const from = checkpointOf(records, answer);
  if (from === null) return done;
  const rest = records.slice(from);
  // Splitting does not count as a retry, and neither does getting somewhere.
  if (from > 0) return { next: [{ records: rest, failures }], givenUp: [] };
  if (policy.bisects && rest.length > 1 && (answer === 'error' || halves())) {
    const middle = Math.ceil(rest.length / 2);
    const parts = [rest.slice(0, middle), rest.slice(middle)];
    return { next: parts.map((part) => ({ records: part, failures })), givenUp: [] };
  }
  if (failures >= policy.retries) return { next: [], givenUp: rest };
  return { next: [{ records: rest, failures: failures + 1 }], givenUp: [] };
}

/** Index of the first record to try again, or null for none. */
function checkpointOf(records: readonly ItemChange[], answer: BatchAnswer): number | null {
  if (answer === 'error') return 0;
  const reported = answer?.batchItemFailures ?? [];
  if (reported.length === 0) return null;
  const indexes = reported.map(({ itemIdentifier }) =>
    records.findIndex(({ sequenceNumber }) => sequenceNumber === itemIdentifier),
  );
  // An identifier that is empty or of no record fails the whole batch.
  return indexes.includes(-1) ? 0 : Math.min(...indexes);
}
