import type { KeyRow, Notify } from './key-row.ts';

/** The mails that this release knows; one of a newer release is left to that one's reader. */
const events = ['key_created', 'key_rotated', 'claim_link', 'claim_reused'] as const;
export type KeyMailEvent = (typeof events)[number];

/** A mail that a write of the row makes due. */
export interface DueNotice {
  /** The intent's id, else the event's: the same for every delivery of the same write. */
  readonly id: string;
  readonly event: KeyMailEvent;
  readonly notify: Notify;
  readonly row: KeyRow;
}

/**
 * The mail that is due on a write of the row, or null. It goes out with the write that completes a
 * change, not with the one that opens it: else it would announce what is undone a second later. Only
 * the end of a birth has no event of its own; any other step that ends without one was taken back.
 */
export function dueNoticeOf(before: KeyRow | null, after: KeyRow): DueNotice | null {
  if (after.intent !== null) return null;
  const closed = before?.intent ?? null;
  const hasEvent = before?.seq !== after.seq;
  if (closed === null) return hasEvent ? notice(after.event, after) : null;
  const isDone = after.status === 'active' && (closed.kind === 'generate' || hasEvent);
  return isDone ? notice(closed, after) : null;
}

function notice(
  { id, notify }: { readonly id: string; readonly notify: Notify | null },
  row: KeyRow,
): DueNotice | null {
  const event = events.find((known) => known === notify?.event);
  return notify === null || event === undefined ? null : { id, event, notify, row };
}
