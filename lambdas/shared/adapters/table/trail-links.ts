/** Reads the links of a key's audit records, and nothing else of them. */
import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod/mini';
import type { TrailLinks } from '../../domain/ports.ts';
import { rowKey } from './keys.ts';

const number = z.number();
/** No reason to fail: a record that lacks its chain is what the comparison is to find. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export const trailLinks = (client: DynamoDBDocumentClient, tableName: string): TrailLinks => ({
  async newestFirst(keyId, cursor, count, limitMs) {
    const pk = rowKey(keyId);
    const { Items = [], LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': pk },
        // AT is a reserved word.
        ProjectionExpression: 'seq, #at, digest, chain, previous_chain',
        ExpressionAttributeNames: { '#at': 'at' },
        ScanIndexForward: false,
        Limit: count,
        ...(cursor === null ? {} : { ExclusiveStartKey: { pk, sk: cursor } }),
      }),
      { abortSignal: AbortSignal.timeout(limitMs) },
    );
    return {
      links: Items.map(({ seq, at, digest, chain, previous_chain }) => ({
        seq: number.parse(seq),
        at: textOf(at),
        digest: textOf(digest),
        chain: textOf(chain),
        previous_chain: textOf(previous_chain),
      })),
      next: LastEvaluatedKey === undefined ? null : String(LastEvaluatedKey['sk']),
    };
  },
});
