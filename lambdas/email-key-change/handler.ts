/**
 * Reads the keys table's stream and mails the owner about what was done to a key. A mail goes out at
 * least once; twice only where SES took the first one and this function did not learn or note it.
 * On its schedule it sends what had to be parked.
 */
import type { Context, DynamoDBStreamEvent, ScheduledEvent } from 'aws-lambda';
import { documentClient, sesClient } from '../shared/adapters/clients.ts';
import { describe, log } from '../shared/adapters/log.ts';
import { metricsOf } from '../shared/adapters/metrics.ts';
import { secureRandom } from '../shared/adapters/randomness.ts';
import { parkedMs } from '../shared/adapters/reader-limits.ts';
import { type RowChange, rowStreamHandler } from '../shared/adapters/row-stream.ts';
import { withRunLine } from '../shared/adapters/run-line.ts';
import { sesMailer } from '../shared/adapters/ses-mailer.ts';
import { claimLinks } from '../shared/adapters/table/claim-links.ts';
import { keyRowOf } from '../shared/adapters/table/key-row-of.ts';
import { noticesTable } from '../shared/adapters/table/notices-table.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { linkExpiry } from '../shared/domain/claim-link.ts';
import { type DueNotice, dueNoticeOf, type KeyMailEvent } from '../shared/domain/due-notice.ts';
import type { ClaimLinks, Mail, Mailer, Notice, Notices } from '../shared/domain/ports.ts';
import type { Settings } from '../shared/domain/settings.ts';
import { type ClaimLink, keyMail } from './key-mail.ts';
import { type NoticeOutcome, readIsOff, type Sending, sendNotice } from './send-notice.ts';
import { sendParked } from './send-parked.ts';

export interface EmailDeps {
  readonly notices: Notices;
  readonly mailer: Mailer;
  readonly claimLinks: ClaimLinks;
  readonly settings: Settings;
  readonly now: () => Date;
  /** Told what became of every mail. */
  readonly onOutcome?: NonNullable<Sending['onOutcome']>;
}

const operation = 'email-key-change';
const withLink: ReadonlySet<KeyMailEvent> = new Set(['key_created', 'key_rotated', 'claim_link']);

export const mailOf = async (deps: EmailDeps, due: DueNotice): Promise<Mail> =>
  keyMail(due, withLink.has(due.event) ? await claimOf(deps, due) : null, deps.settings);

/** Made anew with each try: the last mail that goes out has the link that works. */
async function claimOf(
  { claimLinks: links, settings, now }: EmailDeps,
  { id, event, row }: DueNotice,
): Promise<ClaimLink | null> {
  const at = now();
  const url = await links.issue({ id, keyId: row.keyId, event }, row, at);
  return url === null ? null : { url, until: linkExpiry(settings, at) };
}

export const emailKeyChange =
  (wire: () => EmailDeps) =>
  async ({ before, after }: RowChange): Promise<void> => {
    const due = dueNoticeOf(before, after);
    if (due === null) return;
    const deps = wire();
    const { notices, now } = deps;
    const notice = { id: due.id, keyId: after.keyId, event: due.notify.event, rev: after.rev };
    const isOff = await readIsOff(notices, notice.event);
    const state = await notices.take(notice, now());
    if (state === 'closed') return;
    if (state === 'in-flight') throw new Error('Another sender may be at this notice');
    const sent = await sendNotice(deps, notice, due, (given) => mailOf(deps, given), isOff);
    if (sent.kind !== 'later') return;
    await notices.giveBack(notice, sent.reason, now());
    throw new Error(`SES did not take the mail: ${sent.reason}`);
  };

const wire = () => {
  const settings = readSettings();
  if (settings.mail.from === null) throw new Error('No from address is set');
  const { NOTICES_TABLE } = readConfig('NOTICES_TABLE');
  return {
    notices: noticesTable(documentClient, NOTICES_TABLE),
    claimLinks: claimLinks(documentClient, NOTICES_TABLE, settings, secureRandom),
    mailer: sesMailer(sesClient, settings.mail.from, settings.mail.configurationSet),
    settings,
    now: () => new Date(),
    onOutcome: (notice: Notice, outcome: NoticeOutcome, reason?: string) =>
      logOutcome(settings, notice, outcome, reason),
  };
};

const metrics: Readonly<Record<NoticeOutcome, string>> = {
  sent: 'MailsSent',
  rejected: 'MailsRejected',
  parked: 'MailsParked',
  barred: 'MailsBarred',
  'put-off': 'MailsPutOff',
};

/** One line per mail; the runbook looks for them by their message. */
export const logOutcome = (
  { environment }: Settings,
  { id, keyId }: Notice,
  outcome: NoticeOutcome,
  reason?: string,
) =>
  log(
    ['sent', 'put-off'].includes(outcome) ? 'info' : 'error',
    `mail ${outcome}`,
    {
      operation,
      key_id: keyId,
      notice_id: id,
      ...(reason === undefined ? {} : { error: reason }),
    },
    metricsOf(environment, { [metrics[outcome]]: 1 }),
  );

const read = rowStreamHandler(operation, emailKeyChange(wire));

/** The stream's records, or a call of the schedule. */
export async function handler(event: DynamoDBStreamEvent | ScheduledEvent, context: Context) {
  if ('Records' in event) return read(event, context);
  const deps = wire();
  const { environment } = deps.settings;
  const { awsRequestId: requestId } = context;
  return withRunLine({ operation, environment, requestId }, () =>
    sendParked({
      ...deps,
      rowOf: keyRowOf(documentClient, readConfig('KEYS_TABLE').KEYS_TABLE),
      render: (due) => mailOf(deps, due),
      hasTime: () => context.getRemainingTimeInMillis() > parkedMs,
      onFailure: (id, error) =>
        log('error', 'parked mail failed', {
          operation,
          notice_id: id,
          error: describe(error),
        }),
    }),
  );
}
