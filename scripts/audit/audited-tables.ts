/** The tables that an export of the audit trail reads. */
import { type DynamoDBClient, paginateScan, type ScanCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { rowKey } from '../../lambdas/shared/adapters/table/keys.ts';
import { fromDynamo } from '../local/from-dynamo.ts';
import { headAttributes } from './export-heads.ts';
import type { Scan } from './export-trail.ts';

/** All audit records, as DynamoDB has them: key by key, each in the order of its numbers. */
export const auditScan =
  (client: DynamoDBClient, table: string): Scan =>
  (after) =>
    pages(client, { TableName: table, ConsistentRead: true }, after);

/** What the rows say of the ends of their trails. */
export const headScan =
  (client: DynamoDBClient, table: string): Scan =>
  (after) =>
    pages(
      client,
      {
        TableName: table,
        FilterExpression: 'begins_with(pk, :row)',
        ExpressionAttributeValues: { ':row': { S: rowKey('') } },
        ProjectionExpression: headAttributes.map((path) => path.replaceAll(/\w+/g, '#$&')).join(),
        ExpressionAttributeNames: Object.fromEntries(
          headAttributes.flatMap((path) => path.split('.')).map((name) => [`#${name}`, name]),
        ),
      },
      after,
    );

async function* pages(
  client: DynamoDBClient,
  input: ScanCommandInput,
  after: Record<string, unknown> | undefined,
) {
  const from = after === undefined ? {} : { startingToken: marshall(after) };
  for await (const { Items } of paginateScan({ client, ...from }, input)) {
    // Not by the document client, which makes BigInts of large numbers.
    yield (Items ?? []).map(fromDynamo);
  }
}
