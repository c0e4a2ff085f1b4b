import type { Item } from '../../lambdas/shared/adapters/table/items.ts';
import type { Order } from '../../lambdas/shared/adapters/table/ordered-query.ts';
import { Unavailable } from '../../lambdas/shared/domain/errors.ts';
import type { Entry, Listing } from '../../lambdas/shared/domain/ports.ts';

/** A list as the index would have it, of items in memory; never behind them. */
export function memoryListing<E extends Entry>(
  items: () => Iterable<Item>,
  { pk, sk, partitions, isDescending, from, to }: Omit<Order, 'tableName'>,
  entryOf: (item: Item) => E,
): Listing<E> {
  const order = (left: string, right: string) =>
    Buffer.compare(Buffer.from(left), Buffer.from(right));
  const sortKey = (item: Item) => String(item[sk]);
  const isAtLeast = (item: Item, bound: string) => order(sortKey(item), bound) >= 0;
  const isAtMost = (item: Item, bound: string) => order(sortKey(item), bound) <= 0;
  const all = () => {
    const listed = [...items()]
      .filter((item) => partitions.includes(String(item[pk])) && item[sk] !== undefined)
      .filter((item) => from == null || isAtLeast(item, from))
      .filter((item) => to == null || isAtMost(item, to))
      // Each key is turned into bytes once: lists of thousands are sorted on every read.
      .map((item) => ({ item, bytes: Buffer.from(sortKey(item)) }))
      .sort((left, right) => Buffer.compare(left.bytes, right.bytes))
      .map(({ item }) => item);
    return isDescending ? listed.toReversed() : listed;
  };
  return {
    async read(after, count, limitMs) {
      if (limitMs <= 0) throw unavailable();
      const isBehind = (item: Item, position: string) =>
        item[sk] !== position &&
        (isDescending ? isAtMost(item, position) : isAtLeast(item, position));
      return all()
        .filter((item) => after === null || isBehind(item, after))
        .slice(0, count)
        .map(entryOf);
    },
    async count(bound, limitMs) {
      if (limitMs <= 0) throw unavailable();
      return Math.min(all().length, bound);
    },
  };
}

export const unavailable = () => new Unavailable('The tables cannot be read at the moment.', 2);
