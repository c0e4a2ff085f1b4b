import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { rowItem } from '../../../../lambdas/shared/adapters/table/items.ts';
import { keyTable } from '../../../../lambdas/shared/adapters/table/key-table.ts';
import { noticesPart } from '../../../../lambdas/shared/adapters/table/notices-part.ts';
import { Unavailable } from '../../../../lambdas/shared/domain/errors.ts';
import type { AliasLease } from '../../../../lambdas/shared/domain/key-row.ts';
import type { KeyWrite } from '../../../../lambdas/shared/domain/ports.ts';
import { type Canned, cannedAws, refusal } from '../../fixtures/canned-aws.ts';
import { now, rowWith } from '../../fixtures/rows.ts';

async function tableThat(...answers: Canned[]) {
  const { config, asked } = await cannedAws(...answers);
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(config), {
    marshallOptions: { removeUndefinedValues: true },
  });
  return { table: keyTable(client, 'keys', 'records', noticesPart('notices')), asked };
}

const row = rowWith();
const pointer = { hash: row.cur.hash, keyId: row.keyId };
const birth: KeyWrite[] = [
  { kind: 'create-row', row },
  { kind: 'create-pointer', pointer },
];
const settle: KeyWrite[] = [{ kind: 'replace-row', row: { ...row, rev: 2 } }];
const lease: AliasLease = {
  alias: 'alpha',
  state: 'held',
  keyId: row.keyId,
  secretName: 'litellm/alpha',
  secretArn: null,
  deletedAt: null,
  rev: 1,
};
const record = {
  id: 'record',
  requestHash: 'request',
  eventId: 'event',
  keyId: row.keyId,
  hash: row.cur.hash,
  answer: '{}',
  ttl: now.getTime() / 1000 + 60,
};
const token = '00000000-0000-4000-8000-000000000000';
const cancelled = (...codes: string[]) =>
  refusal('TransactionCanceledException', 400, {
    CancellationReasons: codes.map((Code) => ({ Code })),
  });
const met = 'None';
const failed = 'ConditionalCheckFailed';
const throughput = 'ProvisionedThroughputExceeded';

describe('a transaction', () => {
  it('carries its token and a condition on each item, in order', async () => {
    const { table, asked } = await tableThat();
    expect(await table.commit(birth, token, 1000)).toEqual({ kind: 'committed' });
    const [{ target, body } = { target: '', body: {} }] = asked;
    expect([target, body.ClientRequestToken]).toEqual(['TransactWriteItems', token]);
    const ConditionExpression = 'attribute_not_exists(pk)';
    expect(body.TransactItems).toMatchObject([
      { Put: { Item: { pk: { S: `KEY#${row.keyId}` } }, ConditionExpression } },
      { Put: { Item: { pk: { S: `TOKEN#${row.cur.hash}` } }, ConditionExpression } },
    ]);
  });

  it('of one item is a plain write under the revision that was read', async () => {
    const { table, asked } = await tableThat();
    await table.commit(settle, token, 1000);
    expect(asked).toMatchObject([
      { target: 'PutItem', body: { ExpressionAttributeValues: { ':rev': { N: '1' } } } },
    ]);
  });

  it('takes a lease where there is none, and later only as it was read', async () => {
    const { table, asked } = await tableThat({ status: 200, body: {} }, { status: 200, body: {} });
    await table.commit([{ kind: 'put-lease', lease }], token, 1000);
    await table.commit([{ kind: 'put-lease', lease: { ...lease, rev: 3 } }], token, 1000);
    expect(asked).toMatchObject([
      { body: { ConditionExpression: 'attribute_not_exists(pk)' } },
      {
        body: {
          ConditionExpression: '#rev = :rev',
          ExpressionAttributeNames: { '#rev': 'rev' },
          ExpressionAttributeValues: { ':rev': { N: '2' } },
        },
      },
    ]);
  });

  it('frees a lease only while its key holds it, and tells no more than it knows', async () => {
    const ok = { status: 200, body: {} };
    const { table, asked } = await tableThat(ok, ok);
    const free = { kind: 'free-lease', alias: 'alpha', keyId: row.keyId } as const;
    const deletedAt = now.toISOString();
    await table.commit([{ ...free, deletedAt: null, stores: undefined }], token, 1000);
    await table.commit([{ ...free, deletedAt, stores: { day: 'd', count: 2 } }], token, 1000);
    const updates = asked.map(({ body }) => body.TransactItems[0].Update);
    for (const update of updates) {
      expect(update).toMatchObject({
        Key: { pk: { S: 'ALIAS#alpha' } },
        ConditionExpression: '#keyId = :keyId AND #state = :held',
        ExpressionAttributeNames: { '#keyId': 'keyId', '#state': 'state' },
        ExpressionAttributeValues: { ':keyId': { S: row.keyId }, ':held': { S: 'held' } },
      });
    }
    expect(updates[0].UpdateExpression).not.toContain('deletedAt');
    expect(updates[1].ExpressionAttributeValues).toMatchObject({
      ':deletedAt': { S: deletedAt },
      ':stores': { M: { day: { S: 'd' }, count: { N: '2' } } },
    });
  });

  it('makes an idempotency record where there is none or an expired one', async () => {
    const { table, asked } = await tableThat();
    await table.commit([{ kind: 'create-record', record, now }], token, 1000);
    expect(asked[0]?.body).toMatchObject({
      TableName: 'records',
      ConditionExpression: 'attribute_not_exists(pk) OR #ttl <= :now',
      ExpressionAttributeNames: { '#ttl': 'ttl' },
      ExpressionAttributeValues: { ':now': { N: String(now.getTime() / 1000) } },
    });
  });

  it.each<[string, KeyWrite[], Canned, object]>([
    ['a taken key', birth, cancelled(met, failed), { kind: 'refused', failed: [1] }],
    ['both taken', birth, cancelled(failed, failed), { kind: 'refused', failed: [0, 1] }],
    [
      'taken and contended',
      birth,
      cancelled('TransactionConflict', failed),
      { kind: 'refused', failed: [1] },
    ],
    ['another transaction', birth, cancelled('TransactionConflict', met), { kind: 'contended' }],
    ['throttling inside', birth, cancelled(met, 'ThrottlingError'), { kind: 'throttled' }],
    ['too little throughput inside', birth, cancelled(throughput, met), { kind: 'throttled' }],
    [
      'an older revision',
      settle,
      refusal('ConditionalCheckFailedException'),
      { kind: 'refused', failed: [0] },
    ],
    [
      'a transaction on the row',
      settle,
      refusal('TransactionConflictException'),
      { kind: 'contended' },
    ],
    ['throttling', settle, refusal('ThrottlingException'), { kind: 'throttled' }],
    ['too little throughput', settle, refusal(`${throughput}Exception`), { kind: 'throttled' }],
    ['the account’s limit', settle, refusal('RequestLimitExceeded'), { kind: 'throttled' }],
    [
      'the same one, still running',
      birth,
      refusal('TransactionInProgressException'),
      { kind: 'unanswered' },
    ],
    ['a server error', birth, refusal('InternalServerError', 500), { kind: 'unanswered' }],
    ['an unavailable service', settle, refusal('Unavailable', 503), { kind: 'unanswered' }],
    ['silence', birth, 'hangs', { kind: 'unanswered' }],
    ['a broken connection', birth, 'breaks off', { kind: 'unanswered' }],
    ['half an answer', settle, 'is cut short', { kind: 'unanswered' }],
  ])('tells apart: %s', async (_, writes, answer, outcome) => {
    const { table } = await tableThat(answer);
    expect(await table.commit(writes, token, 300)).toEqual(outcome);
  });

  it.each([
    ['a missing permission', refusal('AccessDeniedException')],
    ['what the table does not take', refusal('ValidationException')],
    ['an invalid item inside', cancelled('ValidationError')],
    ['a token used for something else', refusal('IdempotentParameterMismatchException')],
  ])('fails as a bug over %s', async (_, answer) => {
    const { table } = await tableThat(answer);
    await expect(table.commit(birth, token, 1000)).rejects.not.toBeInstanceOf(Unavailable);
  });

  it('is not sent without time left, and counts as unanswered', async () => {
    const { table, asked } = await tableThat();
    expect(await table.commit(birth, token, 0)).toEqual({ kind: 'unanswered' });
    expect(asked).toEqual([]);
  });
});

const found = (...items: object[]): Canned => ({
  status: 200,
  body: {
    Responses: { keys: items.map((item) => marshall(item, { removeUndefinedValues: true })) },
  },
});

describe('a read', () => {
  const pointerItem = { ...pointer, pk: `TOKEN#${pointer.hash}` };
  const stored = rowItem(row);
  const inPart: Canned = {
    status: 200,
    body: { Responses: {}, UnprocessedKeys: { keys: { Keys: [{ pk: { S: 'x' } }] } } },
  };

  it('is strongly consistent and asks once for what is wanted twice', async () => {
    const { table, asked } = await tableThat(found(stored));
    const ref = { keyId: row.keyId };
    const loaded = await table.load({ caller: ref, target: ref, alias: 'free' }, 1000);
    expect(loaded).toMatchObject({ caller: { keyId: row.keyId }, target: { rev: 1 }, alias: null });
    expect(asked.map(({ target }) => target)).toEqual(['BatchGetItem']);
    expect(asked[0]?.body.RequestItems.keys).toEqual({
      ConsistentRead: true,
      Keys: [{ pk: { S: `KEY#${row.keyId}` } }, { pk: { S: 'ALIAS#free' } }],
    });
  });

  it('follows a hash to its key with one more call', async () => {
    const { table, asked } = await tableThat(found(pointerItem), found(stored));
    const { caller } = await table.load({ caller: { hash: row.cur.hash } }, 1000);
    expect(caller?.keyId).toBe(row.keyId);
    expect(asked).toHaveLength(2);
  });

  it('needs no second call where the key was read beside its hash', async () => {
    const { table, asked } = await tableThat(found(pointerItem, stored));
    const wanted = { caller: { keyId: row.keyId }, target: { hash: row.cur.hash } };
    expect((await table.load(wanted, 1000)).target?.keyId).toBe(row.keyId);
    expect(asked).toHaveLength(1);
  });

  it('finds nobody behind a hash whose key is gone', async () => {
    const { table } = await tableThat(found(pointerItem), found());
    expect((await table.load({ caller: { hash: row.cur.hash } }, 1000)).caller).toBeNull();
  });

  it.each<[string, Canned]>([
    ['throttled', refusal('ThrottlingException')],
    ['out of throughput', refusal(`${throughput}Exception`)],
    ['over the account’s limit', refusal('RequestLimitExceeded')],
    ['answered in part', inPart],
    ['met by a server error', refusal('InternalServerError', 500)],
    ['met by silence', 'hangs'],
    ['broken off', 'breaks off'],
    ['answered by half', 'is cut short'],
  ])('that is %s is unavailable, not "nobody"', async (_, answer) => {
    const { table } = await tableThat(answer);
    const reading = table.load({ caller: { keyId: row.keyId } }, 300);
    await expect(reading).rejects.toBeInstanceOf(Unavailable);
  });

  it('is unavailable too where the name of the service cannot be resolved', async () => {
    const { config } = await cannedAws();
    const client = new DynamoDBClient({ ...config, endpoint: 'http://nowhere.invalid' });
    const table = keyTable(DynamoDBDocumentClient.from(client), 'keys');
    const reading = table.load({ caller: { keyId: row.keyId } }, 2000);
    await expect(reading).rejects.toBeInstanceOf(Unavailable);
  });

  it('without permission is a bug', async () => {
    const { table } = await tableThat(refusal('AccessDeniedException'));
    const reading = table.load({ caller: { keyId: row.keyId } }, 1000);
    await expect(reading).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('counts the live keys of a user no further than asked', async () => {
    const { table, asked } = await tableThat({ status: 200, body: { Count: 7 } });
    expect(await table.countLiveKeys('ada', 25, 1000)).toBe(7);
    expect(asked[0]?.body).toMatchObject({
      IndexName: 'byUser',
      Select: 'COUNT',
      Limit: 25,
      ExpressionAttributeValues: { ':pk': { S: 'USER#live#ada' } },
    });
  });
});

describe('what became of a mail', () => {
  const { keyId } = row;

  it('is read in the one call that finds caller and target', async () => {
    const { table, asked } = await tableThat();
    await table.load({ caller: { keyId: 'c' }, target: { keyId }, notice: true }, 1000);
    expect(asked).toMatchObject([
      {
        target: 'BatchGetItem',
        body: {
          RequestItems: {
            keys: { Keys: [{ pk: { S: 'KEY#c' } }, { pk: { S: `KEY#${keyId}` } }] },
            notices: { Keys: [{ pk: { S: `KEY#${keyId}` } }], ConsistentRead: true },
          },
        },
      },
    ]);
  });

  it('is read with the row that a hash leads to, in no call more', async () => {
    const keys = [marshall({ ...pointer, pk: `TOKEN#${pointer.hash}` })];
    const { table, asked } = await tableThat({ status: 200, body: { Responses: { keys } } });
    await table.load(
      { caller: { keyId: 'c' }, target: { hash: pointer.hash }, notice: true },
      1000,
    );
    expect(asked.map(({ body }) => Object.keys(body.RequestItems))).toEqual([
      ['keys'],
      ['keys', 'notices'],
    ]);
  });

  it('is not asked for where nobody wants it', async () => {
    const { table, asked } = await tableThat();
    await table.load({ caller: { keyId: 'c' }, target: { keyId } }, 1000);
    expect(Object.keys(asked[0]?.body.RequestItems)).toEqual(['keys']);
  });
});
