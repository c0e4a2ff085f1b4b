/** Mails that nobody asks for: what an owner is told of a change of his key. */
import { passedMark } from './budget-mark.ts';
import type { KeyImage, KeyRow, Notify } from './key-row.ts';
import { knownRecipient } from './recipient.ts';
import type { MailSettings } from './settings.ts';

type Owner = Pick<KeyImage, 'user_email' | 'user_id'>;

/** Null where no mail could go out: that keeps nothing from being done. */
export function ownerNotice(
  { user_email, user_id }: Owner,
  mail: MailSettings,
  told: { readonly event: string; readonly percent?: number },
): Notify | null {
  const to = knownRecipient(user_email ?? null, user_id ?? null, mail);
  return to === null ? null : { ...told, to };
}

/**
 * The mail about a change of a key's settings, or null: that it is blocked now, or that its spend has
 * passed a mark of its budget. A key that was blocked before is no news, nor what a blocked one spends.
 */
export function changeNotice(
  before: Pick<KeyRow, 'blocked' | 'key'>,
  after: KeyImage,
  mail: MailSettings,
  now: Date,
): Notify | null {
  if (after.blocked === true) {
    return before.blocked ? null : ownerNotice(after, mail, { event: 'key_blocked' });
  }
  const percent = passedMark(before.key, after, now);
  return percent === null ? null : ownerNotice(after, mail, { event: 'budget_alert', percent });
}
