/** The keys' table on DynamoDB. */
import {
  ConditionalCheckFailedException,
  IdempotentParameterMismatchException,
  ProvisionedThroughputExceededException,
  RequestLimitExceeded,
  ThrottlingException,
  TransactionCanceledException,
  TransactionConflictException,
  TransactionInProgressException,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { Unavailable } from '../../domain/errors.ts';
import type {
  CommitOutcome,
  KeyRef,
  KeyTable,
  KeyWrite,
  Loaded,
  Wanted,
} from '../../domain/ports.ts';
import { isBug } from '../aws-error.ts';
import {
  type Item,
  leaseItem,
  parseLease,
  parsePointer,
  parseRow,
  pointerItem,
  rowItem,
} from './items.ts';
import { keysIndexes, leaseKey, pointerKey, rowKey, userPartition } from './keys.ts';

export function keyTable(client: DynamoDBDocumentClient, tableName: string): KeyTable {
  return { load, commit, countLiveKeys };

  async function load(wanted: Wanted, limitMs: number): Promise<Loaded> {
    const { caller, target, alias } = wanted;
    const first = await readItems(
      [
        ...(caller === undefined ? [] : [keyOfRef(caller)]),
        ...(target === undefined ? [] : [keyOfRef(target)]),
        ...(alias === undefined ? [] : [leaseKey(alias)]),
      ],
      limitMs,
    );
    const followed = await readItems(
      [...first.values()].flatMap((item) => {
        const pointsTo = String(item['pk']).startsWith('TOKEN#')
          ? rowKey(parsePointer(item).keyId)
          : null;
        return pointsTo === null || first.has(pointsTo) ? [] : [pointsTo];
      }),
      limitMs,
    );
    const items = new Map([...first, ...followed]);
    const lease = alias === undefined ? undefined : items.get(leaseKey(alias));
    return {
      caller: rowOf(caller, items),
      target: rowOf(target, items),
      alias: lease === undefined ? null : parseLease(lease),
    };
  }

  /** Strongly consistent: a revocation counts for every check that starts after it. */
  async function readItems(keys: readonly string[], limitMs: number): Promise<Map<string, Item>> {
    const Keys = [...new Set(keys)].map((pk) => ({ pk }));
    if (Keys.length === 0) return new Map();
    const answer = await answered(limitMs, (abortSignal) =>
      client.send(
        new BatchGetCommand({ RequestItems: { [tableName]: { Keys, ConsistentRead: true } } }),
        { abortSignal },
      ),
    );
    if (Object.keys(answer.UnprocessedKeys ?? {}).length > 0) throw unavailable(null);
    const items = answer.Responses?.[tableName] ?? [];
    return new Map(items.map((item) => [String(item['pk']), item]));
  }

  async function commit(
    writes: readonly KeyWrite[],
    token: string,
    limitMs: number,
  ): Promise<CommitOutcome> {
    if (limitMs <= 0) return { kind: 'unanswered' };
    const [single] = writes;
    const options = { abortSignal: AbortSignal.timeout(limitMs) };
    try {
      if (writes.length === 1 && single !== undefined && single.kind !== 'delete-pointer') {
        await client.send(new PutCommand(putOf(single)), options);
      } else {
        const TransactItems = writes.map(actionOf);
        await client.send(
          new TransactWriteCommand({ TransactItems, ClientRequestToken: token }),
          options,
        );
      }
      return { kind: 'committed' };
    } catch (error) {
      return outcomeOf(error);
    }
  }

  async function countLiveKeys(userId: string, bound: number, limitMs: number): Promise<number> {
    const { name, pk } = keysIndexes.byUser;
    const answer = await answered(limitMs, (abortSignal) =>
      client.send(
        new QueryCommand({
          TableName: tableName,
          IndexName: name,
          KeyConditionExpression: '#pk = :pk',
          ExpressionAttributeNames: { '#pk': pk },
          ExpressionAttributeValues: { ':pk': userPartition('live', userId) },
          Select: 'COUNT',
          Limit: bound,
        }),
        { abortSignal },
      ),
    );
    return answer.Count ?? 0;
  }

  function actionOf(
    write: KeyWrite,
  ): NonNullable<TransactWriteCommandInput['TransactItems']>[number] {
    if (write.kind === 'delete-pointer') {
      return { Delete: { TableName: tableName, Key: { pk: pointerKey(write.hash) } } };
    }
    return { Put: putOf(write) };
  }

  function putOf(write: Exclude<KeyWrite, { kind: 'delete-pointer' }>) {
    switch (write.kind) {
      case 'create-row':
        return { TableName: tableName, Item: rowItem(write.row), ...isNew };
      case 'create-pointer':
        return { TableName: tableName, Item: pointerItem(write.pointer), ...isNew };
      case 'replace-row':
        return { TableName: tableName, Item: rowItem(write.row), ...isAsRead(write.row.rev - 1) };
      case 'put-lease':
        return {
          TableName: tableName,
          Item: leaseItem(write.lease),
          ...(write.lease.rev === 1 ? isNew : isAsRead(write.lease.rev - 1)),
        };
    }
  }
}

const isNew = { ConditionExpression: 'attribute_not_exists(pk)' };

const isAsRead = (rev: number) => ({
  ConditionExpression: '#rev = :rev',
  ExpressionAttributeNames: { '#rev': 'rev' },
  ExpressionAttributeValues: { ':rev': rev },
});

const keyOfRef = (ref: KeyRef): string =>
  'keyId' in ref ? rowKey(ref.keyId) : pointerKey(ref.hash);

function rowOf(ref: KeyRef | undefined, items: ReadonlyMap<string, Item>) {
  if (ref === undefined) return null;
  const found = items.get(keyOfRef(ref));
  if (found === undefined) return null;
  const row = 'keyId' in ref ? found : items.get(rowKey(parsePointer(found).keyId));
  return row === undefined ? null : parseRow(row);
}

function outcomeOf(error: unknown): CommitOutcome {
  if (error instanceof ConditionalCheckFailedException) return { kind: 'refused', failed: [0] };
  if (error instanceof TransactionConflictException) return { kind: 'contended' };
  if (error instanceof TransactionCanceledException) {
    const codes = (error.CancellationReasons ?? []).map((reason) => reason.Code);
    const failed = codes.flatMap((code, index) =>
      code === 'ConditionalCheckFailed' ? [index] : [],
    );
    if (failed.length > 0) return { kind: 'refused', failed };
    if (codes.includes('TransactionConflict')) return { kind: 'contended' };
    if (codes.includes('ThrottlingError') || codes.includes('ProvisionedThroughputExceeded')) {
      return { kind: 'throttled' };
    }
    throw error;
  }
  if (isThrottled(error)) return { kind: 'throttled' };
  // Still running, or run with other parameters: what became of it is not known here.
  if (error instanceof TransactionInProgressException) return { kind: 'unanswered' };
  if (error instanceof IdempotentParameterMismatchException || isBug(error)) throw error;
  return { kind: 'unanswered' };
}

const isThrottled = (error: unknown): boolean =>
  error instanceof ProvisionedThroughputExceededException ||
  error instanceof RequestLimitExceeded ||
  error instanceof ThrottlingException;

/** Reads have no outcome to tell apart: without an answer there is nothing to decide on. */
async function answered<T>(limitMs: number, read: (signal: AbortSignal) => Promise<T>): Promise<T> {
  if (limitMs <= 0) throw unavailable(null);
  try {
    return await read(AbortSignal.timeout(limitMs));
  } catch (error) {
    if (isBug(error)) throw error;
    throw unavailable(error);
  }
}

const unavailable = (cause: unknown): Unavailable =>
  new Unavailable('The key table cannot be read at the moment.', 2, cause);
