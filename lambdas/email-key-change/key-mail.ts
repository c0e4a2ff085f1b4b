import type { DueNotice, KeyMailEvent } from '../shared/domain/due-notice.ts';
import type { KeyRow } from '../shared/domain/key-row.ts';
import type { Mail } from '../shared/domain/ports.ts';
import type { Settings } from '../shared/domain/settings.ts';
import { escaped } from './escaped.ts';
import { html } from './key-mail.generated.ts';

/** What differs between the mails about a key. */
interface News {
  readonly title: string;
  /** One sentence, or two. */
  readonly text: string;
}

/** What each event tells the owner. */
const news: Readonly<Record<KeyMailEvent, (row: KeyRow) => News>> = {
  key_created: (row) => ({
    title: 'API Key Created',
    text: `The virtual key ${nameOf(row)} was created for you.`,
  }),
  key_rotated: (row) => ({
    title: 'API Key Rotated',
    text: `The virtual key ${nameOf(row)} has a new value. ${
      row.prev === null
        ? 'The old one is refused from now on.'
        : `The old one is let in until ${row.prev.until}; change over before that.`
    }`,
  }),
  claim_link: (row) => ({
    title: 'Link to Your API Key',
    text: `A new link to the virtual key ${nameOf(row)} was asked for. Earlier ones show nothing any more.`,
  }),
  claim_reused: (row) => ({
    title: 'Link to Your API Key Used Twice',
    text: `Somebody opened a link to the virtual key ${nameOf(row)} that had been used, and was shown nothing. If that was not you, have the key regenerated.`,
  }),
};

/** The mails that come with a link to the value. */
export const hasLink = (event: KeyMailEvent): boolean => event !== 'claim_reused';

/**
 * The mail that tells an owner about a key. It names the key but carries neither its value nor its
 * hash; it says where the value is instead.
 */
export function keyMail(
  { id, notify, row }: DueNotice,
  event: KeyMailEvent,
  settings: Settings,
  link: string | null,
): Mail {
  const { title, text } = news[event](row);
  const facts = factsOf(row);
  const access = accessOf(row);
  return {
    to: notify.to,
    noticeId: id,
    subject: `Latchkey: ${title}`,
    html: filled(html, {
      title,
      news: escaped(text),
      rows: facts
        .map(([label, value]) => `<tr><td>${label}</td><td><b>${escaped(value)}</b></td></tr>`)
        .join(''),
      access:
        link === null
          ? escaped(access)
          : `<a href="${escaped(link)}">Show my key</a>, once, within ${settings.mail.claimLinkHours} hours. ${escaped(access)}`,
      baseUrl: escaped(settings.baseUrl),
      keyId: row.keyId,
    }),
    text: [
      `${title}: ${nameOf(row)}`,
      '',
      text,
      '',
      ...facts.map(([label, value]) => `${label}: ${value}`),
      '',
      ...(link === null ? [] : [`Show my key: ${link}`, '']),
      access,
      `Use it with any OpenAI-compatible client: base URL ${settings.baseUrl}, and the key as bearer token.`,
      '',
      `This mail never contains the key itself. If you did not expect it, tell your administrator and name the key id ${row.keyId}.`,
      '',
    ].join('\n'),
  };
}

const nameOf = ({ alias, key }: KeyRow): string => alias ?? key.key_name;

function factsOf({ keyId, key }: KeyRow): [label: string, value: string][] {
  const period = key.budget_duration === undefined ? '' : ` per ${key.budget_duration}`;
  return [
    ['Alias', key.key_alias ?? 'none'],
    ['Key', key.key_name],
    ['Key id', keyId],
    ['Owner', key.user_id ?? 'none'],
    ['Team', key.team_id ?? 'Default Team'],
    ['Models', key.models.length === 0 ? 'all' : key.models.join(', ')],
    ['Spent so far', dollars(key.spend)],
    ['Budget', key.max_budget === undefined ? 'unlimited' : dollars(key.max_budget) + period],
    ['Expires', key.expires ?? 'never'],
  ];
}

/** The secret of a key without alias has the hash in its name, and a mail shows no hash. */
function accessOf({ secretName, alias, keyId }: KeyRow): string {
  if (secretName === null) {
    return 'The key is not kept in AWS Secrets Manager. Whoever created or rotated it was shown it once.';
  }
  const secret = alias === null ? `secret tagged key_id ${keyId}` : `secret ${secretName}`;
  return `The key is in AWS Secrets Manager, in the ${secret}. Without access to it, ask whoever created or rotated the key.`;
}

const dollars = (amount: number): string =>
  `$${amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 6 })}`;

/** Fills each placeholder with text that is safe in HTML already. */
const filled = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\{\{(\w+)\}\}/g, (placeholder, name: string) => values[name] ?? placeholder);
