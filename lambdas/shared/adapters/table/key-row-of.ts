import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import type { KeyRow } from '../../domain/key-row.ts';
import { tableLimit } from '../reader-limits.ts';
import { parseRow } from './items.ts';
import { rowKey } from './keys.ts';

/** Looks a row up by its key id, for a reader that needs no more of the keys' table. Throws where it cannot. */
export const keyRowOf =
  (client: DynamoDBDocumentClient, tableName: string) =>
  async (keyId: string): Promise<KeyRow | null> => {
    const { Item } = await client.send(
      new GetCommand({ TableName: tableName, Key: { pk: rowKey(keyId) }, ConsistentRead: true }),
      tableLimit(),
    );
    return Item === undefined ? null : parseRow(Item);
  };
