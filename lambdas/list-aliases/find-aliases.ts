import { byteOrder } from '../shared/domain/byte-order.ts';
import type { Deadline } from '../shared/domain/deadline.ts';
import type { KeyRow } from '../shared/domain/key-row.ts';
import {
  entryFits,
  isPart,
  type KeyFilter,
  listingFor,
  needsRows,
  rowFits,
} from '../shared/domain/key-search.ts';
import { allThatFit, listOf, type Page, pageOf, type Window } from '../shared/domain/paging.ts';
import type { AliasEntry, Entry, KeyLists, KeyTable } from '../shared/domain/ports.ts';
import { type Found, rowsBehind } from '../shared/domain/rows-behind.ts';

const listTheirKeys =
  'To see all aliases of one user or team, list their keys with /key/list, return_full_object and cursor.';

export interface FindStores {
  readonly table: KeyTable;
  readonly lists: KeyLists;
  readonly now: () => Date;
}

/**
 * A page of the aliases that are taken, in alphabetical order: of the keys of a user, a team or both,
 * else of all keys.
 */
export async function findAliases(
  { table, lists, now }: FindStores,
  filter: KeyFilter,
  window: Window,
  deadline: Deadline,
): Promise<Page<Entry & { readonly alias: string }>> {
  const { userId, teamId, keyAlias: part } = filter;
  if (userId === null && teamId === null) {
    const isFitting = ({ alias }: AliasEntry) => isPart(part ?? '', alias);
    const keep = async (entries: readonly AliasEntry[]) => entries.filter(isFitting);
    const narrowing = part === null ? null : { readsItems: false, keep };
    return pageOf(lists.aliases(), window, narrowing, deadline);
  }
  const readsItems = needsRows(filter);
  const keep = async (entries: readonly Found[]) => {
    const named = entries.filter(
      ({ listed }) => listed.alias !== null && entryFits(listed, filter, now()),
    );
    const fits = (row: KeyRow) => rowFits(row, filter, now());
    return readsItems ? rowsBehind(table, named, fits, deadline) : named;
  };
  // Their index is by time, so that each page looks through all of them; a cursor saves nothing here,
  // but a client need not know whose aliases it gets.
  const search = { readsItems, keep, instead: listTheirKeys };
  const aliases = new Set<string>();
  for await (const found of allThatFit<Found>(
    lists.keys(listingFor(filter, false)),
    search,
    deadline,
  )) {
    for (const { listed } of found) aliases.add(listed.alias ?? '');
  }
  const entries = [...aliases].sort(byteOrder).map((alias) => ({ position: alias, alias }));
  return pageOf(listOf(entries), window, null, deadline);
}
