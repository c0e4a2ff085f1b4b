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
  type BatchGetCommandInput,
  type DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type {
  CommitOutcome,
  KeyTable,
  KeyWrite,
  Loaded,
  TargetRef,
  Wanted,
} from '../../domain/ports.ts';
import { isBug } from '../aws-error.ts';
import { answered, unavailable } from './answered.ts';
import {
  claimLinkItem,
  type Item,
  keyIdBehind,
  leaseItem,
  parseLease,
  parseRecord,
  parseRow,
  pointerItem,
  recordItem,
  rowItem,
} from './items.ts';
import {
  keysIndexes,
  leaseKey,
  pointerKey,
  rowKey,
  tableAttributes,
  userPartition,
} from './keys.ts';

/** Items of one BatchGetItem call. */
const maxBatch = 100;

/**
 * @param recordsTable the table of idempotency records; null for an operation that keeps none
 * @param noticesTable that of notices; null for an operation that uses no claim link up
 */
export function keyTable(
  client: DynamoDBDocumentClient,
  tableName: string,
  recordsTable: string | null = null,
  noticesTable: string | null = null,
): KeyTable {
  return { load, commit, countLiveKeys };

  async function load(wanted: Wanted, limitMs: number): Promise<Loaded> {
    const { caller, target, targets = [], alias, recordIdOf } = wanted;
    const recordOf = (keyId: string) => recordIdOf?.(keyId);
    const callersKeyId = caller !== undefined && 'keyId' in caller ? caller.keyId : null;
    const refs = [caller, target, ...targets].filter((ref) => ref !== undefined);
    const first = await readItems(
      [...refs.map(keyOfRef), ...(alias === undefined ? [] : [leaseKey(alias)])],
      callersKeyId === null ? undefined : recordOf(callersKeyId),
      limitMs,
    );
    const behind = (ref: TargetRef): string | null => {
      const item = first.items.get(keyOfRef(ref));
      return item === undefined ? null : keyIdBehind(item);
    };
    const callerBehind = caller === undefined ? null : behind(caller);
    const followed = await readItems(
      refs.flatMap((ref) => {
        const keyId = behind(ref);
        return keyId === null || first.items.has(rowKey(keyId)) ? [] : [rowKey(keyId)];
      }),
      callerBehind === null ? undefined : recordOf(callerBehind),
      limitMs,
    );
    const items = new Map([...first.items, ...followed.items]);
    const lease = alias === undefined ? undefined : items.get(leaseKey(alias));
    const record = first.record ?? followed.record;
    return {
      caller: rowOf(caller, items),
      target: rowOf(target, items),
      targets: targets.map((ref) => rowOf(ref, items)),
      alias: lease === undefined ? null : parseLease(lease),
      record: record === null ? null : parseRecord(record),
    };
  }

  /** All reads, a hundred items at a time; the record goes with the first. */
  async function readItems(
    keys: readonly string[],
    recordId: string | undefined,
    limitMs: number,
  ): Promise<{ items: Map<string, Item>; record: Item | null }> {
    const wanted = [...new Set(keys)];
    const room = recordId === undefined ? maxBatch : maxBatch - 1;
    const batches = [wanted.slice(0, room)];
    for (let from = room; from < wanted.length; from += maxBatch) {
      batches.push(wanted.slice(from, from + maxBatch));
    }
    const read = await Promise.all(
      batches.map((batch, index) => readBatch(batch, index === 0 ? recordId : undefined, limitMs)),
    );
    return {
      items: new Map(read.flatMap(({ items }) => [...items])),
      record: read[0]?.record ?? null,
    };
  }

  /** Strongly consistent: a revocation counts for every check that starts after it. */
  async function readBatch(
    keys: readonly string[],
    recordId: string | undefined,
    limitMs: number,
  ): Promise<{ items: Map<string, Item>; record: Item | null }> {
    const Keys = keys.map((pk) => ({ pk }));
    const RequestItems: BatchGetCommandInput['RequestItems'] = {
      ...(Keys.length === 0 ? {} : { [tableName]: { Keys, ConsistentRead: true } }),
      ...(recordId === undefined
        ? {}
        : { [recordsName()]: { Keys: [{ pk: recordId }], ConsistentRead: true } }),
    };
    if (Object.keys(RequestItems).length === 0) return { items: new Map(), record: null };
    const answer = await answered(limitMs, (abortSignal) =>
      client.send(new BatchGetCommand({ RequestItems }), { abortSignal }),
    );
    if (Object.keys(answer.UnprocessedKeys ?? {}).length > 0) throw unavailable(null);
    const items = answer.Responses?.[tableName] ?? [];
    return {
      items: new Map(items.map((item) => [String(item['pk']), item])),
      record: recordId === undefined ? null : (answer.Responses?.[recordsName()]?.[0] ?? null),
    };
  }

  function recordsName(): string {
    if (recordsTable === null)
      throw new Error('This operation has no table of idempotency records');
    return recordsTable;
  }

  async function commit(
    writes: readonly KeyWrite[],
    token: string,
    limitMs: number,
  ): Promise<CommitOutcome> {
    if (limitMs <= 0) return { kind: 'unanswered' };
    const options = { abortSignal: AbortSignal.timeout(limitMs) };
    const actions = writes.map(actionOf);
    const [only] = actions;
    try {
      if (actions.length === 1 && only?.Put !== undefined) {
        await client.send(new PutCommand(only.Put), options);
      } else {
        const input = { TransactItems: actions, ClientRequestToken: token };
        await client.send(new TransactWriteCommand(input), options);
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

  function actionOf(write: KeyWrite): Action {
    const put = (Item: Item, condition: Condition): Action => ({
      Put: { TableName: tableName, Item, ...condition },
    });
    switch (write.kind) {
      case 'create-row':
        return put(rowItem(write.row), isNew);
      case 'create-pointer':
        return put(pointerItem(write.pointer), isNew);
      case 'replace-row':
        return put(rowItem(write.row), isAsRead(write.row.rev - 1));
      case 'put-lease':
        return put(
          leaseItem(write.lease),
          write.lease.rev === 1 ? isNew : isAsRead(write.lease.rev - 1),
        );
      case 'free-lease':
        return {
          Update: {
            TableName: tableName,
            Key: { pk: leaseKey(write.alias) },
            ...freed(write),
          },
        };
      case 'expire-pointer':
        return { Put: { TableName: tableName, Item: pointerItem(write.pointer) } };
      case 'delete-pointer':
        return { Delete: { TableName: tableName, Key: { pk: pointerKey(write.hash) } } };
      case 'create-record':
        return {
          Put: { TableName: recordsName(), Item: recordItem(write.record), ...isNewBy(write.now) },
        };
      case 'delete-record':
        return { Delete: { TableName: recordsName(), Key: { pk: write.id } } };
      case 'replace-claim-link': {
        if (noticesTable === null) throw new Error('This operation has no table of notices');
        const { link } = write;
        const Item = claimLinkItem(link);
        return { Put: { TableName: noticesTable, Item, ...isAsRead(link.rev - 1) } };
      }
    }
  }
}

type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
}

const isNew: Condition = { ConditionExpression: 'attribute_not_exists(pk)' };

const isAsRead = (rev: number): Condition => ({
  ConditionExpression: '#rev = :rev',
  ExpressionAttributeNames: { '#rev': 'rev' },
  ExpressionAttributeValues: { ':rev': rev },
});

/** An expired record may still be there: its time to live removes it late. */
const isNewBy = (now: Date): Condition => ({
  ConditionExpression: 'attribute_not_exists(pk) OR #ttl <= :now',
  ExpressionAttributeNames: { '#ttl': tableAttributes.ttl },
  ExpressionAttributeValues: { ':now': Math.floor(now.getTime() / 1000) },
});

/** Sets only what changes: whoever frees a lease need not have read it. */
function freed({ keyId, deletedAt, stores }: Extract<KeyWrite, { kind: 'free-lease' }>) {
  const told = Object.entries({ deletedAt: deletedAt ?? undefined, stores }).filter(
    ([, value]) => value !== undefined,
  );
  const { pk, sk } = keysIndexes.byCreated;
  return {
    UpdateExpression: `SET #state = :free, #rev = #rev + :one${told.map(([name]) => `, #${name} = :${name}`).join('')} REMOVE #pk, #sk`,
    ConditionExpression: '#keyId = :keyId AND #state = :held',
    ExpressionAttributeNames: {
      ...Object.fromEntries(['state', 'rev', 'keyId'].map((name) => [`#${name}`, name])),
      ...Object.fromEntries(told.map(([name]) => [`#${name}`, name])),
      '#pk': pk,
      '#sk': sk,
    },
    ExpressionAttributeValues: {
      ':free': 'free',
      ':held': 'held',
      ':keyId': keyId,
      ':one': 1,
      ...Object.fromEntries(told.map(([name, value]) => [`:${name}`, value])),
    },
  };
}

function keyOfRef(ref: TargetRef): string {
  if ('keyId' in ref) return rowKey(ref.keyId);
  return 'hash' in ref ? pointerKey(ref.hash) : leaseKey(ref.alias);
}

function rowOf(ref: TargetRef | undefined, items: ReadonlyMap<string, Item>) {
  if (ref === undefined) return null;
  const found = items.get(keyOfRef(ref));
  if (found === undefined) return null;
  const behind = 'keyId' in ref ? null : keyIdBehind(found);
  const row = 'keyId' in ref ? found : behind === null ? undefined : items.get(rowKey(behind));
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
