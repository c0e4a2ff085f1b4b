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
import { linkExpiry } from '../shared/domain/claim-link.ts';
import { type DueNotice, dueNoticeOf, type KeyMailEvent } from '../shared/domain/due-notice.ts';
import type { ClaimLinks, Mailer, Notices } from '../shared/domain/ports.ts';
import { isAddress } from '../shared/domain/recipient.ts';
import type { Settings } from '../shared/domain/settings.ts';
import { type ClaimLink, keyMail } from './key-mail.ts';

export interface EmailDeps {
  readonly notices: Notices;
  readonly mailer: Mailer;
  readonly claimLinks: ClaimLinks;
  readonly settings: Settings;
  readonly now: () => Date;
}

export const emailKeyChange =
  (wire: () => EmailDeps) =>
  async ({ before, after }: RowChange): Promise<void> => {
    const due = dueNoticeOf(before, after);
    if (due === null) return;
    const { notices, mailer, claimLinks: links, settings, now } = wire();
    const notice = { id: due.id, keyId: after.keyId, event: due.notify.event };
    const state = await notices.take(notice, now());
    if (state === 'closed') return;
    if (state === 'in-flight') throw new Error('Another sender may be at this notice');
    // Of what was stored by an earlier release, or by hand: SES would take a list apart.
    if (!isAddress(due.notify.to)) return notices.markFailed(notice, 'NoAddress', now());
    const claim = await claimOf(links, due, settings, now());
    const outcome = await mailer.send(keyMail(due, claim, settings));
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

const withLink: ReadonlySet<KeyMailEvent> = new Set(['key_created', 'key_rotated', 'claim_link']);

/** Made anew with each try: the last mail that goes out has the link that works. */
async function claimOf(
  links: ClaimLinks,
  { id, event, row }: DueNotice,
  settings: Settings,
  now: Date,
): Promise<ClaimLink | null> {
  if (!withLink.has(event)) return null;
  const url = await links.issue({ id, keyId: row.keyId, event }, row, now);
  return url === null ? null : { url, until: linkExpiry(settings, now) };
}

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
