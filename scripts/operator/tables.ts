/** The tables of a deployed environment, with the operator's own credentials. */
import { DynamoDBClient, paginateListTables } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { localIdentity } from '../local/project.ts';
import { runningEndpoint } from '../local/running-endpoint.ts';

/** With more retries than the SDK makes by itself: an export may take a table to its limits. */
export function clientOf(environment: string): DynamoDBClient {
  if (environment !== 'local') return new DynamoDBClient({ maxAttempts: 10 });
  const { region, credentials } = localIdentity;
  const endpoint = runningEndpoint();
  if (endpoint === null) throw new Error('Nothing is running: npm start first');
  return new DynamoDBClient({ endpoint, region, credentials });
}

/** The client as the functions have it. */
export const documentsOf = (client: DynamoDBClient): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });

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
