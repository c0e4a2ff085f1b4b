/**
 * The audit trail as an operator may change it: parts of records are erased, and nothing else. No
 * function of the API has this adapter, or the right that it takes.
 */
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { auditSort, rowKey } from '../../lambdas/shared/adapters/table/keys.ts';
import { type SaltedPart, saltedParts } from '../../lambdas/shared/domain/audit-chain.ts';
import type { AuditPlace, AuditRecord } from '../../lambdas/shared/domain/audit-record.ts';
import { auditScan } from '../audit/audited-tables.ts';
import { recordOf } from '../audit/export-trail.ts';

export interface ErasableTrail {
  /** All records as they are stored, a page at a time; strongly consistent. */
  pages(): AsyncIterable<readonly object[]>;
  /** Whether a record is there; strongly consistent. */
  has(place: AuditPlace): Promise<boolean>;
  /** Writes the record without the parts that it has lost, over the record as it was read; false where that is another by now. */
  redact(before: AuditRecord, after: AuditRecord): Promise<boolean>;
}

export const erasableTrail = (client: DynamoDBClient, table: string): ErasableTrail => ({
  async *pages() {
    for await (const items of auditScan(client, table)()) yield items.map(recordOf);
  },
  async has({ keyId, seq }) {
    const { Item } = await client.send(
      new GetItemCommand({
        TableName: table,
        Key: keyOf(keyId, seq),
        ConsistentRead: true,
        ProjectionExpression: 'pk',
      }),
    );
    return Item !== undefined;
  },
  async redact(before, after) {
    try {
      // Only what is erased is written: the rest stays as it is, to the last digit of a number.
      await client.send(new UpdateItemCommand({ TableName: table, ...redaction(before, after) }));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  },
});

const keyOf = (keyId: string, seq: number) => marshall({ pk: rowKey(keyId), sk: auditSort(seq) });

function redaction(before: AuditRecord, after: AuditRecord) {
  const erased = saltedParts.filter((part) => before.salts[part] !== after.salts[part]);
  const set = {
    ...Object.fromEntries(erased.map((part) => [part, after[part]])),
    salts: after.salts,
    redacted: after.redacted,
    changed_by: after.changed_by,
  };
  const salt = (part: SaltedPart) => `#salts.#${part} = :salt_${part}`;
  const names = new Set([...Object.keys(set), ...saltedParts, 'digest']);
  return {
    Key: keyOf(before.key_id, before.seq),
    UpdateExpression: `SET ${Object.keys(set)
      .map((name) => `#${name} = :${name}`)
      .join(', ')}`,
    ConditionExpression: ['#digest = :digest', ...saltedParts.map(salt)].join(' AND '),
    ExpressionAttributeNames: Object.fromEntries([...names].map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: marshall({
      ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
      ...Object.fromEntries(saltedParts.map((part) => [`:salt_${part}`, before.salts[part]])),
      ':digest': before.digest,
    }),
  };
}
