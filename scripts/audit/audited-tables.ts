/** The tables of a deployed environment that an export reads, with the operator's own credentials. */
import {
  DynamoDBClient,
  paginateListTables,
  paginateScan,
  type ScanCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { rowKey } from '../../lambdas/shared/adapters/table/keys.ts';
import { fromDynamo } from '../local/from-dynamo.ts';
import { localIdentity } from '../local/project.ts';
import { runningEndpoint } from '../local/running-endpoint.ts';
import { headAttributes } from './export-heads.ts';
import type { Scan } from './export-trail.ts';

/** With more retries than the SDK makes by itself: an export may take a table to its limits. */
export function clientOf(environment: string): DynamoDBClient {
  if (environment !== 'local') return new DynamoDBClient({ maxAttempts: 10 });
  const { region, credentials } = localIdentity;
  const endpoint = runningEndpoint();
  if (endpoint === null) throw new Error('Nothing is running: npm start first');
  return new DynamoDBClient({ endpoint, region, credentials });
}

/**
 * The name that CloudFormation gave a table: stack, logical id, and letters of its own. Its outputs
 * have it too, but reading those takes another client library and another permission. Throws where
 * there is not exactly one, as after a stack was removed and made anew while its tables stayed.
 */
export async function tableOf(
  client: DynamoDBClient,
  environment: string,
  table: 'AuditTable' | 'KeysTable',
): Promise<string> {
  const names: string[] = [];
  for await (const { TableNames } of paginateListTables({ client }, {})) {
    names.push(...(TableNames ?? []));
  }
  const found = names.filter((name) => name.startsWith(`latchkey-${environment}-${table}`));
  const [name, ...others] = found;
  if (name !== undefined && others.length === 0) return name;
  const option = table === 'AuditTable' ? '--audit-table' : '--keys-table';
  throw new Error(
    found.length === 0
      ? `There is no ${table} of ${environment} in this account and region`
      : `There are several: say which one with ${option}: ${found.join(', ')}`,
  );
}

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
