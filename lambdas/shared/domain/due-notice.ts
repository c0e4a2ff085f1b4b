import type { KeyRow, Notify } from './key-row.ts';

/** The mails that this release knows; one of a newer release is left to that one's reader. */
const events = ['key_created'];

/** A mail that a write of the row makes due. */
export interface DueNotice {
  /** The intent's id, else the event's: the same for every delivery of the same write. */
  readonly id: string;
  readonly notify: Notify;
  readonly row: KeyRow;
}

/**
 * The mail that is due on a write of the row, or null. It goes out with the write that completes a
 * change, not with the one that opens it: else it would announce a key that is undone a second later.
 */
export function dueNoticeOf(before: KeyRow | null, after: KeyRow): DueNotice | null {
  if (after.intent !== null) return null;
  const closed = before?.intent ?? null;
  if (closed !== null) return after.status === 'active' ? notice(closed, after) : null;
  return before?.seq === after.seq ? null : notice(after.event, after);
}

function notice(
  { id, notify }: { readonly id: string; readonly notify: Notify | null },
  row: KeyRow,
): DueNotice | null {
  return notify !== null && events.includes(notify.event) ? { id, notify, row } : null;
}
