import { isDeepStrictEqual } from 'node:util';
import type { Item } from '../../lambdas/shared/adapters/table/items.ts';

/** One record of a table's stream, of any kind of item. */
export interface ItemChange {
  /** Grows with every change of the table. */
  readonly sequenceNumber: string;
  readonly at: Date;
  readonly pk: string;
  readonly before: Item | null;
  readonly after: Item | null;
  /** Whether the table itself removed the item at its time to live. */
  readonly isExpiry: boolean;
}

/** A stream keeps its records this long. */
export const trimMs = 86_400_000;

/** The items of a table and what its stream says of them. A write that changes nothing leaves no record. */
export class MemoryItems {
  readonly items = new Map<string, Item>();
  readonly changes: ItemChange[] = [];
  readonly #now: () => Date;
  #written = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** A copy: nobody outside can change what is stored. */
  get(pk: string): Item | null {
    const item = this.items.get(pk);
    return item === undefined ? null : structuredClone(item);
  }

  put(pk: string, item: Item): void {
    const before = this.get(pk);
    this.items.set(pk, item);
    if (!isDeepStrictEqual(before, item)) this.#record(pk, before, this.get(pk));
  }

  remove(pk: string, isExpiry = false): void {
    const before = this.get(pk);
    this.items.delete(pk);
    if (before !== null) this.#record(pk, before, null, isExpiry);
  }

  /** Drops what the stream does not keep any longer. */
  trim(): void {
    const oldest = this.changes.findIndex(
      ({ at }) => this.#now().getTime() - at.getTime() < trimMs,
    );
    this.changes.splice(0, oldest === -1 ? this.changes.length : oldest);
  }

  #record(pk: string, before: Item | null, after: Item | null, isExpiry = false): void {
    this.#written += 1;
    // At least 21 digits, as the real ones.
    const sequenceNumber = `1${String(this.#written).padStart(20, '0')}`;
    this.changes.push({ sequenceNumber, at: this.#now(), pk, before, after, isExpiry });
  }
}
