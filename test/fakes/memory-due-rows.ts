import {
  duePartitions,
  keyIdOf,
  listPartitions,
} from '../../lambdas/shared/adapters/table/keys.ts';
import type { DueRows, SweepState } from '../../lambdas/shared/domain/ports.ts';
import type { MemoryKeyTable } from './memory-key-table.ts';

/** The indexes of the keys' table in memory, and the item that says where the sweep stands. */
export class MemoryDueRows implements DueRows {
  readonly #table: MemoryKeyTable;
  #sweep: SweepState | null = null;

  constructor(table: MemoryKeyTable) {
    this.#table = table;
  }

  async findDue(by: Date, count: number): Promise<string[]> {
    return this.#earliest('repair', by, count).map(({ pk }) => keyIdOf(String(pk)));
  }

  async findReminders(by: Date, count: number): Promise<string[]> {
    return this.#earliest('reminder', by, count).map(({ pk }) => keyIdOf(String(pk)));
  }

  async findRotations(by: Date, count: number) {
    return this.#earliest('rotation', by, count).map(({ pk, due_sk }) => ({
      keyId: keyIdOf(String(pk)),
      dueAt: String(due_sk).replace(/#.*/, ''),
    }));
  }

  #earliest(work: Parameters<typeof duePartitions>[0], by: Date, count: number) {
    const partitions = duePartitions(work);
    const bound = `${by.toISOString()}#~`;
    return [...this.#table.items.values()]
      .filter(({ due_pk, due_sk }) => isOneOf(partitions, due_pk) && String(due_sk) <= bound)
      .sort((left, right) => (String(left['due_sk']) < String(right['due_sk']) ? -1 : 1))
      .slice(0, count);
  }

  async scanRows(cursor: string | null, count: number) {
    const listed = [...this.#table.items.values()]
      .filter(({ created_pk }) => isOneOf(listPartitions, created_pk))
      .map(({ pk, created_pk, created_sk }) => ({
        keyId: keyIdOf(String(pk)),
        position: `${String(created_pk)}|${String(created_sk)}`,
      }))
      .sort((left, right) => (left.position < right.position ? -1 : 1))
      .filter(({ position }) => cursor === null || position > cursor);
    const page = listed.slice(0, count);
    return {
      rows: page.map(({ keyId, position }) => ({ keyId, next: position })),
      next: listed.length > count ? (page.at(-1)?.position ?? null) : null,
    };
  }

  async readSweep(): Promise<SweepState | null> {
    return this.#sweep;
  }

  async writeSweep(state: SweepState): Promise<void> {
    this.#sweep = state;
  }
}

const isOneOf = (partitions: readonly string[], value: unknown): boolean =>
  typeof value === 'string' && partitions.includes(value);
