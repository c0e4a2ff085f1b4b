import type { DueNotice } from '../shared/domain/due-notice.ts';
import type { KeyRow } from '../shared/domain/key-row.ts';
import type { Mail } from '../shared/domain/ports.ts';
import type { Settings } from '../shared/domain/settings.ts';
import { escaped } from './escaped.ts';
import { foreignText } from './foreign-text.ts';
import { type Fact, nameOf } from './key-facts.ts';
import { html } from './key-mail.generated.ts';
import { contact, newsOf } from './news.ts';
import { htmlOf, type Prose, prose, textOf } from './prose.ts';
import { readableTime } from './readable.ts';

/** A link that shows the key's value, once. */
export interface ClaimLink {
  readonly url: string;
  /** ISO 8601. */
  readonly until: string;
}

const mostOfName = 60;

/**
 * The mail of a notice. It names the key but carries neither its value nor its hash; a link or a
 * secret's name says where the value is. Whatever people chose is escaped in HTML, kept on its line,
 * and no link.
 */
export function keyMail(due: DueNotice, claim: ClaimLink | null, settings: Settings): Mail {
  const { id, event, notify, row } = due;
  const { mail } = settings;
  const { title, text, facts, advice, offersValue } = newsOf[event]({
    notify,
    row,
    settings,
    hasLink: claim !== null,
  });
  const more = [...(offersValue ? [accessOf(row, claim)] : []), ...advice];
  const footer = prose`This mail never contains the key itself. If you did not expect it, tell ${contact(settings)} and name the key id ${row.keyId}.`;
  const note =
    claim === null
      ? null
      : prose`It shows the key once, and works until ${readableTime(claim.until)}. After that, ask ${contact(settings)} for a new link.`;
  return {
    to: notify.to,
    noticeId: id,
    subject: `${mail.subjectPrefix}: ${title}: ${foreignText(nameOf(row), mostOfName)}`,
    html: filled(
      html,
      new Set([
        mail.logoUrl === null ? 'mark' : 'logo',
        ...(claim === null ? [] : ['claim']),
        ...(mail.signature === null ? [] : ['signature']),
      ]),
      {
        title: escaped(title),
        preview: escaped(text.map(textOf).join(' ')),
        brand: escaped(mail.subjectPrefix),
        logoUrl: escaped(mail.logoUrl ?? ''),
        news: paragraphs(text),
        link: escaped(claim?.url ?? ''),
        claimNote: htmlOf(note ?? []),
        facts: facts.map(tableRow).join(''),
        more: paragraphs(more),
        signature: escaped(mail.signature ?? '').replaceAll('\n', '<br>'),
        footer: htmlOf(footer),
      },
    ),
    text: [
      title,
      ...text.map(textOf),
      ...(claim === null || note === null ? [] : [`Show my key:\n${claim.url}`, textOf(note)]),
      facts.map(([label, value]) => `${label}: ${textOf(value)}`).join('\n'),
      ...more.map(textOf),
      textOf(footer),
      ...(mail.signature === null ? [] : [`-- \n${mail.signature}`]),
      '',
    ].join('\n\n'),
  };
}

/** Styled in place: some mail programs drop a style sheet. */
const tableRow = ([label, value]: Fact): string =>
  `<tr><th scope="row" style="width:30%;padding:4px 12px 4px 0;font-weight:normal;text-align:left;vertical-align:top;">${label}</th>` +
  `<td style="padding:4px 0;vertical-align:top;word-break:break-word;">${htmlOf(value)}</td></tr>`;

const paragraphs = (texts: readonly Prose[]): string =>
  texts.map((text) => `<p>${htmlOf(text)}</p>`).join('');

/** The secret of a key without alias has the hash in its name, and a mail shows no hash. */
function accessOf({ secretName, alias, keyId }: KeyRow, claim: ClaimLink | null): Prose {
  if (secretName === null) {
    return prose`The key is not kept in AWS Secrets Manager. Whoever created or rotated it was shown it once.`;
  }
  const secret =
    alias === null ? prose`the secret tagged key_id ${keyId}` : prose`the secret ${secretName}`;
  return claim === null
    ? [
        'The key is in AWS Secrets Manager, in ',
        ...secret,
        '. Without access to it, ask whoever created or rotated the key.',
      ]
    : ['With access to AWS Secrets Manager you also find the key there, in ', ...secret, '.'];
}

/**
 * The template with sections kept or left out, and each placeholder filled with text that is safe in
 * HTML already. What is filled in is not looked at again.
 */
function filled(
  template: string,
  kept: ReadonlySet<string>,
  values: Readonly<Record<string, string>>,
): string {
  return template
    .replaceAll(/\{\{#(\w+)\}\}(.*?)\{\{\/\1\}\}/gs, (_, name: string, section: string) =>
      kept.has(name) ? section : '',
    )
    .replaceAll(/\{\{(\w+)\}\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}
