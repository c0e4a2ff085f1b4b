/** What a replay says to its operator. Keys are named by their ids alone. */
import { keyIdOf, type RecordedBatch, type StreamRecord } from './recorded-batch.ts';
import type { Outcome } from './replay-objects.ts';

export interface ReplayTally {
  /** By the kind of their outcome. */
  readonly objects: Readonly<Record<Outcome['kind'], number>>;
  readonly records: number;
  readonly failed: number;
}

export const noObjects: ReplayTally = {
  objects: { found: 0, replayed: 0, left: 0, unreadable: 0, gone: 0 },
  records: 0,
  failed: 0,
};

export function counted({ objects, records, failed }: ReplayTally, outcome: Outcome): ReplayTally {
  return {
    objects: { ...objects, [outcome.kind]: objects[outcome.kind] + 1 },
    records: records + ('batch' in outcome ? outcome.batch.records.length : 0),
    failed: failed + (outcome.kind === 'left' ? outcome.failures.length : 0),
  };
}

export function linesOf(name: string, outcome: Outcome): string {
  switch (outcome.kind) {
    case 'found':
      return `${name}: ${contentsOf(outcome.batch)}`;
    case 'replayed':
      return `${name}: ${contentsOf(outcome.batch)}: replayed and removed`;
    case 'left':
      return [
        `${name}: ${contentsOf(outcome.batch)}: STAYS, ${outcome.failures.length} failed again`,
        ...outcome.failures.map(({ record, reason }) => `  ${placeOf(record)}: ${reason}`),
      ].join('\n');
    case 'unreadable':
      return `${name}: STAYS, cannot be replayed: ${outcome.reason}`;
    case 'gone':
      return `${name}: is not there, or not any more`;
  }
}

const placeOf = (record: StreamRecord): string =>
  `${keyIdOf(record)}, sequence number ${record.dynamodb.SequenceNumber}`;

function contentsOf({ reader, condition, records }: RecordedBatch): string {
  const keys = new Set(records.map(keyIdOf));
  return `${reader}, ${counting(records.length, 'record')} of ${[...keys].join(', ')} (${condition})`;
}

export function sumOf({ objects, records, failed }: ReplayTally, isApplied: boolean): string {
  const { found, replayed, left, unreadable } = objects;
  const bad = unreadable === 0 ? '' : `, ${unreadable} unreadable`;
  if (!isApplied) {
    const sum = `${counting(found, 'object')} with ${counting(records, 'record')}${bad}`;
    return found === 0 ? sum : `${sum}. Nothing was replayed: --apply does it.`;
  }
  const stays = left === 0 ? '' : `, ${left} left with ${counting(failed, 'failed record')}`;
  return `${counting(replayed, 'object')} replayed and removed${stays}${bad}`;
}

const counting = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? '' : 's'}`;
