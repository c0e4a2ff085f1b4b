import {
  aliasEntry,
  aliasOrder,
  keyEntry,
  orderOf,
} from '../../lambdas/shared/adapters/table/key-lists.ts';
import type { KeyLists } from '../../lambdas/shared/domain/ports.ts';
import type { MemoryKeyTable } from './memory-key-table.ts';
import { memoryListing } from './memory-listing.ts';

/** The lists of the keys' table in memory. */
export const memoryKeyLists = (table: MemoryKeyTable): KeyLists => ({
  keys: (listing) => memoryListing(() => table.items.values(), orderOf(listing), keyEntry),
  aliases: () => memoryListing(() => table.items.values(), aliasOrder, aliasEntry),
});
