/**
 * When the owner of a key is reminded that it expires. A row keeps the last reminder only: of several
 * that have passed, as after an outage or a move of the expiry, the nearest to it goes out and the
 * others never do.
 */
import type { KeyRow, Reminder } from './key-row.ts';
import { knownRecipient } from './recipient.ts';
import type { MailSettings } from './settings.ts';

/** Days before the expiry, the first one first. */
const thresholds = [30, 14, 7, 1] as const;
const dayMs = 86_400_000;

interface Threshold {
  readonly days: number;
  readonly at: string;
}

/** When the next reminder is due, or null. It need not have a recipient. */
export const reminderAt = (row: KeyRow): string | null => ahead(row)[0]?.at ?? null;

export function isReminderDue(row: KeyRow, now: Date): boolean {
  const at = reminderAt(row);
  return at !== null && at <= now.toISOString();
}

/**
 * The reminder that is due, or null. `to` is null where nobody is to be told: mail is off, no recipient
 * is known, or the key has expired. It is noted all the same, so that the row wants no look any more.
 */
export function dueReminder(row: KeyRow, now: Date, mail: MailSettings): Reminder | null {
  const at = now.toISOString();
  const passed = ahead(row).filter((threshold) => threshold.at <= at);
  const nearest = passed.at(-1);
  if (nearest === undefined || row.expires === null) return null;
  const { keyId, expires, key } = row;
  const { days } = nearest;
  const to = knownRecipient(key.user_email ?? null, key.user_id ?? null, mail);
  return {
    // The same for every try, and for every copy of the scheduled function.
    id: `expiring-${keyId}-${Date.parse(expires)}-${days}`,
    event: 'key_expiring',
    to: expires > at ? to : null,
    days,
    expires,
    at,
  };
}

/** Those not noted yet, in time. One that a key was not yet there for, its birth told of as well. */
function ahead({ status, blocked, expires, intent, reminder, key }: KeyRow): Threshold[] {
  if (status !== 'active' || blocked || expires === null || intent !== null) return [];
  const noted = reminder?.expires === expires ? reminder.days : Infinity;
  return thresholds
    .filter((days) => days < noted)
    .map((days) => ({ days, at: new Date(Date.parse(expires) - days * dayMs).toISOString() }))
    .filter(({ at }) => at > key.created_at);
}
