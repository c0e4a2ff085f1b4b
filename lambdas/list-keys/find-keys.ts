import type { Deadline } from '../shared/domain/deadline.ts';
import { type KeyRow, listedOf } from '../shared/domain/key-row.ts';
import {
  columnOf,
  columnOrder,
  entryFits,
  isWhole,
  type KeyFilter,
  listingFor,
  needsRows,
  rowFits,
  type SortedBy,
} from '../shared/domain/key-search.ts';
import { listOf, type Page, pageOf, type Window } from '../shared/domain/paging.ts';
import type { KeyLists, KeyTable } from '../shared/domain/ports.ts';
import { type Found, rowsBehind } from '../shared/domain/rows-behind.ts';

/** An entry of a list in another order, with what it is sorted by. */
type Sorted = Found & { readonly value?: ReturnType<typeof columnOf> };

export interface Wanted {
  /** As the caller may see it. */
  readonly filter: KeyFilter;
  readonly by: SortedBy;
  readonly isAscending: boolean;
  readonly window: Window;
  readonly isFull: boolean;
}

export interface FindStores {
  readonly table: KeyTable;
  readonly lists: KeyLists;
  readonly now: () => Date;
}

/**
 * A page of the keys that fit the filter, each with its row where whole objects are wanted.
 *
 * @param named the only key that can fit, where the filter names one; undefined where it names none
 */
export async function findKeys(
  { table, lists, now }: FindStores,
  { filter, by, isAscending, window, isFull }: Wanted,
  named: KeyRow | null | undefined,
  deadline: Deadline,
): Promise<Page<Found>> {
  const isByTime = by === 'created_at';
  const readsItems = needsRows(filter) || !isByTime;
  const fits = ({ listed }: Found) => entryFits(listed, filter, now());
  const order = columnOrder(isAscending);
  const page = await pageOf<Sorted>(
    named === undefined
      ? lists.keys(listingFor(filter, isByTime && isAscending))
      : listOf(entryOf(named)),
    window,
    isWhole(filter) && isByTime
      ? null
      : {
          readsItems,
          keep: async (entries) => {
            const fitting = entries.filter(fits);
            if (!readsItems) return fitting;
            const found = await withRows(fitting);
            return isByTime ? found : found.map(sorted);
          },
          compare: isByTime
            ? undefined
            : ({ value: left = null }, { value: right = null }) => order(left, right),
        },
    deadline,
  );
  return isFull ? { ...page, entries: await withRows(page.entries) } : page;

  function entryOf(row: KeyRow | null): Found[] {
    if (row === null || !rowFits(row, filter, now())) return [];
    return [{ position: row.keyId, keyId: row.keyId, listed: listedOf(row), row }];
  }

  /** Without its row, of which there may be a thousand: the page's are read again. */
  function sorted({ row, ...entry }: Found): Sorted {
    const value = row === undefined ? null : columnOf(row, by);
    return named === undefined ? { ...entry, value } : { ...entry, row, value };
  }

  function withRows(entries: readonly Found[]): Promise<Found[]> {
    return rowsBehind(table, entries, (row) => rowFits(row, filter, now()), deadline);
  }
}
