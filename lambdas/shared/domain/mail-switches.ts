/**
 * Which mails an environment sends. The names are LiteLLM's, with our own behind them; all are on
 * until somebody switches one off.
 */
import * as z from 'zod/mini';

/** LiteLLM's five, in its order, then those that only Latchkey sends. */
const events = {
  'Virtual Key Created': 'key_created',
  // Sent by nothing here: there are no user accounts, and a soft budget sends no mail.
  'New User Invitation': null,
  'Virtual Key Rotated': 'key_rotated',
  'Soft Budget Crossed': null,
  'Max Budget Alert': 'budget_alert',
  'Virtual Key Expiring': 'key_expiring',
  'Virtual Key Deleted': 'key_deleted',
  'Virtual Key Blocked': 'key_blocked',
  'Claim Link Requested': 'claim_link',
  'Claim Link Used Again': 'claim_reused',
  'Mail Not Delivered': 'mail_bounced',
} as const;

export type SwitchName = keyof typeof events;

const names: readonly string[] = Object.keys(events);
export const isSwitchName = (name: string): name is SwitchName => names.includes(name);
export const switchNames: readonly SwitchName[] = names.filter(isSwitchName);

export const mailSwitches = z.looseObject({
  /** What was set, by name; a newer release may have set names that are unknown here. */
  enabled: z.record(z.string(), z.boolean()),
  /** Counts the writes; each is conditional on the one it read. */
  rev: z.number(),
  at: z.string(),
  /** Key id of who wrote it. */
  by: z.string(),
});
export type MailSwitches = z.infer<typeof mailSwitches>;

export interface EventSetting {
  readonly event: string;
  readonly enabled: boolean;
}

/** All switches as answers show them. */
export const settingsOf = (switches: MailSwitches | null): EventSetting[] =>
  switchNames.map((event) => ({ event, enabled: isEnabled(switches, event) }));

/** Whether mails of this kind are off: `event` is that of a notice. One without a switch is never. */
export function isSwitchedOff(switches: MailSwitches | null, event: string): boolean {
  const name = switchNames.find((candidate) => events[candidate] === event);
  return name !== undefined && !isEnabled(switches, name);
}

const isEnabled = (switches: MailSwitches | null, name: SwitchName): boolean =>
  switches === null || !Object.hasOwn(switches.enabled, name) || switches.enabled[name] === true;

/** The next switches: with some set, or with none so that all are on again. */
export const switchesAfter = (
  before: MailSwitches | null,
  changes: readonly EventSetting[] | 'reset',
  by: string,
  now: Date,
): MailSwitches => ({
  ...before,
  enabled:
    changes === 'reset'
      ? {}
      : {
          ...before?.enabled,
          ...Object.fromEntries(changes.map(({ event, enabled }) => [event, enabled])),
        },
  rev: (before?.rev ?? 0) + 1,
  at: now.toISOString(),
  by,
});
