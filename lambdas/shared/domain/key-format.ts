/**
 * The format of an issued key: `sk-lk_<key id>_<secret>_<checksum>`.
 *
 * - key id: 17 base62 characters, 101 random bits; public, and kept when the key is rotated
 * - secret: 27 base62 characters, 160 random bits
 * - checksum: CRC-32 of everything before its underscore, as 6 base62 characters; a mistyped key
 *   is refused without a look-up, and secret scanners can tell a real key from a look-alike
 */
import { createHash, timingSafeEqual } from 'node:crypto';

const marker = 'sk-lk_';
const format = /^sk-lk_(master|[0-9A-Za-z]{17})_[0-9A-Za-z]{27}_[0-9A-Za-z]{6}$/;
const anywhere = /sk-lk_(?:master|[0-9A-Za-z]{17})_[0-9A-Za-z]{27}_[0-9A-Za-z]{6}/;
/** Of a chosen key. */
const minLength = 16;
const maxLength = 512;
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The key id of the admin key's row. */
export const masterKeyId = 'master';

/** Cryptographically secure random bytes. */
export type RandomBytes = (count: number) => Uint8Array;

export const newKeyId = (random: RandomBytes): string => randomBase62(17, random);

/** A new key value that carries the id. */
export function newKey(keyId: string, random: RandomBytes): string {
  const body = `${marker}${keyId}_${randomBase62(27, random)}`;
  return `${body}_${checksum(body)}`;
}

/**
 * What a presented text can be: a key `issued` by us and so found by the id inside it, a `custom`
 * key found by its hash, or `malformed`, which no look-up can find.
 */
export type KeyShape =
  | { readonly kind: 'issued'; readonly keyId: string }
  | { readonly kind: 'custom' }
  | { readonly kind: 'malformed' };

export function shapeOf(key: string): KeyShape {
  if (!key.startsWith('sk-') || key.length > maxLength) return { kind: 'malformed' };
  if (!key.startsWith(marker)) return { kind: 'custom' };
  const keyId = format.exec(key)?.[1];
  const split = key.lastIndexOf('_');
  if (keyId === undefined || checksum(key.slice(0, split)) !== key.slice(split + 1)) {
    return { kind: 'malformed' };
  }
  return { kind: 'issued', keyId };
}

/** Whether a text is shaped like a key id, hence may be looked up as one. */
export const isKeyId = (text: string): boolean =>
  text === masterKeyId || /^[0-9A-Za-z]{17}$/.test(text);

/** Whether a text is shaped like a token hash. */
export const isTokenHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** Whether a text has the shape of anything that names a key: a value, a token hash or a key id. */
export const isIdentifier = (text: string): boolean =>
  (text.startsWith('sk-') && text.length <= maxLength) ||
  /^[0-9a-f]{64}$/i.test(text) ||
  isKeyId(text);

/** A name that led to no key, as it may be shown again: it may be a key of somebody's. */
export function maskedIdentifier(text: string): string {
  // Of a short one the last four characters would be most of it.
  if (text.startsWith('sk-') && text.length < minLength) return 'sk-...';
  if (text.startsWith('sk-') || containsKey(text)) return maskedName(text);
  return isTokenHash(text) ? `${text.slice(0, 4)}...${text.slice(-4)}` : text;
}

/** Whether a text has one of our issued keys somewhere inside. */
export const containsIssuedKey = (text: string): boolean => anywhere.test(text);

/** Whether a text has an issued key somewhere inside, or a word that could be a chosen one. */
export const containsKey = (text: string): boolean =>
  containsIssuedKey(text) || /(?<![A-Za-z0-9])sk-\S{13,}/.test(text);

/** The token hash, LiteLLM's `token`: lower-case hex SHA-256 of the whole key. */
export const tokenHash = (key: string): string => createHash('sha256').update(key).digest('hex');

/** Compares two token hashes in constant time. */
export const sameHash = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));

/** The masked name shown in lists and mails: `sk-...` and the last four characters. */
export const maskedName = (key: string): string => `sk-...${key.slice(-4)}`;

/**
 * Why a caller-chosen key cannot be accepted, or null. One that starts like an issued key would be
 * looked up by an id that is not its own.
 */
export function weaknessOf(key: string): string | null {
  if (!key.startsWith('sk-')) return 'must start with "sk-"';
  if (key.length < minLength) return `must have at least ${minLength} characters`;
  if (key.length > maxLength) return `must have at most ${maxLength} characters`;
  if (!/^[!-~]+$/.test(key)) return 'must consist of printable ASCII characters without spaces';
  if (key.startsWith(marker)) return `must not start with "${marker}", as issued keys do`;
  return null;
}

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let place = 0; place < 6; place += 1) {
    digits = base62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/** CRC-32 as in zlib, whose own would add 2 ms to every cold start. */
function crc32(text: string): number {
  let crc = -1;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

/** So many characters, each as likely as any other. */
export function randomBase62(length: number, random: RandomBytes): string {
  let text = '';
  while (text.length < length) {
    // Bytes from 248 on are dropped: 248 = 4 * 62, so that every character is equally likely.
    for (const byte of random(length)) if (byte < 248) text += base62.charAt(byte % 62);
  }
  return text.slice(0, length);
}
