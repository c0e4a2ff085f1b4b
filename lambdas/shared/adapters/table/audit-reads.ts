/** Reads of the audit trail on DynamoDB. */
import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type AuditPlace, type FoundRecord, foundRecord } from '../../domain/audit-record.ts';
import type { AuditEntry, AuditListing, AuditReads } from '../../domain/ports.ts';
import { answered, unavailable } from './answered.ts';
import type { Item } from './items.ts';
import { listingOf } from './key-lists.ts';
import {
  auditIndexes,
  auditPartitions,
  auditSort,
  keyIdOf,
  rowKey,
  tableAttributes,
} from './keys.ts';
import type { Order } from './ordered-query.ts';

/** Items of one BatchGetItem call. */
const maxBatch = 100;

export function auditReads(client: DynamoDBDocumentClient, tableName: string): AuditReads {
  return { list, records };

  function list(listing: AuditListing) {
    const order = { tableName, ...auditOrderOf(listing) };
    return listingOf(client, order, (item) => auditEntry(item, order.sk));
  }

  async function records(
    wanted: readonly AuditPlace[],
    limitMs: number,
  ): Promise<(FoundRecord | null)[]> {
    const keys = wanted.map(({ keyId, seq }) => ({ pk: rowKey(keyId), sk: auditSort(seq) }));
    const batches: (typeof keys)[] = [];
    for (let from = 0; from < keys.length; from += maxBatch) {
      batches.push(keys.slice(from, from + maxBatch));
    }
    const read = await answered(limitMs, (abortSignal) =>
      Promise.all(
        batches.map((Keys) =>
          client.send(new BatchGetCommand({ RequestItems: { [tableName]: { Keys } } }), {
            abortSignal,
          }),
        ),
      ),
    );
    if (read.some(({ UnprocessedKeys = {} }) => Object.keys(UnprocessedKeys).length > 0)) {
      throw unavailable(null);
    }
    const found = new Map(
      read
        .flatMap(({ Responses = {} }) => Responses[tableName] ?? [])
        .map((item) => [`${item['pk']} ${item['sk']}`, item]),
    );
    return wanted.map((place) => {
      const item = found.get(`${rowKey(place.keyId)} ${auditSort(place.seq)}`);
      return item === undefined ? null : foundRecord(place, withoutPlace(item));
    });
  }
}

/** Where the table has the records of a listing. */
export function auditOrderOf({
  of,
  from,
  to,
  isOldestFirst,
}: AuditListing): Omit<Order, 'tableName'> {
  const isDescending = !isOldestFirst;
  if (of !== 'all' && 'keyId' in of) {
    const { pk, sk } = tableAttributes;
    return { index: null, pk, sk, partitions: [rowKey(of.keyId)], isDescending };
  }
  // Positions go on after the time, so that this bound takes in every record of its very instant.
  const range = { from, to: to === null ? null : `${to}#~`, isDescending };
  if (of === 'all') {
    const { name: index, ...keys } = auditIndexes.byTime;
    return { index, ...keys, partitions: auditPartitions, ...range };
  }
  const { name: index, ...keys } = 'objectId' in of ? auditIndexes.byObject : auditIndexes.byActor;
  return { index, ...keys, partitions: ['objectId' in of ? of.objectId : of.changedBy], ...range };
}

export const auditEntry = (item: Item, sortKey: string): AuditEntry => ({
  position: String(item[sortKey]),
  keyId: keyIdOf(String(item['pk'])),
  seq: Number(item['sk']),
});

/** Without the attributes that only place it in the table. */
function withoutPlace(item: Item): Item {
  const { pk: _pk, sk: _sk, time_pk: _time, order_sk: _order, ...stored } = item;
  return stored;
}
