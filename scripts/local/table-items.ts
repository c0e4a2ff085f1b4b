import * as z from 'zod/mini';
import { mustCall, type RootClient } from './root-client.ts';

/** An item in DynamoDB's own form. */
export type Item = Record<string, unknown>;

const page = z.looseObject({
  Items: z.array(z.record(z.string(), z.unknown())),
  LastEvaluatedKey: z.optional(z.record(z.string(), z.unknown())),
});

export async function hasTable(client: RootClient, table: string): Promise<boolean> {
  const { error } = await client('DynamoDB_20120810.DescribeTable', { TableName: table });
  return error === null;
}

/** Every item of a table; none when there is no such table. */
export async function readTable(client: RootClient, table: string): Promise<Item[]> {
  if (!(await hasTable(client, table))) return [];
  const items: Item[] = [];
  let start: Item | undefined;
  do {
    const input = { TableName: table, ConsistentRead: true, ExclusiveStartKey: start };
    const output = await mustCall(client, 'DynamoDB_20120810.Scan', input);
    const { Items, LastEvaluatedKey } = z.parse(page, output);
    items.push(...Items);
    start = LastEvaluatedKey;
  } while (start !== undefined);
  return items;
}

/** Puts the items, over whatever has their keys. */
export async function writeTable(
  client: RootClient,
  table: string,
  items: readonly Item[],
): Promise<void> {
  for (const item of items) {
    await mustCall(client, 'DynamoDB_20120810.PutItem', { TableName: table, Item: item });
  }
}
