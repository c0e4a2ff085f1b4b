/** Given-up records through their reader again. */
import type { StreamRecord } from './recorded-batch.ts';

/** What the reader said: the sequence numbers that failed, or that it came to no answer, and why. */
export type ReaderAnswer =
  | { readonly kind: 'answered'; readonly failed: readonly string[] }
  | { readonly kind: 'broken'; readonly reason: string };

export type InvokeReader = (records: readonly StreamRecord[]) => Promise<ReaderAnswer>;

export interface FailedAgain {
  readonly record: StreamRecord;
  readonly reason: string;
}

/** Lambda takes 6 MB, and some bytes go around the records. */
const maxBytes = 5_000_000;

/**
 * Replays records in their order and returns those that fail again. What fails with others is tried by
 * itself, so that one bad record keeps no other back: neither reader needs the order, since the audit
 * puts each record where its number belongs and a mail is known by its id.
 */
export async function replayRecords(
  records: readonly StreamRecord[],
  invoke: InvokeReader,
): Promise<FailedAgain[]> {
  const failures: FailedAgain[] = [];
  for (const batch of batchesOf(records)) failures.push(...(await replayBatch(batch, invoke)));
  return failures;
}

async function replayBatch(
  batch: readonly StreamRecord[],
  invoke: InvokeReader,
): Promise<FailedAgain[]> {
  const answer = await invoke(batch);
  const undone = batch.slice(doneOf(batch, answer));
  if (batch.length === 1) return undone.map((record) => ({ record, reason: reasonOf(answer) }));
  const failures: FailedAgain[] = [];
  for (const record of undone) failures.push(...(await replayBatch([record], invoke)));
  return failures;
}

/**
 * How many records from the first on are done. As for Lambda, the first that is reported stands for all
 * behind it, and a number that is of none for the whole batch.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
 */
function doneOf(batch: readonly StreamRecord[], answer: ReaderAnswer): number {
  if (answer.kind === 'broken') return 0;
  const places = answer.failed.map((number) =>
    batch.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === number),
  );
  return Math.max(0, Math.min(batch.length, ...places));
}

const reasonOf = (answer: ReaderAnswer): string =>
  answer.kind === 'broken' ? answer.reason : "failed again; the reader's log has why";

function batchesOf(records: readonly StreamRecord[]): StreamRecord[][] {
  const batches: StreamRecord[][] = [];
  let bytes = Infinity;
  for (const record of records) {
    const size = Buffer.byteLength(JSON.stringify(record)) + 1;
    bytes += size;
    if (bytes > maxBytes) {
      batches.push([]);
      bytes = size;
    }
    batches.at(-1)?.push(record);
  }
  return batches;
}
