/** Finds rows through the indexes. Both are eventually consistent: who acts on a row reads it first. */
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
} from '@aws-sdk/lib-dynamodb';
import * as z from 'zod/mini';
import type { DueRotation, DueRows, RowPage, SweepState } from '../../domain/ports.ts';
import type { Item } from './items.ts';
import { duePartitions, keyIdOf, keysIndexes, listPartitions, sweepKey } from './keys.ts';

/** Where a page of the sweep ended: the partition, and the last item's index and table keys. */
const position = z.object({ partition: z.number(), sort: z.string(), pk: z.string() });
const sweepState = z.object({
  cursor: z.nullable(z.string()),
  startedAt: z.string(),
  // Absent in what an earlier release noted.
  isAuditOff: z.optional(z.boolean()),
  auditedSince: z.optional(z.nullable(z.string())),
});

export function dueRows(client: DynamoDBDocumentClient, tableName: string): DueRows {
  return { findDue, findRotations, findReminders, scanRows, readSweep, writeSweep };

  async function findDue(by: Date, count: number, limitMs: number): Promise<string[]> {
    return keyIdsOf(await earliest('repair', by, count, limitMs));
  }

  async function findReminders(by: Date, count: number, limitMs: number): Promise<string[]> {
    return keyIdsOf(await earliest('reminder', by, count, limitMs));
  }

  async function findRotations(by: Date, count: number, limitMs: number): Promise<DueRotation[]> {
    const found = await earliest('rotation', by, count, limitMs);
    return found.map((item) => ({
      keyId: keyIdOf(String(item['pk'])),
      dueAt: String(item[keysIndexes.due.sk]).replace(/#.*/, ''),
    }));
  }

  async function earliest(
    work: Parameters<typeof duePartitions>[0],
    by: Date,
    count: number,
    limitMs: number,
  ): Promise<Item[]> {
    const { name, pk, sk } = keysIndexes.due;
    // Due entries end in the key id, so this bound takes in every entry of its very instant.
    const bound = `${by.toISOString()}#~`;
    const pages = await Promise.all(
      duePartitions(work).map((partition) =>
        client.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: name,
            KeyConditionExpression: '#pk = :pk AND #sk <= :bound',
            ExpressionAttributeNames: { '#pk': pk, '#sk': sk },
            ExpressionAttributeValues: { ':pk': partition, ':bound': bound },
            Limit: count,
          }),
          { abortSignal: AbortSignal.timeout(limitMs) },
        ),
      ),
    );
    return pages
      .flatMap(({ Items = [] }) => Items)
      .sort((left, right) => (String(left[sk]) < String(right[sk]) ? -1 : 1))
      .slice(0, count);
  }

  async function scanRows(cursor: string | null, count: number, limitMs: number): Promise<RowPage> {
    const { name, pk, sk } = keysIndexes.byCreated;
    const from = cursor === null ? null : position.parse(JSON.parse(cursor));
    const partition = from?.partition ?? 0;
    const partitionKey = listPartitions[partition];
    if (partitionKey === undefined) return { rows: [], next: null };
    const { Items = [], LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName: tableName,
        IndexName: name,
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': pk },
        ExpressionAttributeValues: { ':pk': partitionKey },
        Limit: count,
        ...(from === null || from.pk === ''
          ? {}
          : { ExclusiveStartKey: { pk: from.pk, [pk]: partitionKey, [sk]: from.sort } }),
      }),
      { abortSignal: AbortSignal.timeout(limitMs) },
    );
    const cursorAt = (item: Item) =>
      JSON.stringify({ partition, sort: String(item[sk]), pk: String(item['pk']) });
    const isLast = LastEvaluatedKey === undefined;
    const following = JSON.stringify({ partition: partition + 1, sort: '', pk: '' });
    return {
      rows: Items.map((item) => ({ keyId: keyIdOf(String(item['pk'])), next: cursorAt(item) })),
      next: !isLast
        ? cursorAt(LastEvaluatedKey)
        : partition + 1 < listPartitions.length
          ? following
          : null,
    };
  }

  async function readSweep(limitMs: number): Promise<SweepState | null> {
    const { Item } = await client.send(
      new GetCommand({ TableName: tableName, Key: { pk: sweepKey }, ConsistentRead: true }),
      { abortSignal: AbortSignal.timeout(limitMs) },
    );
    if (Item === undefined) return null;
    const { isAuditOff = false, auditedSince = null, ...place } = sweepState.parse(Item);
    return { ...place, isAuditOff, auditedSince };
  }

  async function writeSweep(state: SweepState, limitMs: number): Promise<void> {
    await client.send(new PutCommand({ TableName: tableName, Item: { ...state, pk: sweepKey } }), {
      abortSignal: AbortSignal.timeout(limitMs),
    });
  }
}

const keyIdsOf = (items: readonly Item[]): string[] =>
  items.map((item) => keyIdOf(String(item['pk'])));
