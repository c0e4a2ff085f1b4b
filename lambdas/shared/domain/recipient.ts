import { Denied, InvalidField } from './errors.ts';
import { type Caller, isAdmin } from './roles.ts';
import type { MailSettings } from './settings.ts';

/** A plain mailbox: printable ASCII, one `@`, a dot in the domain, no quoting or comments. */
const address = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/;
const maxLength = 254;

export const isAddress = (text: string): boolean => text.length <= maxLength && address.test(text);

/**
 * Refuses an e-mail address that is malformed, outside the allowed domains, or, for an ordinary
 * caller, somebody else's.
 */
export function checkUserEmail(email: string, caller: Caller, mail: MailSettings): void {
  if (!isAddress(email))
    throw new InvalidField('user_email', 'user_email is not an e-mail address.');
  const ownAddresses = [caller.row.key.user_email, caller.userId];
  if (!isAdmin(caller) && !ownAddresses.includes(email)) {
    throw new Denied('Only a proxy admin may set somebody else as user_email.', 'user_email');
  }
  if (mail.alerting) checkDomain(email, 'user_email', mail.domains);
}

/**
 * Who gets the mails about a key: its `user_email`, else its `user_id` where that is an address.
 * Throws `InvalidField` that says what to set when no mail could go out.
 */
export function recipientOf(
  email: string | null,
  userId: string | null,
  mail: MailSettings,
): string {
  if (!mail.alerting) {
    throw new InvalidField(
      'send_invite_email',
      'E-mail is switched off in this environment: leave send_invite_email out, or have alerting switched on.',
    );
  }
  if (email !== null) return email;
  if (userId === null || !isAddress(userId)) {
    throw new InvalidField(
      'send_invite_email',
      'No recipient is known: set user_email, or use an e-mail address as user_id.',
    );
  }
  checkDomain(userId, 'user_id', mail.domains);
  return userId;
}

/** The same for a mail that nobody asked for: null where none could go out. */
export function knownRecipient(
  email: string | null,
  userId: string | null,
  { alerting, domains }: MailSettings,
): string | null {
  const to = email ?? userId;
  // One address: an imported row, or one of an earlier release, may have a list in its place.
  return alerting && to !== null && isAddress(to) && isAllowed(to, domains) ? to : null;
}

function isAllowed(email: string, domains: readonly string[]): boolean {
  const domain = email.slice(email.lastIndexOf('@') + 1).toLowerCase();
  return domains.includes('*') || domains.some((allowed) => allowed.toLowerCase() === domain);
}

function checkDomain(email: string, param: string, domains: readonly string[]): void {
  if (isAllowed(email, domains)) return;
  throw new InvalidField(
    param,
    `${param} has a domain that may not receive mail; allowed: ${domains.join(', ') || 'none'}.`,
  );
}
