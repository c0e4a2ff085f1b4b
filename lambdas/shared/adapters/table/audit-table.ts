/** The audit trail on DynamoDB. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { AuditRecord } from '../../domain/audit-record.ts';
import type { AuditTrail } from '../../domain/ports.ts';
import { tableLimit } from '../reader-limits.ts';
import type { Item } from './items.ts';
import { auditOrder, auditPartition, auditSort, rowKey } from './keys.ts';

/** A record with the attributes that place it. */
export const auditItem = (record: AuditRecord): Item => ({
  ...record,
  pk: rowKey(record.key_id),
  sk: auditSort(record.seq),
  time_pk: auditPartition(record.key_id),
  order_sk: auditOrder(record.at, record.key_id, record.seq),
});

export const auditTable = (client: DynamoDBDocumentClient, tableName: string): AuditTrail => ({
  async append(record: AuditRecord): Promise<void> {
    try {
      await client.send(
        new PutCommand({
          TableName: tableName,
          Item: auditItem(record),
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
