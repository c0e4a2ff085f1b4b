/** The audit trail on DynamoDB. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { AuditRecord } from '../../domain/audit-record.ts';
import type { AuditTrail } from '../../domain/ports.ts';
import { tableLimit } from '../reader-limits.ts';
import { auditOrder, auditPartition, auditSort, rowKey } from './keys.ts';

export const auditTable = (client: DynamoDBDocumentClient, tableName: string): AuditTrail => ({
  async append(record: AuditRecord): Promise<void> {
    const { key_id, seq, at } = record;
    try {
      await client.send(
        new PutCommand({
          TableName: tableName,
          Item: {
            ...record,
            pk: rowKey(key_id),
            sk: auditSort(seq),
            time_pk: auditPartition(key_id),
            order_sk: auditOrder(at, key_id, seq),
          },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
        tableLimit(),
      );
    } catch (error) {
      // The stream delivers at least once: the record is there already. Another one in its place
      // would mean that two changes have one number, which must not pass in silence.
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      if (error.Item?.['digest']?.S !== record.digest) {
        throw new Error('The audit trail has another record of this number', { cause: error });
      }
    }
  },
});
