import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Item } from '../../../lambdas/shared/adapters/table/items.ts';

/** Items of one BatchWriteItem call. */
const maxBatch = 25;
const inFlight = 4;

/** Writes all items into a table, and says now and then how many there are. */
export async function seed(
  client: DynamoDBDocumentClient,
  table: string,
  items: Iterable<Item>,
  log: (line: string) => void,
): Promise<void> {
  const batches = batched(items);
  let written = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (const batch of batches) {
        const writes = batch.map((Item) => ({ PutRequest: { Item } }));
        const input = { RequestItems: { [table]: writes } };
        const { UnprocessedItems = {} } = await client.send(new BatchWriteCommand(input));
        if (Object.keys(UnprocessedItems).length > 0) throw new Error('Items were not written');
        written += batch.length;
        if (written % 10_000 === 0) log(`${written} items written`);
      }
    }),
  );
}

function* batched(items: Iterable<Item>): Generator<Item[]> {
  let batch: Item[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < maxBatch) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
