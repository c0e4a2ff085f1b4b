/** All that lies in the failure bucket, object by object. */
import { type Reader, type RecordedBatch, recordedBatch } from './recorded-batch.ts';
import { type FailedAgain, type InvokeReader, replayRecords } from './replay-records.ts';

/** The failure bucket. */
export interface GivenUp {
  /** Names of all objects, the oldest first. */
  list(): Promise<readonly string[]>;
  /** Null where the object is gone. */
  read(name: string): Promise<string | null>;
  /** Succeeds where it is gone already. */
  remove(name: string): Promise<void>;
}

export interface ReplayRun {
  readonly givenUp: GivenUp;
  readonly readerOf: (batch: RecordedBatch) => InvokeReader;
  /** Null: objects of both. */
  readonly reader: Reader | null;
  /** Null: all objects. */
  readonly only: string | null;
  readonly isApplied: boolean;
  readonly onObject: (name: string, outcome: Outcome) => void;
}

export type Outcome =
  /** A dry run. */
  | { readonly kind: 'found'; readonly batch: RecordedBatch }
  | { readonly kind: 'replayed'; readonly batch: RecordedBatch }
  | { readonly kind: 'left'; readonly batch: RecordedBatch; readonly failures: FailedAgain[] }
  | { readonly kind: 'unreadable'; readonly reason: string }
  /** Not there: somebody else has replayed it since it was listed. */
  | { readonly kind: 'gone' };

/**
 * Replays the objects, each as a whole, and removes one only when every record in it went through. So it
 * can be stopped at any moment, given again, and be run by two people at once: at worst a reader gets a
 * record again, which both bear. Throws where the store or Lambda refuses a call.
 */
export async function replayObjects(run: ReplayRun): Promise<void> {
  for (const name of run.only === null ? await run.givenUp.list() : [run.only]) {
    const outcome = await replayObject(name, run);
    if (outcome !== null) run.onObject(name, outcome);
  }
}

/** Null where it is of the other reader. */
async function replayObject(name: string, run: ReplayRun): Promise<Outcome | null> {
  const text = await run.givenUp.read(name);
  if (text === null) return { kind: 'gone' };
  const batch = readable(text);
  if (batch instanceof Error) return { kind: 'unreadable', reason: batch.message };
  if (run.reader !== null && run.reader !== batch.reader) return null;
  if (!run.isApplied) return { kind: 'found', batch };
  const failures = await replayRecords(batch.records, run.readerOf(batch));
  if (failures.length > 0) return { kind: 'left', batch, failures };
  await run.givenUp.remove(name);
  return { kind: 'replayed', batch };
}

function readable(text: string): RecordedBatch | Error {
  try {
    return recordedBatch(text);
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
