/**
 * What becomes of a mail. SES tells of it late, twice and in any order, and two senders may be at one
 * notice, so a notice only ever goes forwards: from what is not decided yet, over what was not sent at
 * all, what SES took, and what arrived, to what came back.
 */
const ranks = {
  sending: 0,
  parked: 0,
  switched_off: 1,
  failed: 1,
  sent: 2,
  delivered: 3,
  rejected: 4,
  bounced: 4,
  complained: 4,
} as const;

/**
 * - `sending`: being sent, or tried again; `reason` says what kept it
 * - `parked`: the day's quota is used up; it is sent later
 * - `switched_off`: mails of this event are off
 * - `failed`: it will never be sent
 * - `sent`: SES took it
 * - `delivered`: the recipient's server took it
 * - `rejected`: SES found it unfit to send after taking it
 * - `bounced`, `complained`: it came back, or was called spam; whichever is told first stays
 */
export type NoticeState = keyof typeof ranks;

/** A state that a mail came to. */
export interface Delivery {
  readonly state: NoticeState;
  readonly at: string;
  /** For people: the name of an error, or what the recipient's server said. */
  readonly reason?: string;
}

/** Whether a mail is shown with its key: that about one which came back would hide what it is about. */
export const isShownWithKey = (event: string): boolean => event !== 'mail_bounced';

export const rankOf = (state: NoticeState): number => ranks[state];

/** A state is taken on from every one whose rank is below this. What is undecided may change about. */
export const rankBelow = (state: NoticeState): number => Math.max(1, ranks[state]);

/** Whether the mail did not arrive, or was not wanted, though SES took it. */
export const isReturned = (state: NoticeState): boolean => ranks[state] === ranks.bounced;
