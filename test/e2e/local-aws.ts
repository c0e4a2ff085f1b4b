/** What the deployed stack left in its stores, seen by the account's root user. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  ScanCommand,
} from '@aws-sdk/lib-dynamodb';
import { inject } from 'vitest';
import * as z from 'zod/mini';
import type { Fault } from '../../scripts/local/guard-faults.ts';
import { addFault } from './fault-control.ts';

const { endpoint, guardUrl, tablesUrl, region, credentials, accountId, outputs } =
  inject('deployed');

const tables = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint, region, credentials }));
const secretsManager = new SecretsManagerClient({ endpoint: guardUrl, region, credentials });

type Item = Readonly<Record<string, unknown>>;
type TableName = 'KeysTableName' | 'AuditTableName' | 'NoticesTableName' | 'IdempotencyTableName';

export const outputOf = (name: string): string => {
  const value = outputs[name];
  if (value === undefined) throw new Error(`The stack has no output ${name}`);
  return value;
};

export async function itemOf(table: TableName, key: Item): Promise<Item | undefined> {
  const TableName = outputOf(table);
  return (await tables.send(new GetCommand({ TableName, Key: key, ConsistentRead: true }))).Item;
}

export async function itemsOf(table: TableName): Promise<Item[]> {
  const items: Item[] = [];
  let ExclusiveStartKey: Item | undefined;
  do {
    const page = await tables.send(
      new ScanCommand({
        TableName: outputOf(table),
        ConsistentRead: true,
        ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
      }),
    );
    items.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return items;
}

export type Row = Item;

export async function rowOf(keyId: string): Promise<Row> {
  const row = await itemOf('KeysTableName', { pk: `KEY#${keyId}` });
  if (row === undefined) throw new Error(`There is no row of ${keyId}`);
  return row;
}

/** The row that has an alias, or had it last. */
export async function rowOfAlias(alias: string): Promise<Row> {
  const rows = await itemsOf('KeysTableName');
  const row = rows.find((item) => String(item['pk']).startsWith('KEY#') && item['alias'] === alias);
  if (row === undefined) throw new Error(`No row has the alias ${alias}`);
  return row;
}

/** What a refused request must leave as it is: the keys that are there, and these ones' rows. */
export async function keysWith(...keyIds: readonly string[]) {
  const rows = (await itemsOf('KeysTableName')).filter(({ pk }) => String(pk).startsWith('KEY#'));
  return {
    names: rows.map(({ pk }) => String(pk)).sort(),
    rows: await Promise.all(keyIds.map(rowOf)),
  };
}

export const leaseOf = (alias: string): Promise<Item | undefined> =>
  itemOf('KeysTableName', { pk: `ALIAS#${alias}` });

export async function putItem(table: TableName, item: Item): Promise<void> {
  await tables.send(new PutCommand({ TableName: outputOf(table), Item: item }));
}

export async function removeItem(table: TableName, key: Item): Promise<void> {
  await tables.send(new DeleteCommand({ TableName: outputOf(table), Key: key }));
}

/** Deletes a secret with a window of seven days. */
export async function scheduleDeletion(name: string): Promise<void> {
  await secretsManager.send(new DeleteSecretCommand({ SecretId: name, RecoveryWindowInDays: 7 }));
}

/** Makes another version the current one. */
export async function makeCurrent(name: string, versionId: string): Promise<void> {
  const { VersionId } = await secretsManager.send(new GetSecretValueCommand({ SecretId: name }));
  await secretsManager.send(
    new UpdateSecretVersionStageCommand({
      SecretId: name,
      VersionStage: 'AWSCURRENT',
      RemoveFromVersionId: VersionId,
      MoveToVersionId: versionId,
    }),
  );
}

/** Has Secrets Manager rotate a secret by the deployed function; returns the version it has named. */
export async function rotateSecret(name: string): Promise<string> {
  const { VersionId = '' } = await secretsManager.send(
    new RotateSecretCommand({
      SecretId: name,
      RotationLambdaARN: outputOf('RotateSecretFunctionArn'),
      RotationRules: { AutomaticallyAfterDays: 30 },
    }),
  );
  return VersionId;
}

/** The value under a staging label. */
export async function valueUnder(name: string, stage: string): Promise<string | undefined> {
  const input = { SecretId: name, VersionStage: stage };
  return (await secretsManager.send(new GetSecretValueCommand(input))).SecretString;
}

/** Staging labels by version, and whether it is in its deletion window; null without such a secret. */
export async function describedSecret(name: string) {
  try {
    const found = await secretsManager.send(new DescribeSecretCommand({ SecretId: name }));
    return {
      isScheduled: found.DeletedDate !== undefined,
      stages: found.VersionIdsToStages ?? {},
    };
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return null;
    throw error;
  }
}

/** Names of the secrets that no deletion is scheduled for, with the keys that they are tagged with. */
export async function liveSecrets(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let NextToken: string | undefined;
  do {
    const page = await secretsManager.send(
      new ListSecretsCommand({
        MaxResults: 100,
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
    );
    for (const { Name = '', Tags = [] } of page.SecretList ?? []) {
      found.set(Name, Tags.find(({ Key }) => Key === 'key_id')?.Value ?? '');
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return found;
}

export const auditOf = async (keyId: string): Promise<Item[]> =>
  (await itemsOf('AuditTableName')).filter((record) => record['key_id'] === keyId);

/** The value behind AWSCURRENT and the tags, or null without such a secret. */
export async function secretOf(name: string) {
  try {
    const { SecretString, VersionId } = await secretsManager.send(
      new GetSecretValueCommand({ SecretId: name }),
    );
    const { Tags = [] } = await secretsManager.send(new DescribeSecretCommand({ SecretId: name }));
    const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key ?? '', Value ?? '']));
    return { value: SecretString, versionId: VersionId, tags };
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return null;
    throw error;
  }
}

const inboxAnswer = z.object({
  messages: z.record(
    z.string(),
    z.array(
      z.object({
        To: z.array(z.string()),
        Source: z.string(),
        Subject: z.string(),
        BodyText: z.string(),
        BodyHtml: z.string(),
      }),
    ),
  ),
});

export async function allMails() {
  const response = await fetch(`${endpoint}/_ministack/ses/messages`);
  const { messages } = inboxAnswer.parse(await response.json());
  return messages[accountId] ?? [];
}

export const mailsTo = async (address: string) =>
  (await allMails()).filter(({ To }) => To.includes(address));

/** Invokes a deployed function directly, as its event source mapping would. */
export async function invoke(functionName: string, event: unknown): Promise<unknown> {
  const scope = `${credentials.accessKeyId}/20260101/${region}/lambda/aws4_request`;
  const response = await fetch(`${endpoint}/2015-03-31/functions/${functionName}/invocations`, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(event),
  });
  if (!response.ok) throw new Error(`Invoking ${functionName}: ${response.status}`);
  return response.json();
}

/** Makes Secrets Manager fail for secrets whose name contains a text. */
export const fault = (
  operation: string,
  mode: Fault['mode'],
  secret: string,
  times = 1,
): Promise<void> => addFault(guardUrl, { operation, mode, about: secret, times });

/** Makes DynamoDB fail for calls that contain a text. */
export const faultTables = (
  operation: string,
  mode: Fault['mode'],
  about: string,
  times = 1,
): Promise<void> => addFault(tablesUrl, { operation, mode, about, times });

/** Runs the scheduled function until the key's open step is closed, as its schedule would. */
export function closed(keyId: string): Promise<Row> {
  return eventually(async () => {
    await invoke(outputOf('ReconcilerFunctionName'), {});
    const row = await rowOf(keyId);
    if (row['intent'] === null) return row;
    await sleep(500);
    return null;
  }, 28_000);
}

/** Looks again and again until something is there: the stream takes its time. */
export async function eventually<T>(
  look: () => Promise<T | null | undefined>,
  patienceMs = 10_000,
): Promise<T> {
  const giveUpAt = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined) return found;
    if (Date.now() > giveUpAt) throw new Error('It did not happen in time');
    await sleep(100);
  }
}
