/**
 * Reads the keys table's stream and mails the owner about what was done to a key. A mail goes out at
 * least once; twice only where SES took the first one and this function did not learn or note it.
 */
import { documentClient, sesClient } from '../shared/adapters/clients.ts';
import { secureRandom } from '../shared/adapters/randomness.ts';
import { type RowChange, rowStreamHandler } from '../shared/adapters/row-stream.ts';
import { sesMailer } from '../shared/adapters/ses-mailer.ts';
import { claimLinks } from '../shared/adapters/table/claim-links.ts';
import { noticesTable } from '../shared/adapters/table/notices-table.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { dueNoticeOf } from '../shared/domain/due-notice.ts';
import type { ClaimLinks, Mailer, Notices } from '../shared/domain/ports.ts';
import type { Settings } from '../shared/domain/settings.ts';
import { hasLink, keyMail } from './key-mail.ts';

export interface EmailDeps {
  readonly notices: Notices;
  readonly claimLinks: ClaimLinks;
  readonly mailer: Mailer;
  readonly settings: Settings;
  readonly now: () => Date;
}

export const emailKeyChange =
  (wire: () => EmailDeps) =>
  async ({ before, after }: RowChange): Promise<void> => {
    const due = dueNoticeOf(before, after);
    if (due === null) return;
    const { notices, claimLinks: links, mailer, settings, now } = wire();
    const notice = { id: due.id, keyId: after.keyId, event: due.notify.event };
    const state = await notices.take(notice, now());
    if (state === 'closed') return;
    if (state === 'in-flight') throw new Error('Another sender may be at this notice');
    const link = hasLink(due.event) ? await links.issue(notice, due.row, now()) : null;
    const outcome = await mailer.send(keyMail(due, due.event, settings, link));
    switch (outcome.kind) {
      case 'sent':
        return notices.markSent(notice, outcome.messageId, now());
      case 'rejected':
        return notices.markFailed(notice, outcome.reason, now());
      case 'refused':
      case 'unanswered':
        // Unanswered it may be sent all the same: SES has no token that would tell. Better twice than never.
        await notices.giveBack(notice, now());
        throw new Error(
          outcome.kind === 'refused'
            ? `SES refused the mail: ${outcome.reason}`
            : 'SES did not answer',
        );
    }
  };

export const handler = rowStreamHandler(
  'email-key-change',
  emailKeyChange(() => {
    const settings = readSettings();
    if (settings.mail.from === null) throw new Error('No from address is set');
    const { NOTICES_TABLE } = readConfig('NOTICES_TABLE');
    return {
      notices: noticesTable(documentClient, NOTICES_TABLE),
      claimLinks: claimLinks(documentClient, NOTICES_TABLE, settings, secureRandom),
      mailer: sesMailer(sesClient, settings.mail.from, settings.mail.configurationSet),
      settings,
      now: () => new Date(),
    };
  }),
);
