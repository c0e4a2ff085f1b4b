import { isDeepStrictEqual } from 'node:util';
import { itemBytes } from './item-bytes.ts';

type Item = Readonly<Record<string, unknown>>;

/** An index of a table: its keys, and what else of an item it has. */
export interface Index {
  readonly pk: string;
  readonly sk: string;
  readonly included: readonly string[];
}

const units = (bytes: number) => Math.max(1, Math.ceil(bytes / 1024));

/**
 * Write units of a change: the item, twice in a transaction, and each index that it is in, was in, or
 * moves in. An index whose attributes of it stay the same is not written.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
 */
export function writeUnits(
  { before, after }: { readonly before: Item | null; readonly after: Item | null },
  {
    isTransaction,
    indexes,
    tableKeys,
  }: {
    readonly isTransaction: boolean;
    readonly indexes: readonly Index[];
    readonly tableKeys: readonly string[];
  },
): number {
  const bytes = Math.max(itemBytes(before ?? {}), itemBytes(after ?? {}));
  const own = units(bytes) * (isTransaction ? 2 : 1);
  const ofIndexes = indexes.map(({ pk, sk, included }) => {
    const was = projected(before, [pk, sk, ...tableKeys, ...included], pk);
    const is = projected(after, [pk, sk, ...tableKeys, ...included], pk);
    if (isDeepStrictEqual(was, is)) return 0;
    const moves = was !== null && is !== null && !(was[pk] === is[pk] && was[sk] === is[sk]);
    const size = units(Math.max(itemBytes(was ?? {}), itemBytes(is ?? {})));
    return moves ? 2 * size : size;
  });
  return ofIndexes.reduce((sum, each) => sum + each, own);
}

/** What of an item is in an index; null where it is in none. */
function projected(item: Item | null, names: readonly string[], pk: string): Item | null {
  if (item === null || item[pk] === undefined) return null;
  return Object.fromEntries(
    names.filter((name) => item[name] !== undefined).map((name) => [name, item[name]]),
  );
}
