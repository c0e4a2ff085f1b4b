/** Lists of keys and aliases, from the indexes of the keys' table. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { listedKey } from '../../domain/key-row.ts';
import type {
  AliasEntry,
  Entry,
  KeyEntry,
  KeyListing,
  KeyLists,
  Listing,
} from '../../domain/ports.ts';
import type { Item } from './items.ts';
import {
  aliasesPartitions,
  keyIdOf,
  keysIndexes,
  listedAttribute,
  listPartitionsOf,
  teamPartition,
  userPartition,
} from './keys.ts';
import { countOrdered, type Order, readOrdered } from './ordered-query.ts';

export const keyLists = (client: DynamoDBDocumentClient, tableName: string): KeyLists => ({
  keys: (listing) => listingOf(client, { tableName, ...orderOf(listing) }, keyEntry),
  aliases: () => listingOf(client, { tableName, ...aliasOrder }, aliasEntry),
});

/** The list that an order of items is. */
export const listingOf = <E extends Entry>(
  client: DynamoDBDocumentClient,
  order: Order,
  entryOf: (item: Item) => E,
): Listing<E> => ({
  read: async (after, count, limitMs) =>
    (await readOrdered(client, order, after, count, limitMs)).map(entryOf),
  count: (bound, limitMs) => countOrdered(client, order, bound, limitMs),
});

/** Where the index has the keys of a listing. */
export function orderOf({ status, of, isOldestFirst }: KeyListing): Omit<Order, 'tableName'> {
  const isDescending = !isOldestFirst;
  if (of === 'all') {
    const { name: index, ...keys } = keysIndexes.byCreated;
    return { index, ...keys, partitions: listPartitionsOf(status), isDescending };
  }
  const { name: index, ...keys } = 'userId' in of ? keysIndexes.byUser : keysIndexes.byTeam;
  const partition =
    'userId' in of ? userPartition(status, of.userId) : teamPartition(status, of.teamId);
  return { index, ...keys, partitions: [partition], isDescending };
}

/** Where the index has the aliases that are taken. */
export const aliasOrder: Omit<Order, 'tableName'> = {
  index: keysIndexes.byCreated.name,
  pk: keysIndexes.byCreated.pk,
  sk: keysIndexes.byCreated.sk,
  partitions: aliasesPartitions,
  isDescending: false,
};

export const keyEntry = (item: Item): KeyEntry => ({
  position: String(item[keysIndexes.byCreated.sk]),
  keyId: keyIdOf(String(item['pk'])),
  listed: listedKey.parse(item[listedAttribute]),
});

export function aliasEntry(item: Item): AliasEntry {
  const alias = String(item[keysIndexes.byCreated.sk]);
  return { position: alias, alias };
}
