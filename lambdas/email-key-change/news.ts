/** What each mail tells: its title, what has happened, the facts that matter for it, what to do. */
import { budgetOf, usedPercent } from '../shared/domain/budget-mark.ts';
import type { DueNotice, KeyMailEvent } from '../shared/domain/due-notice.ts';
import type { KeyRow } from '../shared/domain/key-row.ts';
import type { Settings } from '../shared/domain/settings.ts';
import {
  actorOf,
  amountPer,
  budgetFact,
  expiryOf,
  type Fact,
  identityOf,
  modelsOf,
  nameOf,
  spendOf,
} from './key-facts.ts';
import { code, ours, type Prose, prose } from './prose.ts';
import { dollars, readableTime } from './readable.ts';

export interface News {
  readonly title: string;
  readonly text: readonly Prose[];
  readonly facts: readonly Fact[];
  /** What to do about it. */
  readonly advice: readonly Prose[];
  /** Whether the owner may want the key's value now: where there is no link, the mail says where it is. */
  readonly offersValue: boolean;
}

/** A notice with what its mail is made of. */
export interface Told extends Pick<DueNotice, 'notify' | 'row'> {
  readonly settings: Settings;
  /** Whether a link to the value goes with it. */
  readonly hasLink: boolean;
}

export const newsOf: Readonly<Record<KeyMailEvent, (told: Told) => News>> = {
  key_created: ({ row, settings }) => ({
    title: 'API Key Created',
    text: [prose`The virtual key ${nameOf(row)} was created for you.`],
    facts: grantsOf(row, settings),
    advice: [usage(settings)],
    offersValue: true,
  }),

  key_rotated: ({ row, settings }) => ({
    title: 'API Key Rotated',
    text: [
      prose`The virtual key ${nameOf(row)} has a new value.`,
      row.prev === null
        ? prose`The old value is refused from now on: put the new one wherever you use the key.`
        : prose`The old value is let in until ${readableTime(row.prev.until)}. Put the new one wherever you use the key before then.`,
    ],
    facts: grantsOf(row, settings),
    advice: [usage(settings)],
    offersValue: true,
  }),

  key_expiring: ({ row, notify, settings }) => {
    const expires = row.expires ?? '';
    const days = daysBetween(text(notify, 'at'), expires);
    return {
      title: days > 1 ? `API Key Expires in ${days} Days` : 'API Key Expires Within a Day',
      text: [
        days > 1
          ? prose`The virtual key ${nameOf(row)} expires in ${String(days)} days, on ${readableTime(expires)}. From then on it is refused.`
          : prose`The virtual key ${nameOf(row)} expires within a day, on ${readableTime(expires)}. From then on it is refused.`,
      ],
      facts: [...identityOf(row), modelsOf(row), expiryOf(row)],
      advice: [
        prose`If it is still needed, ask ${contact(settings)} in time for a later date, or for another key. If not, there is nothing to do.`,
      ],
      offersValue: false,
    };
  },

  key_deleted: ({ row }) => ({
    title: 'API Key Deleted',
    text: [
      prose`The virtual key ${nameOf(row)} was deleted by ${actorOf(row)}. It is refused from now on, and cannot be brought back.`,
    ],
    facts: [...identityOf(row), ['Deleted', prose`${readableTime(row.event.at)}`]],
    advice: [prose`Whatever still uses it needs another key.`],
    offersValue: false,
  }),

  key_blocked: ({ row, settings }) => ({
    title: 'API Key Blocked',
    text: [
      prose`The virtual key ${nameOf(row)} was blocked by ${actorOf(row)}. It is refused from now on, until somebody unblocks it.`,
    ],
    facts: [...identityOf(row), ['Blocked', prose`${readableTime(row.event.at)}`]],
    advice: [
      prose`If you do not know why, ask ${contact(settings)}. If others may have seen the key, have it rotated before it is unblocked.`,
    ],
    offersValue: false,
  }),

  budget_alert: ({ row, settings }) => {
    const now = new Date(row.event.at);
    const { key } = row;
    const budget = budgetOf(key, now) ?? 0;
    const percent = Math.floor(usedPercent(key, now));
    const isUsedUp = percent >= 100;
    const amount = amountPer(budget, key.budget_duration);
    return {
      title: isUsedUp ? 'API Key Budget Used Up' : `API Key Budget ${percent}% Used`,
      text: [
        prose`The virtual key ${nameOf(row)} has spent ${dollars(key.spend)} of its budget of ${amount}, which is ${String(percent)}%.`,
        isUsedUp
          ? prose`A gateway refuses calls with it until the budget begins anew or is raised.`
          : prose`Once the budget is used up, a gateway refuses calls with it.`,
      ],
      facts: [
        ...identityOf(row),
        spendOf(row),
        budgetFact(row, now),
        ...(key.budget_reset_at === undefined
          ? []
          : [['Begins anew', prose`${readableTime(key.budget_reset_at)}`] as const]),
      ],
      advice: [prose`If that is too little, ask ${contact(settings)} for a larger budget.`],
      offersValue: false,
    };
  },

  claim_link: ({ row, settings, hasLink }) => ({
    title: 'Link to Your API Key',
    text: [
      hasLink
        ? prose`You, or somebody for you, asked for a new link to the virtual key ${nameOf(row)}. Links from earlier mails work no more.`
        : prose`You, or somebody for you, asked for a new link to the virtual key ${nameOf(row)}, but there is none to give: it was used in the meantime, or this key is not shown by link.`,
    ],
    facts: grantsOf(row, settings),
    advice: [usage(settings)],
    offersValue: true,
  }),

  claim_reused: ({ row, settings }) => ({
    title: 'Link to Your API Key Used Twice',
    text: [
      prose`The link that we mailed you for the virtual key ${nameOf(row)} was opened again after it had shown the key. It shows a key only once, so nothing was shown this time.`,
      prose`If it was you both times, there is nothing to do. If you have not seen the key yourself, or are not sure, somebody else may have it.`,
    ],
    facts: [...identityOf(row), ['Used again', prose`${readableTime(row.event.at)}`]],
    advice: [
      prose`Then give the key a new value at once: ask ${contact(settings)} to rotate it, or do it yourself with the value you have:`,
      prose`${code(rotation(row, settings))}`,
    ],
    offersValue: false,
  }),

  mail_bounced: ({ row, notify, settings }) => {
    const address = text(notify, 'address') || row.key.user_email || row.key.user_id || 'its owner';
    const reason = text(notify, 'reason');
    return {
      title: 'Mail Not Delivered',
      text: [
        reason === ''
          ? prose`A mail about the virtual key ${nameOf(row)} came back from ${address}.`
          : prose`A mail about the virtual key ${nameOf(row)} came back from ${address}: ${reason}.`,
        prose`You get this mail as the backup contact of the environment ${settings.environment}.`,
      ],
      facts: [...identityOf(row), ['Address', prose`${address}`], expiryOf(row)],
      advice: [
        prose`Please tell the owner in another way, and have the address corrected: the key's user_email, or else user_id.`,
      ],
      offersValue: false,
    };
  },
};

/** What a key may do, and how it is used. */
const grantsOf = (row: KeyRow, { baseUrl }: Settings): Fact[] => [
  ...identityOf(row),
  modelsOf(row),
  spendOf(row),
  budgetFact(row, new Date(row.event.at)),
  expiryOf(row),
  ['Base URL', prose`${code(baseUrl)}`],
];

const usage = ({ baseUrl }: Settings): Prose =>
  prose`Use it with any OpenAI-compatible client: base URL ${code(baseUrl)}, and the key as bearer token.`;

export const contact = ({ mail }: Settings) => ours(mail.supportContact ?? 'your administrator');

const rotation = ({ keyId }: KeyRow, { baseUrl }: Settings): string =>
  `curl -X POST ${baseUrl}/key/${keyId}/regenerate -H "Authorization: Bearer <your key>"`;

/** A member that only some notices have. */
const text = (notify: Readonly<Record<string, unknown>>, name: string): string => {
  const value = notify[name];
  return typeof value === 'string' ? value : '';
};

const daysBetween = (from: string, to: string): number =>
  Math.ceil((Date.parse(to) - Date.parse(from)) / 86_400_000);
