/** Ids and times that no other case has, for lists that also show what others have written. */
import { randomInt, randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { shardOf } from '../../lambdas/shared/adapters/table/keys.ts';
import type { Entry, Listing } from '../../lambdas/shared/domain/ports.ts';

export const limitMs = 5000;

export const unique = () => randomUUID().replaceAll('-', '');

/** An id that an index keeps in this one of its four partitions. */
export function idIn(shard: number): string {
  const id = unique();
  return shardOf(id) === shard ? id : idIn(shard);
}

/** A second, far ahead, in which nobody else does anything. */
export function someTime() {
  const start = Date.UTC(2300, 0) + randomInt(2 ** 47);
  return (ms: number) => new Date(start + ms).toISOString();
}

/** All that a list has after a position, in parts of this size. */
export async function inParts<E extends Entry>(
  listing: Listing<E>,
  size: number,
  after: string | null = null,
): Promise<E[]> {
  const found: E[] = [];
  let last = after;
  do {
    const part = await listing.read(last, size, limitMs);
    expect(part.length).toBeLessThanOrEqual(size);
    found.push(...part);
    last = part.length < size ? null : (part.at(-1)?.position ?? null);
  } while (last !== null);
  return found;
}
