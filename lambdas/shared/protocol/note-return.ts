/** A mail that came back: noted, and recorded as an event of its key, in one transaction. */
import type { Deadline } from '../domain/deadline.ts';
import { Unavailable } from '../domain/errors.ts';
import type { Notify } from '../domain/key-row.ts';
import { type Delivery, isShownWithKey } from '../domain/notice.ts';
import type { KeyWrite, Notice } from '../domain/ports.ts';
import { bySystem } from '../domain/system-event.ts';
import { commit, outpaced, refusedOf, type TableStores } from './commit.ts';

export interface ReturnedMail {
  readonly notice: Notice;
  readonly to: Delivery;
  readonly recipient: string;
  readonly requestId: string;
}

/** How often the row is read anew because somebody else wrote in between. */
const maxDecisions = 5;

/**
 * Takes the notice to its end and writes `mail_bounced` on the key, both or neither: so however often
 * and in whatever order it is told, a mail comes back once. `behind` where that was noted before;
 * `no-key` where the row is gone, and nothing is written. Throws where it must be told again.
 */
export async function noteReturn(
  { table, random, now, settings }: TableStores,
  { notice, to, recipient, requestId }: ReturnedMail,
  deadline: Deadline,
): Promise<'noted' | 'behind' | 'no-key'> {
  const notify = notifyOf(notice, { to, recipient, contact: settings.mail.backupContact });
  for (let decision = 1; decision <= maxDecisions; decision += 1) {
    const { target: row, notice: latest } = await table.load(
      { target: { keyId: notice.keyId }, notice: true },
      deadline.tableLimitMs(),
    );
    if (row === null) return 'no-key';
    // No mail goes out with a write that leaves a step open: it would be lost.
    if (row.intent !== null && notify !== null) {
      throw new Unavailable('A change of the key is under way.', 60);
    }
    const next = { ...row, rev: row.rev + 1 };
    const isLatest = latest === null || latest.id === notice.id || latest.rev < notice.rev;
    const writes: KeyWrite[] = [
      {
        kind: 'replace-row',
        row: bySystem(row, next, 'mail_bounced', requestId, now(), random, notify),
      },
      { kind: 'advance-notice', notice, to },
      ...(isLatest && isShownWithKey(notice.event)
        ? [{ kind: 'show-notice', notice, to } as const]
        : []),
    ];
    const outcome = await commit(table, writes, random.uuid(), deadline);
    if (outcome.kind === 'committed') return 'noted';
    if (outcome.kind === 'throttled' || outcome.kind === 'unanswered') {
      throw new Unavailable('The key table did not take the event.', 60);
    }
    if (refusedOf(outcome, writes).includes('advance-notice')) return 'behind';
  }
  throw outpaced();
}

/** To the backup contact; but a mail to that one which comes back would only send the next. */
function notifyOf(
  { event }: Notice,
  { to, recipient, contact }: { to: Delivery; recipient: string; contact: string | null },
): Notify | null {
  if (contact === null || event === 'mail_bounced') return null;
  const { state, reason } = to;
  // A complaint comes from somebody who did get the mail.
  const why = [
    ...(state === 'complained' ? ['called spam'] : []),
    ...(reason === undefined ? [] : [reason]),
  ];
  return { event: 'mail_bounced', to: contact, address: recipient, reason: why.join(', ') };
}
