/** Sentences of a mail in pieces: our own words, and what others chose, which is kept apart from them. */
import { escaped } from './escaped.ts';
import { foreignText } from './foreign-text.ts';

/** What the environment's own settings say: shown to the letter, an address or a command as code. */
interface Exact {
  readonly exact: string;
  readonly isCode: boolean;
}
type Piece = string | Exact | { readonly foreign: string };
export type Prose = readonly Piece[];

/** A sentence. Every text that is filled in counts as somebody else's, unless it is `code` or `ours`. */
export const prose = (words: TemplateStringsArray, ...values: (string | Exact)[]): Prose =>
  words.flatMap((word, index): Piece[] => {
    const value = values[index];
    if (value === undefined) return [word];
    return [word, typeof value === 'string' ? { foreign: foreignText(value) } : value];
  });

export const code = (text: string): Exact => ({ exact: text, isCode: true });
export const ours = (text: string): Exact => ({ exact: text, isCode: false });

/** As HTML, safe as an element's content. */
export const htmlOf = (text: Prose): string =>
  text
    .map((piece) => {
      if (typeof piece === 'string') return escaped(piece);
      if ('foreign' in piece) return `<bdi>${escaped(piece.foreign)}</bdi>`;
      return piece.isCode ? `<code>${escaped(piece.exact)}</code>` : escaped(piece.exact);
    })
    .join('');

/** As plain text; what is written from right to left is isolated, so that it moves nothing else. */
export const textOf = (text: Prose): string =>
  text
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      if ('exact' in piece) return piece.exact;
      return rightToLeft.test(piece.foreign) ? `\u2068${piece.foreign}\u2069` : piece.foreign;
    })
    .join('');

const rightToLeft =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
