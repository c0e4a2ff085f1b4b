import type { KeyRow, Notify } from './key-row.ts';

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
  if (closed !== null) {
    if (after.status !== 'active' || closed.notify === null) return null;
    return { id: closed.id, notify: closed.notify, row: after };
  }
  if (before?.seq === after.seq || after.event.notify === null) return null;
  return { id: after.event.id, notify: after.event.notify, row: after };
}
