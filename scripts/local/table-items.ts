import * as z from 'zod/mini';
import type { StackOutputs } from './deploy.ts';
import { mustCall, type RootClient } from './root-client.ts';

/** Items of each table, in DynamoDB's own form, by the name of the output that names the table. */
export type TableItems = ReadonlyMap<string, readonly Record<string, unknown>[]>;

const page = z.looseObject({
  Items: z.array(z.record(z.string(), z.unknown())),
  LastEvaluatedKey: z.optional(z.record(z.string(), z.unknown())),
});

/** The outputs that name a table. */
export function tableOutputs(outputs: StackOutputs): [output: string, table: string][] {
  return Object.entries(outputs).filter(([name]) => name.endsWith('TableName'));
}

/** Everything in the stack's tables. A table that is gone has no items. */
export async function readTables(client: RootClient, outputs: StackOutputs): Promise<TableItems> {
  const items = new Map<string, Record<string, unknown>[]>();
  for (const [output, table] of tableOutputs(outputs))
    items.set(output, await readTable(client, table));
  return items;
}

/** Puts items into the tables of a new stack, leaving alone what that stack has already written. */
export async function writeTables(
  client: RootClient,
  outputs: StackOutputs,
  items: TableItems,
): Promise<void> {
  for (const [output, table] of tableOutputs(outputs)) {
    for (const item of items.get(output) ?? []) {
      const { error } = await client('DynamoDB_20120810.PutItem', {
        TableName: table,
        Item: item,
        ConditionExpression: 'attribute_not_exists(pk)',
      });
      if (error !== null && error !== 'ConditionalCheckFailedException')
        throw new Error(`${table}: ${error}`);
    }
  }
}

/** Every item of a table; none when there is no such table. */
export async function readTable(
  client: RootClient,
  table: string,
): Promise<Record<string, unknown>[]> {
  const { error } = await client('DynamoDB_20120810.DescribeTable', { TableName: table });
  if (error !== null) return [];
  const items: Record<string, unknown>[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const input = { TableName: table, ConsistentRead: true, ExclusiveStartKey: start };
    const { Items, LastEvaluatedKey } = z.parse(
      page,
      await mustCall(client, 'DynamoDB_20120810.Scan', input),
    );
    items.push(...Items);
    start = LastEvaluatedKey;
  } while (start !== undefined);
  return items;
}
