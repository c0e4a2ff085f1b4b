/**
 * Event source mappings of a table's stream, as Lambda runs them: at least once, in order per item and
 * in no order across items. The local AWS has one shard, no bisect and no partial failure, so this is
 * what shows that readers are safe.
 */
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { type ItemChange, trimMs } from './memory-items.ts';
import { type Batch, type BatchAnswer, type BatchPolicy, verdictOn } from './stream-batch.ts';
import { streamRecordOf } from './stream-record.ts';

export type StreamHandler = (
  event: DynamoDBStreamEvent,
) => Promise<DynamoDBBatchResponse | undefined | null>;

export interface PollerOptions extends BatchPolicy {
  readonly batchSize: number;
  readonly maxAgeMs: number;
  readonly shards: number;
  /** Of a hundred batches that succeeded, how many are delivered again. */
  readonly duplicatePercent: number;
  /** Of a hundred answers, how many get lost: the function died when it had done its work. */
  readonly lostPercent: number;
  readonly now: () => Date;
  /** A number from 0 to below its argument. All choices are made by it. */
  readonly choose: (bound: number) => number;
}

const defaults = {
  batchSize: 100,
  retries: 20,
  bisects: true,
  maxAgeMs: 6 * 3_600_000,
  shards: 4,
  duplicatePercent: 0,
  lostPercent: 0,
  now: () => new Date(0),
  choose: () => 0,
};

interface Shard {
  /** Not read yet. */
  readonly unread: ItemChange[];
  /** Read and under way, the first one to be delivered first. */
  underWay: Batch[];
}

/** One reader of a stream. Several on one stream go at their own speeds. */
export class StreamPoller {
  readonly #source: readonly ItemChange[];
  readonly #handler: StreamHandler;
  readonly #options: PollerOptions;
  readonly #shards: Shard[];
  /** Number of the newest record that was read. */
  #readTo = '';
  /** The failure destination: whole records, as the handler got them. */
  readonly failures: DynamoDBRecord[] = [];
  /** How many records the stream dropped before they were read. */
  trimmed = 0;
  invocations = 0;

  constructor(
    source: readonly ItemChange[],
    handler: StreamHandler,
    options: Partial<PollerOptions> = {},
  ) {
    this.#source = source;
    this.#handler = handler;
    this.#options = { ...defaults, ...options };
    this.#shards = Array.from({ length: this.#options.shards }, () => ({
      unread: [],
      underWay: [],
    }));
  }

  /** Delivers one batch of a shard chosen at random. False when there is nothing to deliver. */
  async step(): Promise<boolean> {
    this.#readSource();
    const ready = this.#shards.filter((shard) => shard.unread.length + shard.underWay.length > 0);
    const shard = ready[this.#options.choose(ready.length)];
    if (shard === undefined) return false;
    const batch = this.#young(shard.underWay.shift() ?? this.#nextBatch(shard));
    if (batch.records.length === 0) return true;
    const answer = await this.#invoke(batch);
    const { next, givenUp } = verdictOn(batch, answer, this.#options, () => this.#chance(50));
    const isDone = next.length + givenUp.length === 0;
    const again = isDone && this.#chance(this.#options.duplicatePercent) ? [batch] : next;
    shard.underWay = [...again, ...shard.underWay];
    this.#giveUp(givenUp);
    return true;
  }

  /** Delivers until nothing is left. Throws where that takes longer than it could. */
  async drain(maxSteps = 10_000): Promise<void> {
    for (let steps = 0; await this.step(); steps += 1) {
      if (steps >= maxSteps) throw new Error(`The stream is not drained after ${maxSteps} batches`);
    }
  }

  /** Begins again at the oldest record, as a mapping made anew does. */
  rewind(): void {
    for (const shard of this.#shards) {
      shard.unread.length = 0;
      shard.underWay = [];
    }
    this.#readTo = '';
  }

  #readSource(): void {
    // By its number: the stream drops records at its other end.
    const isRead = ({ sequenceNumber }: ItemChange) => sequenceNumber <= this.#readTo;
    for (const change of this.#source.slice(this.#source.findLastIndex(isRead) + 1)) {
      this.#shards[this.#shardOf(change.pk)]?.unread.push(change);
      this.#readTo = change.sequenceNumber;
    }
    for (const { unread } of this.#shards) {
      const oldest = unread.findIndex((change) => this.#ageOf(change) < trimMs);
      const dropped = oldest === -1 ? unread.length : oldest;
      this.trimmed += dropped;
      unread.splice(0, dropped);
    }
  }

  #shardOf(pk: string): number {
    let sum = 0;
    for (const character of pk) sum += character.charCodeAt(0);
    return sum % this.#shards.length;
  }

  #nextBatch({ unread }: Shard): Batch {
    const most = Math.min(this.#options.batchSize, unread.length);
    return { records: unread.splice(0, most - this.#options.choose(most)), failures: 0 };
  }

  /** What is too old is given up without being delivered. */
  #young({ records, failures }: Batch): Batch {
    const { maxAgeMs } = this.#options;
    this.#giveUp(records.filter((change) => this.#ageOf(change) > maxAgeMs));
    return { records: records.filter((change) => this.#ageOf(change) <= maxAgeMs), failures };
  }

  #ageOf({ at }: ItemChange): number {
    return this.#options.now().getTime() - at.getTime();
  }

  async #invoke({ records }: Batch): Promise<BatchAnswer> {
    this.invocations += 1;
    try {
      const answer = await this.#handler({ Records: records.map(streamRecordOf) });
      return this.#chance(this.#options.lostPercent) ? 'error' : answer;
    } catch {
      return 'error';
    }
  }

  #giveUp(records: readonly ItemChange[]): void {
    this.failures.push(...records.map(streamRecordOf));
  }

  #chance(percent: number): boolean {
    return percent > 0 && this.#options.choose(100) < percent;
  }
}
