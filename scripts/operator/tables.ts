/** The tables of a deployed environment, with the operator's own credentials. */
import { DynamoDBClient, paginateListTables } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { connectionOf } from './connection.ts';
import { deployedName } from './deployed-name.ts';

export const clientOf = (environment: string): DynamoDBClient =>
  new DynamoDBClient(connectionOf(environment));

/** The client as the functions have it. */
export const documentsOf = (client: DynamoDBClient): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });

/** The name of a table. Throws where there is not exactly one. */
export async function tableOf(
  client: DynamoDBClient,
  environment: string,
  table: 'AuditTable' | 'KeysTable',
): Promise<string> {
  const names: string[] = [];
  for await (const { TableNames } of paginateListTables({ client }, {})) {
    names.push(...(TableNames ?? []));
  }
  const option = table === 'AuditTable' ? '--audit-table' : '--keys-table';
  return deployedName(names, environment, { id: table, option });
}
