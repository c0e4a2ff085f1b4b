/**
 * Finds keys in texts, in every form in which one may have got there: as it is, in part, escaped or
 * encoded. Of an issued key any 12 characters of its secret part count; of a chosen one, whose
 * characters may be words, the whole. A masked name or a hash is no find.
 */
import { shapeOf } from '../../lambdas/shared/domain/key-format.ts';

/** A value that must be nowhere, with where it came from: what is said of it instead of itself. */
export interface Canary {
  readonly value: string;
  readonly origin: string;
}

export interface Find {
  readonly origin: string;
  readonly form: string;
}

interface Needle extends Find {
  readonly text: string;
}

export interface KeyScanner {
  /** How many keys, and in how many pieces and forms they are looked for. */
  readonly keys: number;
  readonly needles: number;
  /** What a text has, each key and form once. */
  findIn(text: string): Find[];
}

/** Long enough that no two of them are alike by chance, and that a mask or prefix is none. */
const windowLength = 12;
/** So many bits of the last four characters tell whether a needle may begin with them. */
const gramBits = 24;
const gramMask = 2 ** gramBits - 1;

export function keyScanner(canaries: readonly Canary[]): KeyScanner {
  const byStart = new Map<string, Needle[]>();
  const begins = new Uint8Array(2 ** gramBits);
  let needles = 0;
  for (const canary of canaries) {
    for (const needle of needlesOf(canary)) {
      needles += 1;
      begins[gramAt(needle.text, 0)] = 1;
      const start = needle.text.slice(0, windowLength);
      const known = byStart.get(start);
      if (known === undefined) byStart.set(start, [needle]);
      else known.push(needle);
    }
  }
  return {
    keys: canaries.length,
    needles,
    findIn(text) {
      const found = new Map<string, Find>();
      for (const view of viewsOf(text)) {
        let gram = 0;
        for (let end = 0; end < view.length; end += 1) {
          // The bits of a character are gone after four shifts.
          gram = ((gram << 6) ^ view.charCodeAt(end)) & gramMask;
          if (begins[gram] !== 1) continue;
          const at = end - 3;
          for (const needle of byStart.get(view.slice(at, at + windowLength)) ?? []) {
            const { origin, form } = needle;
            if (view.startsWith(needle.text, at)) found.set(`${origin} ${form}`, { origin, form });
          }
        }
      }
      return [...found.values()];
    },
  };
}

function gramAt(text: string, start: number): number {
  let gram = 0;
  for (let at = start; at < start + 4; at += 1) {
    gram = ((gram << 6) ^ text.charCodeAt(at)) & gramMask;
  }
  return gram;
}

/** Throws for a value that is too short to be told from other text. */
function needlesOf({ value, origin }: Canary): Needle[] {
  if (value.length <= windowLength)
    throw new Error(`The key of ${origin} is too short to look for`);
  const texts = new Map<string, string>();
  for (const piece of piecesOf(value)) {
    const bytes = Buffer.from(piece);
    for (const [form, text] of [
      ['plain', piece],
      ['URL-encoded', encodeURIComponent(piece)],
      ['in JSON', JSON.stringify(piece).slice(1, -1)],
      ['in HTML', piece.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')],
      ['in hex', bytes.toString('hex')],
      ['in hex', bytes.toString('hex').toUpperCase()],
      ...inBase64(bytes),
    ] as const) {
      if (!texts.has(text)) texts.set(text, form);
    }
  }
  return [...texts].map(([text, form]) => ({ text, form, origin }));
}

function piecesOf(value: string): string[] {
  if (shapeOf(value).kind !== 'issued') return [value];
  const secret = value.split('_').at(-2) ?? '';
  return Array.from({ length: secret.length - windowLength + 1 }, (_, at) =>
    secret.slice(at, at + windowLength),
  );
}

/** Behind whatever else is encoded with it: what stands in whole groups, at each of three offsets. */
const inBase64 = (bytes: Buffer): [form: string, text: string][] =>
  [0, 1, 2].flatMap((offset) => {
    const whole = Math.floor((bytes.length - offset) / 3) * 3;
    // Fewer would be found by chance.
    if (whole < windowLength) return [];
    const groups = bytes.subarray(offset, offset + whole);
    return [
      ['in base64', groups.toString('base64')],
      ['in base64', groups.toString('base64url')],
    ];
  });

/** A text, and what it says once its escapes are undone, once and twice. */
function viewsOf(text: string): Set<string> {
  const once = unescaped(text);
  return new Set([text, once, unescaped(once)]);
}

const escapes =
  /%([0-9a-f]{2})|=([0-9a-f]{2})|\\u([0-9a-f]{4})|\\x([0-9a-f]{2})|&#x([0-9a-f]+);|&#(\d+);|\\(["\\/])|(=?(?:\\r|\r)?(?:\\n|\n))/gi;

/** URL, quoted-printable, JSON and HTML, and lines that are broken where an encoding was too long. */
const unescaped = (text: string): string =>
  text.replaceAll(escapes, (whole, ...groups: (string | undefined)[]) => {
    const [url, quoted, json, byte, html, decimal, escaped, lineBreak] = groups;
    if (lineBreak !== undefined) return '';
    if (escaped !== undefined) return escaped;
    const hex = url ?? quoted ?? json ?? byte ?? html;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code > 31 && code < 127 ? String.fromCharCode(code) : whole;
  });
