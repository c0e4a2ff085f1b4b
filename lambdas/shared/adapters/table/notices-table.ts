/** Delivery states of mails on DynamoDB. */
import { setTimeout as wait } from 'node:timers/promises';
import {
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { type Delivery, isShownWithKey } from '../../domain/notice.ts';
import type {
  Deliveries,
  Notice,
  Notices,
  ParkedNotice,
  ParkedNotices,
} from '../../domain/ports.ts';
import { tableLimit } from '../reader-limits.ts';
import type { Item } from './items.ts';
import { mailSwitchesKey, noticeKey, noticesIndexes, parkedPartition, parkedSort } from './keys.ts';
import {
  advanceNotice,
  epochSeconds,
  noticeItem,
  parseNotice,
  parseSwitches,
  showNotice,
} from './notice-items.ts';

/**
 * For a sender that died between taking a notice and noting what became of it: all others give it
 * back or close it. Longer than a living sender takes, so that no two send at once, and over long
 * before the stream reader's retries are, so that the mail is not lost with the sender.
 */
const sendingSeconds = 20;

/** SES tells of a mail while its sender notes it: the transaction of one of both is tried again. */
const maxTries = 5;
const pauseMs = 40;

export function noticesTable(
  client: DynamoDBDocumentClient,
  tableName: string,
): Notices & ParkedNotices & Deliveries {
  return {
    async take(notice, now) {
      const seconds = epochSeconds(now);
      try {
        await client.send(
          new PutCommand({
            TableName: tableName,
            Item: {
              ...noticeItem(notice, { state: 'sending', at: now.toISOString() }),
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
    async giveBack(notice, reason, now) {
      await note(notice, { state: 'sending', at: now.toISOString(), reason }, { taken_until: 0 });
    },
    async park(notice, { due, until, reason }, now) {
      const { pk, sk } = noticesIndexes.parked;
      const place = { due, [pk]: parkedPartition, [sk]: parkedSort(until, notice.id) };
      await note(notice, { state: 'parked', at: now.toISOString(), reason }, place);
    },
    async markSent(notice, messageId, now) {
      await note(notice, { state: 'sent', at: now.toISOString() }, { message_id: messageId });
    },
    async markFailed(notice, reason, now) {
      await note(notice, { state: 'failed', at: now.toISOString(), reason });
    },
    async markSwitchedOff(notice, now) {
      await note(notice, { state: 'switched_off', at: now.toISOString() });
    },
    async readSwitches() {
      const item = await get(mailSwitchesKey);
      return item === undefined ? null : parseSwitches(item);
    },
    findParked,
    takeParked,
    async find(noticeId) {
      const item = await get(noticeKey(noticeId));
      return item === undefined ? null : parseNotice(item);
    },
    advance: (notice, to, messageId) => note(notice, to, { message_id: messageId }),
  };

  async function get(pk: string): Promise<Item | undefined> {
    const { Item } = await client.send(
      new GetCommand({ TableName: tableName, Key: { pk }, ConsistentRead: true }),
      tableLimit(),
    );
    return Item;
  }

  /** The notice's own item, and the latest one of its key, found without knowing the notice. */
  async function note(notice: Notice, to: Delivery, more: Item = {}): Promise<'noted' | 'behind'> {
    const own = { Update: { TableName: tableName, ...advanceNotice(notice, to, more) } };
    const latest = { Put: { TableName: tableName, ...showNotice(notice, to) } };
    const limit = tableLimit();
    let items: (typeof own | typeof latest)[] = isShownWithKey(notice.event)
      ? [own, latest]
      : [own];
    for (let tries = 1; ; tries += 1) {
      try {
        await client.send(new TransactWriteCommand({ TransactItems: items }), limit);
        return 'noted';
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error;
        const [ofOwn, ofLatest] = (error.CancellationReasons ?? []).map(({ Code }) => Code);
        if (ofOwn === 'ConditionalCheckFailed') return 'behind';
        // A later mail of the key is shown already.
        if (ofLatest === 'ConditionalCheckFailed') items = [own];
        else if (tries === maxTries) throw error;
        await wait(pauseMs * tries);
      }
    }
  }

  async function findParked(by: Date, count: number): Promise<string[]> {
    const { name, pk, sk } = noticesIndexes.parked;
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName: tableName,
        IndexName: name,
        KeyConditionExpression: '#pk = :pk AND #sk <= :bound',
        ExpressionAttributeNames: { '#pk': pk, '#sk': sk },
        ExpressionAttributeValues: { ':pk': parkedPartition, ':bound': parkedSort(by, '~') },
        Limit: count,
      }),
      tableLimit(),
    );
    return Items.map((item) => String(item['pk']).slice(noticeKey('').length));
  }

  async function takeParked(id: string, now: Date): Promise<ParkedNotice | null> {
    const seconds = epochSeconds(now);
    const { pk, sk } = noticesIndexes.parked;
    const until = new Date((seconds + sendingSeconds + 1) * 1000);
    try {
      const { Attributes = {} } = await client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: { pk: noticeKey(id) },
          // It stays among the parked ones, so that it is found again should this sender die.
          UpdateExpression: 'SET #state = :sending, taken_until = :until, #sk = :sort',
          ConditionExpression:
            'attribute_exists(#pk) AND (#state = :parked OR (#state = :sending AND taken_until < :now))',
          ExpressionAttributeNames: { '#state': 'state', '#pk': pk, '#sk': sk },
          ExpressionAttributeValues: {
            ':sending': 'sending',
            ':parked': 'parked',
            ':until': seconds + sendingSeconds,
            ':now': seconds,
            ':sort': parkedSort(until, id),
          },
          ReturnValues: 'ALL_NEW',
        }),
        tableLimit(),
      );
      return { notice: parseNotice(Attributes), due: String(Attributes['due']) };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return null;
    }
  }
}
