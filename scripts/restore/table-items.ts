/** The items of a keys table as they are stored, for those who copy a whole table. */
import {
  ConditionalCheckFailedException,
  DescribeTableCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  paginateScan,
} from '@aws-sdk/lib-dynamodb';
import { answered, unavailable } from '../../lambdas/shared/adapters/table/answered.ts';
import type { Item } from '../../lambdas/shared/adapters/table/items.ts';

export interface TableItems {
  /** All items, a page at a time; strongly consistent. */
  pages(): AsyncIterable<readonly Item[]>;
  /** Those that are there, by `pk`; strongly consistent. Throws `Unavailable`. */
  read(pks: readonly string[], limitMs: number): Promise<ReadonlyMap<string, Item>>;
  /** Writes an item whatever is there. */
  put(item: Item, limitMs: number): Promise<void>;
  /** Removes the item as it was read, by its `rev`; false where it is another by now. */
  remove(item: Item, limitMs: number): Promise<boolean>;
}

/** Items of one BatchGetItem call. */
const maxBatch = 100;

export const tableItems = (client: DynamoDBDocumentClient, TableName: string): TableItems => ({
  async *pages() {
    const scan = paginateScan({ client }, { TableName, ConsistentRead: true });
    for await (const { Items = [] } of scan) yield Items;
  },
  async read(pks, limitMs) {
    const found = new Map<string, Item>();
    for (let from = 0; from < pks.length; from += maxBatch) {
      const Keys = pks.slice(from, from + maxBatch).map((pk) => ({ pk }));
      const RequestItems = { [TableName]: { Keys, ConsistentRead: true } };
      const { Responses, UnprocessedKeys = {} } = await answered(limitMs, (abortSignal) =>
        client.send(new BatchGetCommand({ RequestItems }), { abortSignal }),
      );
      if (Object.keys(UnprocessedKeys).length > 0) throw unavailable(null);
      for (const item of Responses?.[TableName] ?? []) found.set(String(item['pk']), item);
    }
    return found;
  },
  async put(Item, limitMs) {
    await answered(limitMs, (abortSignal) =>
      client.send(new PutCommand({ TableName, Item }), { abortSignal }),
    );
  },
  async remove({ pk, rev }, limitMs) {
    const condition =
      rev === undefined
        ? { ConditionExpression: 'attribute_not_exists(#rev)' }
        : {
            ConditionExpression: 'attribute_not_exists(pk) OR #rev = :rev',
            ExpressionAttributeValues: { ':rev': rev },
          };
    const input = {
      TableName,
      Key: { pk },
      ExpressionAttributeNames: { '#rev': 'rev' },
      ...condition,
    };
    try {
      await answered(limitMs, (abortSignal) =>
        client.send(new DeleteCommand(input), { abortSignal }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  },
});

/** To what time a table was restored; null of a table that was made otherwise. */
export async function restoredTo(
  client: DynamoDBClient,
  TableName: string,
): Promise<{ readonly at: Date; readonly isUnderWay: boolean } | null> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  const { RestoreDateTime: at, RestoreInProgress } = Table?.RestoreSummary ?? {};
  return at === undefined ? null : { at, isUnderWay: RestoreInProgress === true };
}
