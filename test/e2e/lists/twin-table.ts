import { randomUUID } from 'node:crypto';
import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';

/**
 * The name of a new table with the keys and indexes of a deployed one, and no stream: what is written
 * there is nobody else's business.
 */
export async function twinOf(client: DynamoDBClient, original: string): Promise<string> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: original }));
  const name = `twin-${randomUUID()}`;
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: Table?.KeySchema,
      AttributeDefinitions: Table?.AttributeDefinitions,
      GlobalSecondaryIndexes: Table?.GlobalSecondaryIndexes?.map(
        ({ IndexName, KeySchema, Projection }) => ({ IndexName, KeySchema, Projection }),
      ),
    }),
  );
  return name;
}
