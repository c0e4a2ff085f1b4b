/**
 * What the keys' table does in the notices table, in its own reads and transactions. Apart, so that a
 * function without business there does not carry it.
 */
import type { MailSwitches } from '../../domain/mail-switches.ts';
import type { KeyWrite, StoredNotice } from '../../domain/ports.ts';
import { claimLinkItem, type Item } from './items.ts';
import type { Action } from './key-table.ts';
import { mailSwitchesKey } from './keys.ts';
import {
  advanceNotice,
  parseNotice,
  parseSwitches,
  showNotice,
  switchesItem,
} from './notice-items.ts';

type NoticeWrite = Extract<
  KeyWrite,
  { readonly kind: 'advance-notice' | 'show-notice' | 'put-mail-switches' | 'replace-claim-link' }
>;

export interface NoticesPart {
  readonly tableName: string;
  readonly switchesKey: string;
  readonly actionOf: (write: NoticeWrite) => Action;
  readonly parseNotice: (item: Item) => StoredNotice;
  readonly parseSwitches: (item: Item) => MailSwitches;
}

export const noticesPart = (tableName: string): NoticesPart => ({
  tableName,
  switchesKey: mailSwitchesKey,
  parseNotice,
  parseSwitches,
  actionOf(write) {
    switch (write.kind) {
      case 'advance-notice': {
        const { ConditionExpression, ...update } = advanceNotice(write.notice, write.to);
        // It was found before; should its time to live have come since, it stays away.
        const isThere = `attribute_exists(pk) AND (${ConditionExpression})`;
        return { Update: { TableName: tableName, ...update, ConditionExpression: isThere } };
      }
      case 'show-notice':
        return { Put: { TableName: tableName, ...showNotice(write.notice, write.to) } };
      case 'put-mail-switches': {
        const { rev } = write.switches;
        const condition =
          rev === 1 ? { ConditionExpression: 'attribute_not_exists(pk)' } : isAsRead(rev - 1);
        return { Put: { TableName: tableName, Item: switchesItem(write.switches), ...condition } };
      }
      case 'replace-claim-link': {
        const { link } = write;
        return {
          Put: { TableName: tableName, Item: claimLinkItem(link), ...isAsRead(link.rev - 1) },
        };
      }
    }
  },
});

const isAsRead = (rev: number) => ({
  ConditionExpression: '#rev = :rev',
  ExpressionAttributeNames: { '#rev': 'rev' },
  ExpressionAttributeValues: { ':rev': rev },
});
