/**
 * Links by which the owner of a key is shown its value, once. What is stored of a link is the hash of
 * its token and the state; the token itself is in one mail and nowhere else.
 */
import * as z from 'zod/mini';
import { ClaimRefused, InvalidField } from './errors.ts';
import { type RandomBytes, randomBase62, sameHash, tokenHash } from './key-format.ts';
import { isExpired, type KeyRow } from './key-row.ts';
import { isAddress, knownRecipient } from './recipient.ts';
import { isMaster } from './roles.ts';
import type { Settings } from './settings.ts';

export const claimLink = z.looseObject({
  /** Id of the notice whose mail has the link. */
  notice_id: z.string(),
  key_id: z.string(),
  /** SHA-256 of the token. */
  token_hash: z.string(),
  /** Those of the tokens before it: a mail that was sent anew has a link of its own. */
  former: z.array(z.string()),
  /** Hash of the value that is shown: of no other value than the one the mail is about. */
  hash: z.string(),
  expires_at: z.string(),
  state: z.enum(['unused', 'used']),
  used_at: z.optional(z.string()),
  /** Id of the event `claimed` that used it. */
  used_by: z.optional(z.string()),
  /** How many uses after the first are in the audit. */
  reuses: z.number(),
  /** Counts writes of the link; it is written only as it was read. */
  rev: z.number(),
  /** Epoch seconds after which it is removed. */
  ttl: z.number(),
});
export type ClaimLink = z.infer<typeof claimLink>;

/**
 * Further uses of a link that are recorded and mailed. A scanner that opens it again and again, or
 * whoever got hold of a mail, must not fill the trail or the inbox of the owner.
 */
export const mostReuses = 3;

/** Tokens of one notice that are remembered, the latest ones: each stands for a mail that was tried. */
const mostFormer = 5;
/** So long a link tells what became of it. */
const toldSeconds = 90 * 86_400;

/** 160 random bits. */
const secretLength = 27;
const format = /^([0-9A-Za-z-]{1,64})\.[0-9A-Za-z]{27}$/;

export interface PresentedToken {
  readonly noticeId: string;
  readonly hash: string;
}

/** What a text can be that is presented as the token of a link; null for what can be none. */
export function presentedToken(text: string): PresentedToken | null {
  const noticeId = format.exec(text)?.[1];
  return noticeId === undefined ? null : { noticeId, hash: tokenHash(text) };
}

/**
 * Whether the environment has claim links: without mails, or without values to show, there are none,
 * and those that were sent before are of no use.
 */
export const hasClaimLinks = ({ storeVirtualKeys, mail }: Settings): boolean =>
  storeVirtualKeys && mail.alerting && mail.claimLinkHours > 0;

/** When a link that is made now expires. */
export const linkExpiry = ({ mail }: Settings, now: Date): string =>
  new Date(now.getTime() + mail.claimLinkHours * 3_600_000).toISOString();

/**
 * The link of a notice with its token, in the place of an unused earlier one; null where it could show
 * nothing, was used, or is not the one that its owner asked for last.
 */
export function nextLink(
  noticeId: string,
  row: KeyRow,
  earlier: ClaimLink | null,
  settings: Settings,
  now: Date,
  random: RandomBytes,
): { readonly link: ClaimLink; readonly token: string } | null {
  const { keyId, status, secretName, cur } = row;
  const isShowable = status === 'active' && secretName !== null && cur.ver !== null;
  if (!hasClaimLinks(settings) || !isShowable || isMaster(keyId)) return null;
  if (earlier?.state === 'used' || isReplaced(row, noticeId)) return null;
  const token = `${noticeId}.${randomBase62(secretLength, random)}`;
  const expires_at = linkExpiry(settings, now);
  const link = {
    notice_id: noticeId,
    key_id: keyId,
    token_hash: tokenHash(token),
    former: earlier === null ? [] : [...earlier.former, earlier.token_hash].slice(-mostFormer),
    hash: cur.hash,
    expires_at,
    state: 'unused' as const,
    reuses: 0,
    rev: (earlier?.rev ?? 0) + 1,
    ttl: Math.floor(Date.parse(expires_at) / 1000) + toldSeconds,
  };
  return { link, token };
}

/**
 * Whether a link has this token, or had it; null where it never did. Who presents no such token is told
 * nothing of the link, not even that it is there.
 */
export function standingOf(link: ClaimLink | null, hash: string): 'current' | 'former' | null {
  if (link === null) return null;
  if (sameHash(link.token_hash, hash)) return 'current';
  return link.former.some((earlier) => sameHash(earlier, hash)) ? 'former' : null;
}

/** Whether the owner has asked for another link to the same value since. */
const isReplaced = ({ claimLink: asked, cur }: KeyRow, noticeId: string): boolean =>
  asked !== undefined && asked.hash === cur.hash && asked.notice !== noticeId;

const anew = 'Ask for a new link, or ask your administrator for help.';

/** Whether presenting the token is one use too many. */
export const isUsed = ({ state }: ClaimLink, standing: 'current' | 'former'): boolean =>
  state === 'used' && standing === 'current';

/** Why a link of the right token shows nothing now, as it is told to its holder; null where it does. */
export function refusalOf(
  link: ClaimLink,
  standing: 'current' | 'former',
  row: KeyRow | null,
  settings: Settings,
  now: Date,
): ClaimRefused | null {
  if (row === null || row.status === 'deleted') {
    return new ClaimRefused(
      'gone',
      'key_deleted',
      'This key has been deleted since, so there is nothing left to show. Ask your administrator for a new key.',
    );
  }
  if (isUsed(link, standing)) {
    return new ClaimRefused(
      'gone',
      'claim_link_used',
      'This link has been used: it shows the key once. If that was you and the key is lost, ask for a new link. If it was not you, tell your administrator at once and have the key regenerated.',
    );
  }
  if (standing === 'former' || isReplaced(row, link.notice_id)) {
    return new ClaimRefused(
      'gone',
      'claim_link_replaced',
      'A newer link to this key has been asked for or mailed since. Use the one in the latest mail.',
    );
  }
  if (!hasClaimLinks(settings)) {
    return new ClaimRefused(
      'gone',
      'claim_links_off',
      'Links to keys have been switched off here. Ask your administrator for the key.',
    );
  }
  if (row.cur.hash !== link.hash || row.secretName === null || row.cur.ver === null) {
    return new ClaimRefused(
      'gone',
      'key_rotated',
      'This key has been given a new value since, and the one of this link is out of use. Use the link in the mail about the new value, or ask for a new link.',
    );
  }
  if (link.expires_at <= now.toISOString()) {
    return new ClaimRefused('gone', 'claim_link_expired', `This link has expired. ${anew}`);
  }
  if (row.blocked) {
    return new ClaimRefused(
      'denied',
      'key_blocked',
      'This key is blocked at the moment, so it is not shown. The link is still good: ask your administrator to unblock the key, and open it again before it expires.',
    );
  }
  if (isExpired(row, now)) {
    return new ClaimRefused(
      'gone',
      'key_expired',
      'This key has expired and is let in no longer, so it is not shown. Ask your administrator for a new key.',
    );
  }
  return null;
}

/** The value could not be read after the link was used up. */
export const lostOnTheWay = (cause: Error): ClaimRefused =>
  new ClaimRefused(
    'gone',
    'claim_link_used',
    `The key could not be read, and nobody was shown it, but the link is used up now. ${anew}`,
    cause,
  );

/** The one answer to what is no token of a link, whatever is wrong with it. */
export const unknownLink = (): ClaimRefused =>
  new ClaimRefused(
    'missing',
    'not_found_error',
    'This is no link of ours. Open the whole link from the mail, or ask for a new one.',
  );

/**
 * Who is mailed a new link: the key's `user_email`, else its `user_id` where that is an address. Throws
 * `InvalidField` that says what to set where no link could be mailed or could show anything.
 */
export function linkRecipient(row: KeyRow, settings: Settings, now: Date): string {
  const reason = reasonAgainst(row, settings, now);
  if (reason !== null) throw new InvalidField('key', reason);
  const { user_email = null, user_id = null } = row.key;
  const to = knownRecipient(user_email, user_id, settings.mail);
  if (to !== null) return to;
  throw new InvalidField(
    'key',
    user_email !== null || (user_id !== null && isAddress(user_id))
      ? 'The address of the recipient has a domain that may not receive mail.'
      : 'No recipient is known: set user_email of the key, or use an e-mail address as user_id.',
  );
}

function reasonAgainst(row: KeyRow, settings: Settings, now: Date): string | null {
  if (!settings.mail.alerting) return 'E-mail is switched off in this environment.';
  if (settings.mail.claimLinkHours === 0)
    return 'Claim links are switched off in this environment.';
  if (!settings.storeVirtualKeys) {
    return 'Keys are not kept in this environment, so that no link can show one.';
  }
  if (row.secretName === null || row.cur.ver === null) {
    return 'The value of this key is not kept, so that no link can show it: generate another key.';
  }
  if (row.blocked) return 'The key is blocked, and not shown as long as it is: unblock it first.';
  return isExpired(row, now) ? 'The key has expired: give it another duration first.' : null;
}

/** An address as it is told to whoever need not know it: its first letter and its domain. */
export const maskedAddress = (address: string): string =>
  `${address.slice(0, 1)}***${address.slice(address.lastIndexOf('@'))}`;
