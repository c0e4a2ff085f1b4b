import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { readerLimits, recordMs } from '../../../../lambdas/shared/adapters/reader-limits.ts';
import { auditTable } from '../../../../lambdas/shared/adapters/table/audit-table.ts';
import { noticesTable } from '../../../../lambdas/shared/adapters/table/notices-table.ts';
import { auditRecordOf } from '../../../../lambdas/shared/domain/audit-record.ts';
import { type Canned, cannedAws, refusal } from '../../fixtures/canned-aws.ts';
import { now, rowWith } from '../../fixtures/rows.ts';

async function clientThat(...answers: Canned[]) {
  const { config, asked } = await cannedAws(...answers);
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(config), {
    marshallOptions: { removeUndefinedValues: true },
  });
  return { client, asked };
}

/** A table that never answers, to a client that tries as often and as long as the deployed one. */
async function silentClient() {
  const { config } = await cannedAws('hangs', 'hangs', 'hangs');
  const requestHandler = { requestTimeout: 2000, throwOnRequestTimeout: true };
  const client = new DynamoDBClient({ ...config, maxAttempts: 3, requestHandler });
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

const cancelled = (...codes: string[]) =>
  refusal('TransactionCanceledException', 400, {
    CancellationReasons: codes.map((Code) => ({ Code })),
  });
const taken = (Item?: object) => refusal('ConditionalCheckFailedException', 400, { Item });

describe('the audit table', () => {
  const record = auditRecordOf(null, rowWith());
  if (record === null) throw new Error('No record');

  it('takes a record once, under key id and number', async () => {
    const { client, asked } = await clientThat();
    await auditTable(client, 'audit').append(record);
    expect(asked).toMatchObject([
      {
        target: 'PutItem',
        body: {
          ConditionExpression: 'attribute_not_exists(pk)',
          Item: {
            pk: { S: `KEY#${record.key_id}` },
            sk: { S: '000000000001' },
            order_sk: { S: `${record.at}#${record.key_id}#000000000001` },
          },
        },
      },
    ]);
  });

  it('is content where the record is there already', async () => {
    const { client } = await clientThat(taken({ digest: { S: record['digest'] } }));
    await expect(auditTable(client, 'audit').append(record)).resolves.toBeUndefined();
  });

  it('fails where another change has the record of this number', async () => {
    const { client } = await clientThat(taken({ digest: { S: 'f'.repeat(64) } }));
    await expect(auditTable(client, 'audit').append(record)).rejects.toThrow(/another record/);
  });

  it.each([
    refusal('ThrottlingException'),
    refusal('AccessDeniedException'),
    refusal('InternalServerError', 500),
  ])(
    'fails where it could not be written, so that the stream delivers again: %o',
    async (answer) => {
      const { client } = await clientThat(answer);
      await expect(auditTable(client, 'audit').append(record)).rejects.toThrow();
    },
  );
});

describe('the notices table', () => {
  const notice = { id: 'n', keyId: 'k', event: 'key_created', rev: 2 };

  it.each([
    ['taken', { status: 200, body: {} }],
    ['in-flight', taken({ state: { S: 'sending' } })],
    ['closed', taken({ state: { S: 'sent' } })],
    ['closed', taken({ state: { S: 'failed' } })],
  ] as const)('says %s', async (state, answer) => {
    const { client } = await clientThat(answer);
    expect(await noticesTable(client, 'notices').take(notice, now)).toBe(state);
  });

  it('keeps a notice for its sender longer than a living one takes', async () => {
    const { client, asked } = await clientThat();
    await noticesTable(client, 'notices').take(notice, now);
    const seconds = Number(asked[0]?.body.Item.taken_until.N) - now.getTime() / 1000;
    expect(seconds).toBe(20);
    expect(seconds * 1000).toBeGreaterThan(recordMs);
  });

  it('fails where it cannot be asked', async () => {
    const { client } = await clientThat(refusal('ThrottlingException'));
    await expect(noticesTable(client, 'notices').take(notice, now)).rejects.toThrow();
  });

  it('gives back only what is still being sent, and is content where it no longer is', async () => {
    const { client, asked } = await clientThat(cancelled('ConditionalCheckFailed', 'None'));
    await noticesTable(client, 'notices').giveBack(notice, 'Throttling', now);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.body.TransactItems[0]).toMatchObject({
      Update: {
        Key: { pk: { S: 'NOTICE#n' } },
        ConditionExpression: 'attribute_not_exists(#rank) OR #rank < :below',
        ExpressionAttributeValues: { ':below': { N: '1' }, ':taken_until': { N: '0' } },
      },
    });
  });

  it('notes a sent mail under the notice and under its key', async () => {
    const { client, asked } = await clientThat();
    await noticesTable(client, 'notices').markSent(notice, 'm-1', now);
    const [{ body } = { body: {} }] = asked;
    expect(body.TransactItems).toMatchObject([
      {
        Update: {
          Key: { pk: { S: 'NOTICE#n' } },
          ExpressionAttributeValues: { ':state': { S: 'sent' }, ':message_id': { S: 'm-1' } },
        },
      },
      { Put: { Item: { pk: { S: 'KEY#k' }, state: { S: 'sent' } } } },
    ]);
  });

  it('notes under the notice alone where a later mail of the key is shown', async () => {
    const { client, asked } = await clientThat(cancelled('None', 'ConditionalCheckFailed'));
    await noticesTable(client, 'notices').markSent(notice, 'm-1', now);
    expect(asked.map(({ body }) => body.TransactItems.length)).toEqual([2, 1]);
  });

  it('tries again where SES tells of the mail at the same time', async () => {
    const { client, asked } = await clientThat(
      cancelled('TransactionConflict', 'None'),
      cancelled('TransactionConflict', 'None'),
    );
    await noticesTable(client, 'notices').markSent(notice, 'm-1', now);
    expect(asked).toHaveLength(3);
  });
});

it('a table that never answers: each call is given up within its limit', async () => {
  const notice = { id: 'n', keyId: 'k', event: 'key_created', rev: 2 };
  const record = auditRecordOf(null, rowWith());
  if (record === null) throw new Error('No record');
  const calls: ((client: DynamoDBDocumentClient) => Promise<unknown>)[] = [
    (client) => auditTable(client, 'audit').append(record),
    (client) => noticesTable(client, 'notices').take(notice, now),
    (client) => noticesTable(client, 'notices').giveBack(notice, 'no', now),
    (client) => noticesTable(client, 'notices').markSent(notice, 'm-1', now),
    (client) => noticesTable(client, 'notices').markFailed(notice, 'no', now),
    (client) => noticesTable(client, 'notices').readSwitches(),
    (client) => noticesTable(client, 'notices').findParked(now, 1),
    (client) => noticesTable(client, 'notices').takeParked('n', now),
  ];
  const times = calls.map(async (call) => {
    const client = await silentClient();
    const begun = performance.now();
    await expect(call(client)).rejects.toThrow();
    return performance.now() - begun;
  });
  for (const ms of await Promise.all(times)) {
    expect(ms).toBeGreaterThan(readerLimits.tableMs - 100);
    expect(ms).toBeLessThan(readerLimits.tableMs + 1000);
  }
});
