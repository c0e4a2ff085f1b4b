/** Items of the notices table: a notice, the latest one of a key, and the switches. */
import * as z from 'zod/mini';
import { type MailSwitches, mailSwitches } from '../../domain/mail-switches.ts';
import { type Delivery, rankBelow, rankOf } from '../../domain/notice.ts';
import type { Notice, StoredNotice } from '../../domain/ports.ts';
import type { Item } from './items.ts';
import { mailSwitchesKey, noticeKey, noticesIndexes, rowKey } from './keys.ts';

const keptSeconds = 90 * 86_400;

export const epochSeconds = (at: Date): number => Math.floor(at.getTime() / 1000);

export function noticeItem({ id, keyId, event, rev }: Notice, { state, at, reason }: Delivery) {
  return {
    notice_id: id,
    key_id: keyId,
    event,
    rev,
    state,
    rank: rankOf(state),
    at,
    ...(reason === undefined ? {} : { reason }),
    ttl: epochSeconds(new Date(at)) + keptSeconds,
  };
}

const stored = z.looseObject({
  notice_id: z.string(),
  key_id: z.string(),
  event: z.string(),
  // Absent in what an earlier release noted.
  rev: z.optional(z.number()),
  state: z.string(),
  at: z.string(),
  reason: z.optional(z.string()),
});

export function parseNotice(item: Item): StoredNotice {
  const { notice_id, key_id, event, rev = 0, state, at, reason = null } = stored.parse(item);
  return { id: notice_id, keyId: key_id, event, rev, state, at, reason };
}

export const switchesItem = (switches: MailSwitches): Item => ({
  ...switches,
  pk: mailSwitchesKey,
});

export function parseSwitches(item: Item): MailSwitches {
  const { pk: _key, ...switches } = item;
  return mailSwitches.parse(switches);
}

/** What only a notice that is being sent has. */
const { pk: parkedPk, sk: parkedSk } = noticesIndexes.parked;
const passing = ['reason', 'message_id', 'taken_until', 'due', parkedPk, parkedSk];

/** Takes the notice's own item to a state, unless it has gone as far by then. */
export function advanceNotice(notice: Notice, to: Delivery, more: Item = {}) {
  const set = { ...noticeItem(notice, to), ...more };
  const removed = passing.filter((name) => !Object.hasOwn(set, name));
  return {
    Key: { pk: noticeKey(notice.id) },
    UpdateExpression: `SET ${Object.keys(set)
      .map((name) => `#${name} = :${name}`)
      .join(', ')} REMOVE ${removed.map((name) => `#${name}`).join(', ')}`,
    ConditionExpression: 'attribute_not_exists(#rank) OR #rank < :below',
    ExpressionAttributeNames: Object.fromEntries(
      [...Object.keys(set), ...removed].map((name) => [`#${name}`, name]),
    ),
    ExpressionAttributeValues: {
      ...Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value])),
      ':below': rankBelow(to.state),
    },
  };
}

/** Shows it as the latest of its key, unless that is of a later write or has gone as far. */
export const showNotice = (notice: Notice, to: Delivery) => ({
  Item: { ...noticeItem(notice, to), pk: rowKey(notice.keyId) },
  ConditionExpression:
    'attribute_not_exists(#rev) OR #rev < :rev OR (#notice_id = :notice_id AND #rank < :below)',
  ExpressionAttributeNames: {
    '#rev': 'rev',
    '#notice_id': 'notice_id',
    '#rank': 'rank',
  },
  ExpressionAttributeValues: {
    ':rev': notice.rev,
    ':notice_id': notice.id,
    ':below': rankBelow(to.state),
  },
});
