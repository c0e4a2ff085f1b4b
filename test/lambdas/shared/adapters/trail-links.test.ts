import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, it } from 'vitest';
import { dueRows } from '../../../../lambdas/shared/adapters/table/due-rows.ts';
import { trailLinks } from '../../../../lambdas/shared/adapters/table/trail-links.ts';
import { type Canned, cannedAws } from '../../fixtures/canned-aws.ts';

async function clientThat(answer: Canned) {
  const { config, asked } = await cannedAws(answer);
  return { client: DynamoDBDocumentClient.from(new DynamoDBClient(config)), asked };
}

it('a page of links asks for no more of a record than the chain, from the newest down', async () => {
  const item = { seq: { N: '7' }, at: { S: 'then' }, digest: { S: 'd' }, chain: { N: '1' } };
  const body = { Items: [item], LastEvaluatedKey: { pk: { S: 'KEY#k' }, sk: { S: '007' } } };
  const { client, asked } = await clientThat({ status: 200, body });
  expect(await trailLinks(client, 'audit').newestFirst('k', '008', 1, 1000)).toEqual({
    links: [{ seq: 7, at: 'then', digest: 'd', chain: '', previous_chain: '' }],
    next: '007',
  });
  expect(asked[0]?.body).toEqual({
    TableName: 'audit',
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: 'KEY#k' } },
    ProjectionExpression: 'seq, #at, digest, chain, previous_chain',
    ExpressionAttributeNames: { '#at': 'at' },
    ScanIndexForward: false,
    Limit: 1,
    ExclusiveStartKey: { pk: { S: 'KEY#k' }, sk: { S: '008' } },
  });
});

it('a page of links that never comes is given up within its limit', async () => {
  const { client } = await clientThat('hangs');
  await expect(trailLinks(client, 'audit').newestFirst('k', null, 1, 50)).rejects.toThrow();
});

it('a sweep that an earlier release noted never had the audit off', async () => {
  const noted = { cursor: { NULL: true }, startedAt: { S: 'then' } };
  const { client } = await clientThat({ status: 200, body: { Item: noted } });
  expect(await dueRows(client, 'keys').readSweep(1000)).toEqual({
    cursor: null,
    startedAt: 'then',
    isAuditOff: false,
    auditedSince: null,
  });
});
