/**
 * When a row next wants a scheduled function, and which: the sparse `due` index is made of it. It only
 * finds rows; no condition is ever on it.
 */
import { dueAt, type KeyRow } from './key-row.ts';
import { reminderAt } from './reminder.ts';

export interface Due {
  readonly at: string;
  readonly work: 'repair' | 'rotation' | 'reminder';
}

/** The earliest of them; an open step is the repairs' until it is closed. */
export function dueOf(row: KeyRow): Due | null {
  const times = {
    repair: dueAt(row),
    rotation: row.intent === null ? rotationAt(row) : null,
    reminder: reminderAt(row),
  };
  let earliest: Due | null = null;
  for (const work of ['repair', 'rotation', 'reminder'] as const) {
    const at = times[work];
    if (at !== null && (earliest === null || at < earliest.at)) earliest = { at, work };
  }
  return earliest;
}

/**
 * When a key is to be rotated by itself, or null. A key without a secret never is, for nobody would
 * learn its value; nor one that will have expired by then. A grace period that was promised ends first:
 * there is room for one former value only.
 */
export function rotationAt({
  status,
  secretName,
  expires,
  key,
  prev,
  rotateNotBefore = '',
}: KeyRow): string | null {
  const { auto_rotate, key_rotation_at = '' } = key;
  const isScheduled = status === 'active' && secretName !== null && auto_rotate;
  if (!isScheduled || key_rotation_at === '') return null;
  const until = prev?.until ?? '';
  const wanted = key_rotation_at > until ? key_rotation_at : until;
  const at = wanted > rotateNotBefore ? wanted : rotateNotBefore;
  return expires === null || at < expires ? at : null;
}

export function isRotationDue(row: KeyRow, now: Date): boolean {
  const at = rotationAt(row);
  return at !== null && at <= now.toISOString();
}
