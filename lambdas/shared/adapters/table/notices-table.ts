/** Delivery states of mails on DynamoDB. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  PutCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import type { NoticeRef, Notices } from '../../domain/ports.ts';
import { tableLimit } from '../reader-limits.ts';
import { noticeKey, rowKey } from './keys.ts';

/**
 * For a sender that died between taking a notice and noting what became of it: all others give it
 * back or close it. Longer than a living sender takes, so that no two send at once, and over long
 * before the stream reader's retries are, so that the mail is not lost with the sender.
 */
const sendingSeconds = 15;
const keptSeconds = 90 * 86_400;

export function noticesTable(client: DynamoDBDocumentClient, tableName: string): Notices {
  return {
    async take(notice, now) {
      const seconds = epochSeconds(now);
      try {
        await client.send(
          new PutCommand({
            TableName: tableName,
            Item: {
              ...stateOf(notice, 'sending', now),
              pk: noticeKey(notice.id),
              taken_until: seconds + sendingSeconds,
            },
            // A sender that died between taking and sending loses the notice to the next one.
            ConditionExpression:
              'attribute_not_exists(pk) OR (#state = :sending AND taken_until < :now)',
            ExpressionAttributeNames: { '#state': 'state' },
            ExpressionAttributeValues: { ':sending': 'sending', ':now': seconds },
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
          tableLimit(),
        );
        return 'taken';
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return error.Item?.['state']?.S === 'sending' ? 'in-flight' : 'closed';
      }
    },
    markSent: (notice, messageId, now) =>
      close({ ...stateOf(notice, 'sent', now), message_id: messageId }, notice),
    markFailed: (notice, reason, now) =>
      close({ ...stateOf(notice, 'failed', now), reason }, notice),
    async giveBack(notice, now) {
      try {
        await client.send(
          new PutCommand({
            TableName: tableName,
            Item: { ...stateOf(notice, 'sending', now), pk: noticeKey(notice.id), taken_until: 0 },
            // A sender that was overtaken must not open again what the other one closed.
            ConditionExpression: '#state = :sending',
            ExpressionAttributeNames: { '#state': 'state' },
            ExpressionAttributeValues: { ':sending': 'sending' },
          }),
          tableLimit(),
        );
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    },
  };

  /** The notice's own item, and the latest one of its key, found without knowing the notice. */
  async function close(state: Record<string, unknown>, { id, keyId }: NoticeRef): Promise<void> {
    await client.send(
      new TransactWriteCommand({
        TransactItems: [noticeKey(id), rowKey(keyId)].map((pk) => ({
          Put: { TableName: tableName, Item: { ...state, pk } },
        })),
      }),
      tableLimit(),
    );
  }
}

const stateOf = ({ id, keyId, event }: NoticeRef, state: string, now: Date) => ({
  notice_id: id,
  key_id: keyId,
  event,
  state,
  at: now.toISOString(),
  ttl: epochSeconds(now) + keptSeconds,
});

const epochSeconds = (at: Date): number => Math.floor(at.getTime() / 1000);
