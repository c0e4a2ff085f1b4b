import { containsIssuedKey, maskedName } from '../shared/domain/key-format.ts';

const most = 200;

/** Invisible, and able to turn text round or to hide in it; joiners stay, for scripts need them. */
const invisible = /(?![\u200c\u200d])\p{Cf}/gu;
const lineBreaks = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
/** What mail programs make a link of by itself. */
const linkLike = /:\/\/|\bwww\./i;

/**
 * Text that somebody else chose, such as an alias, as a mail shows it: one line of bounded length that
 * turns no other text round, becomes no link (`https[:]//host[.]example`), and has no key and no hash
 * in it.
 */
export function foreignText(text: string, limit = most): string {
  const line = text.toWellFormed().replaceAll(lineBreaks, ' ').replaceAll(invisible, '').trim();
  const shown = shortened(defanged(masked(line)), limit);
  return shown === '' ? '(nothing that can be shown)' : shown;
}

const masked = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{64,}/gi, (hash) => `${hash.slice(0, 4)}...${hash.slice(-4)}`)
    .replaceAll(/(?<![A-Za-z0-9])sk-\S{13,}/g, maskedName)
    // In the middle of a word.
    .replaceAll(/\S+/g, (word) => (containsIssuedKey(word) ? maskedName(word) : word));

const defanged = (text: string): string =>
  linkLike.test(text) ? text.replaceAll('://', '[:]//').replaceAll('.', '[.]') : text;

function shortened(text: string, limit: number): string {
  const characters = Array.from(text);
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join('')}…`;
}
