import type { KeyRow, Notify } from './key-row.ts';

/** The mails that this release knows; one of a newer release is left to that one's reader. */
export const mailEvents = [
  'key_created',
  'key_rotated',
  'key_expiring',
  'key_deleted',
  'key_blocked',
  'budget_alert',
  'claim_link',
  'claim_reused',
  'mail_bounced',
] as const;
export type KeyMailEvent = (typeof mailEvents)[number];

/** A mail that a write of the row makes due. */
export interface DueNotice {
  /** The intent's id, else the event's, or the reminder's: the same for every delivery of the same write. */
  readonly id: string;
  readonly event: KeyMailEvent;
  readonly notify: Notify;
  readonly row: KeyRow;
}

/**
 * The mail that is due on a write of the row, or null. It goes out with the write that completes a
 * change, not with the one that opens it: else it would announce what is undone a second later. Only
 * the end of a birth has no event of its own; any other step that ends without one was taken back. A
 * change that is complete with its event, such as a deletion, waits for no step that is open beside it.
 */
export function dueNoticeOf(before: KeyRow | null, after: KeyRow): DueNotice | null {
  const open = before?.intent ?? null;
  const hasEvent = before?.seq !== after.seq;
  if (!hasEvent && open === null && after.intent === null) return reminderOf(before, after);
  const isClosed = open !== null && after.intent === null;
  const isDone = isClosed && after.status === 'active' && (open.kind === 'generate' || hasEvent);
  const ofStep = isDone ? notice(open, after) : null;
  if (ofStep !== null) return ofStep;
  // Nobody has been told of a key whose birth is not complete, or was taken back.
  const isUnborn = !isDone && [open, after.intent].some((step) => step?.kind === 'generate');
  return hasEvent && !isUnborn ? notice(after.event, after) : null;
}

function reminderOf(before: KeyRow | null, after: KeyRow): DueNotice | null {
  const { reminder } = after;
  if (reminder === undefined || reminder.id === before?.reminder?.id) return null;
  const { id, to, ...more } = reminder;
  return to === null ? null : notice({ id, notify: { ...more, to } }, after);
}

function notice(
  { id, notify }: { readonly id: string; readonly notify: Notify | null },
  row: KeyRow,
): DueNotice | null {
  const event = mailEvents.find((known) => known === notify?.event);
  return notify === null || event === undefined ? null : { id, event, notify, row };
}
