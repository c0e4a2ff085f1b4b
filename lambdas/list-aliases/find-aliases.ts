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
import { type Page, pageOf, type Window } from '../shared/domain/paging.ts';
import type { AliasEntry, Entry, KeyLists, KeyTable } from '../shared/domain/ports.ts';
import { type Found, rowsBehind } from '../shared/domain/rows-behind.ts';

const listTheirKeys =
  'to see all aliases of one user or team, list their keys with /key/list, return_full_object and cursor';

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
  const aliasOf = ({ listed }: Found) => listed.alias ?? '';
  const readsItems = needsRows(filter);
  const keep = async (entries: readonly Found[]) => {
    const named = entries.filter(
      ({ listed }) => listed.alias !== null && entryFits(listed, filter, now()),
    );
    const fits = (row: KeyRow) => rowFits(row, filter, now());
    return readsItems ? rowsBehind(table, named, fits, deadline) : named;
  };
  const compare = (left: Found, right: Found) => byteOrder(aliasOf(left), aliasOf(right));
  const listing = lists.keys(listingFor(filter, false));
  const search = { readsItems, keep, compare, instead: listTheirKeys };
  const page = await pageOf<Found>(listing, window, search, deadline);
  return {
    ...page,
    entries: page.entries.map((entry) => ({ position: entry.position, alias: aliasOf(entry) })),
  };
}
