/** The scanner itself: what it must find, what it must not take for a key, and when it trusts no sink. */
import { describe, expect, it } from 'vitest';
import {
  maskedIdentifier,
  maskedName,
  newKey,
  newKeyId,
  tokenHash,
} from '../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { keyScanner } from './key-scanner.ts';
import { scanSinks } from './sinks.ts';

const { bytes } = seededRandom('canaries');
const keyId = newKeyId(bytes);
const issued = newKey(keyId, bytes);
const secret = issued.split('_').at(-2) ?? '';
const chosen = 'sk-chosen/by~"somebody"&co';
const others = Array.from({ length: 50 }, () => newKey(newKeyId(bytes), bytes));
const scanner = keyScanner([
  { value: issued, origin: 'generate' },
  { value: chosen, origin: 'a chosen one' },
  ...others.map((value) => ({ value, origin: 'others' })),
]);

const inHex = (text: string) => Buffer.from(text).toString('hex');
const inBase64 = (text: string) => Buffer.from(text).toString('base64');
/** Each character as a number, between two texts. */
const each = (text: string, before: string, after: string, radix: number) =>
  Array.from(text)
    .map((char) => before + char.charCodeAt(0).toString(radix).padStart(2, '0') + after)
    .join('');
const broken = (text: string, at: number, by: string) =>
  text.replaceAll(new RegExp(`(.{${at}})`, 'g'), `$1${by}`);

describe.each([
  ['an issued key', issued],
  ['a chosen key', chosen],
])('%s is found', (_what, key) => {
  it.each<[string, string]>([
    ['as it is', key],
    ['in a URL', encodeURIComponent(key)],
    ['in a URL with every character escaped', each(key, '%', '', 16)],
    ['in a URL escaped twice', encodeURIComponent(encodeURIComponent(key))],
    ['in a string of JSON', JSON.stringify({ key })],
    ['in JSON within JSON', JSON.stringify(JSON.stringify({ key }))],
    ['in JSON with every character escaped', each(key, '\\u00', '', 16)],
    ['in HTML', key.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
    ['in HTML with every character escaped', each(key, '&#', ';', 10)],
    ['in HTML with every character escaped in hex', each(key, '&#x', ';', 16)],
    ['in hex', inHex(key)],
    ['in upper-case hex', inHex(key).toUpperCase()],
    ['in base64', inBase64(key)],
    ['in base64, one byte further', inBase64(`x${key}`)],
    ['in base64, two bytes further', inBase64(`xy${key}yx`)],
    ['in base64 for URLs', Buffer.from(key).toString('base64url')],
    ['in the base64 of a mail, in lines', broken(inBase64(`to ${key} from`), 20, '\r\n')],
    ['in quoted-printable', broken(key, 9, '=\r\n')],
    ['in quoted-printable with every character escaped', each(key, '=', '', 16).toUpperCase()],
    ['over two lines of a log', broken(key, 9, '\\n')],
    ['at the very end', `the last of all, ${key}`],
  ])('%s', (_where, text) => {
    const found = scanner.findIn(`before ${text} after`);
    expect(new Set(found.map(({ origin }) => origin)).size).toBe(1);
    expect(scanner.findIn(text).length).toBeGreaterThan(0);
  });
});

describe('twelve characters of the secret part of an issued key are found', () => {
  const windows = Array.from({ length: secret.length - 11 }, (_, at) => secret.slice(at, at + 12));

  it.each(windows)('%s', (window) => {
    for (const text of [window, inHex(window), inBase64(window)]) {
      expect(scanner.findIn(`x ${text} y`).map(({ origin }) => origin)).toEqual(['generate']);
    }
    for (const text of [window.slice(1), inHex(window.slice(1))]) {
      expect(scanner.findIn(`x ${text} y`)).toEqual([]);
    }
  });
});

it('says where a key came from and in which form it was found, and not the key', () => {
  expect(scanner.findIn(`${inHex(chosen)} ${chosen}`)).toEqual([
    { origin: 'a chosen one', form: 'in hex' },
    { origin: 'a chosen one', form: 'plain' },
  ]);
});

it.each<[string, string]>([
  ['the token hash', tokenHash(issued)],
  ['the masked name', maskedName(issued)],
  ['the masked name of a chosen key', maskedIdentifier(chosen)],
  ['the key id', keyId],
  ['the id and the checksum', issued.replace(secret, '...')],
  ['another key', newKey(newKeyId(bytes), bytes)],
  ['a part of a chosen key, whose parts are words', chosen.slice(0, -1)],
  ['much noise', inBase64(String(bytes(100_000)))],
  ['nothing', ''],
])('does not take for a key: %s', (_what, text) => {
  expect(scanner.findIn(text)).toEqual([]);
});

it('refuses to look for what is in many a text', () => {
  expect(() => keyScanner([{ value: 'sk-1234', origin: 'start' }])).toThrow('start is too short');
});

describe('a scan', () => {
  const sink = (name: string, ...texts: string[]) => ({
    name,
    marker: 'planted',
    read: async () => texts,
  });

  it('counts what it looked through, and has nothing to say of what is clean', async () => {
    expect(
      await scanSinks([sink('table', 'planted', 'ä'), sink('log', 'a planted line')], scanner),
    ).toEqual({
      scanned: [
        { sink: 'table', places: 2, bytes: 9 },
        { sink: 'log', places: 1, bytes: 14 },
      ],
      problems: [],
    });
  });

  it('vouches for no sink that is empty or lacks its marker', async () => {
    const { problems } = await scanSinks([sink('table'), sink('log', 'a line')], scanner);
    expect(problems).toEqual(['table: it is empty', 'log: it lacks its marker']);
  });

  it('tells of each place that has a key, without the key', async () => {
    const { problems } = await scanSinks([sink('log', 'planted', `key=${issued}`)], scanner);
    expect(problems).toEqual(['log: place 1 has a key from generate, plain']);
  });
});
