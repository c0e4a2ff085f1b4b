/** Sends a notice that was taken, and notes what became of it. */
import type { DueNotice } from '../shared/domain/due-notice.ts';
import { isSwitchedOff } from '../shared/domain/mail-switches.ts';
import type { Mail, Mailer, MailOutcome, Notice, Notices } from '../shared/domain/ports.ts';
import { isAddress } from '../shared/domain/recipient.ts';

export interface Sending {
  readonly notices: Notices;
  readonly mailer: Mailer;
  readonly now: () => Date;
  /** Told what became of every mail, and why it did not go out, for logs and metrics. */
  readonly onOutcome?: (notice: Notice, outcome: NoticeOutcome, reason?: string) => void;
}

/**
 * - `sent`: SES has taken it
 * - `rejected`: it never will
 * - `parked`: it will once the quota has room
 * - `barred`: none will before a person steps in
 * - `put-off`: it is tried again
 */
export type NoticeOutcome = 'sent' | 'rejected' | 'parked' | 'barred' | 'put-off';

/** `done`: nothing is left to do; `later`: it is still taken, and to be tried again. */
export type Sent =
  | { readonly kind: 'done' | 'parked' }
  | { readonly kind: 'later'; readonly reason: string };

/**
 * SES counts the last 24 hours anew with every mail, so there may be room before the day is over.
 * https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html
 */
const parkedMinutes = 30;

/** Whether a mail of this event is to be sent at all is decided now, not when it became due. */
export async function sendNotice(
  { notices, mailer, now, onOutcome = () => undefined }: Sending,
  notice: Notice,
  due: DueNotice,
  render: (due: DueNotice) => Promise<Mail>,
  isOff: boolean,
): Promise<Sent> {
  if (isOff) {
    await notices.markSwitchedOff(notice, now());
    return { kind: 'done' };
  }
  // Of what was stored by an earlier release, or by hand: SES would take a list apart.
  if (!isAddress(due.notify.to)) {
    await notices.markFailed(notice, 'NoAddress', now());
    onOutcome(notice, 'rejected', 'NoAddress');
    return { kind: 'done' };
  }
  const outcome = await mailer.send(await render(due));
  const { kind } = outcome;
  switch (kind) {
    case 'sent':
      onOutcome(notice, kind);
      await notices.markSent(notice, outcome.messageId, now());
      return { kind: 'done' };
    case 'rejected':
      await notices.markFailed(notice, outcome.reason, now());
      onOutcome(notice, kind, outcome.reason);
      return { kind: 'done' };
    case 'over-quota':
      await park(notices, notice, due, { minutes: parkedMinutes, reason: outcome.reason }, now());
      onOutcome(notice, 'parked', outcome.reason);
      return { kind: 'parked' };
    case 'barred':
    case 'refused':
    case 'unanswered': {
      // Unanswered it may be sent all the same: SES has no token that would tell. Better twice than never.
      const reason = reasonOf(outcome);
      onOutcome(notice, kind === 'barred' ? kind : 'put-off', reason);
      return { kind: 'later', reason };
    }
  }
}

const reasonOf = (outcome: MailOutcome): string =>
  'reason' in outcome ? outcome.reason : 'Unanswered';

/** The row is read when it is sent: by then it may tell more, or that the key is gone. */
export function park(
  notices: Notices,
  notice: Notice,
  { row: _row, ...due }: DueNotice,
  { minutes, reason }: { readonly minutes: number; readonly reason: string },
  now: Date,
): Promise<void> {
  const until = new Date(now.getTime() + minutes * 60_000);
  return notices.park(notice, { due: JSON.stringify(due), until, reason }, now);
}

/** Read before a notice is taken, so that a silent table leaves it as it is. */
export async function readIsOff(notices: Notices, event: string): Promise<boolean> {
  return isSwitchedOff(await notices.readSwitches(), event);
}
