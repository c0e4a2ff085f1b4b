/** The trail of one key from a number on, as it is stored. */
import { type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { auditSort, rowKey } from '../../lambdas/shared/adapters/table/keys.ts';
import { recordOf } from '../audit/export-trail.ts';
import { fromDynamo } from '../local/from-dynamo.ts';

export interface KeyTrail {
  /** The records in their order; strongly consistent. Throws where they cannot be had. */
  from(keyId: string, seq: number): Promise<readonly object[]>;
}

export const keyTrail = (client: DynamoDBClient, TableName: string): KeyTrail => ({
  async from(keyId, seq) {
    const found: object[] = [];
    const query = {
      TableName,
      ConsistentRead: true,
      KeyConditionExpression: 'pk = :pk AND sk >= :from',
      ExpressionAttributeValues: marshall({ ':pk': rowKey(keyId), ':from': auditSort(seq) }),
    };
    for await (const { Items = [] } of paginateQuery({ client }, query)) {
      // Not by the document client, which makes BigInts of large numbers.
      found.push(...Items.map((item) => recordOf(fromDynamo(item))));
    }
    return found;
  },
});
