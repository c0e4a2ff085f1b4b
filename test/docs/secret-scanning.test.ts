/** The patterns for secret scanners, held to the keys as they are made. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  maskedName,
  newKey,
  newKeyId,
  randomBase62,
  tokenHash,
} from '../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../fakes/seeded-random.ts';

const folder = resolve(import.meta.dirname, '../../docs/secret-scanning');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const textIn = (name: string, pattern: RegExp): string => {
  const found = pattern.exec(read(name))?.[1];
  if (found === undefined) throw new Error(`${name} has no ${pattern}`);
  return found;
};

const gitleaks = textIn('gitleaks.toml', /^regex = '''(.+)'''$/m);
const trufflehog = textIn('trufflehog.yaml', /^ {6}key: '(.+)'$/m);
const github = {
  format: textIn('README.md', /^Secret format:\n\n```\n(.+)\n```$/m),
  before: textIn('README.md', /^Before secret:\n\n```\n(.+)\n```$/m),
  after: textIn('README.md', /^After secret:\n\n```\n(.+)\n```$/m),
};

/** As each scanner puts its parts together; `\A` and `\z` are what `^` and `$` are here. */
const inside = (text: string) => text.replace('\\A', '^').replace('\\z', '$');
const scanners: [name: string, RegExp][] = [
  ['gitleaks', new RegExp(gitleaks)],
  ['TruffleHog', new RegExp(trufflehog)],
  [
    'GitHub',
    new RegExp(`(?:${inside(github.before)})(${github.format})(?:${inside(github.after)})`),
  ],
];

const { bytes } = seededRandom('scanned');
const keys = [
  ...Array.from({ length: 200 }, () => newKey(newKeyId(bytes), bytes)),
  newKey('master', bytes),
];
const [key = ''] = keys;
const base64url = (count: number) => Buffer.from(bytes(count)).toString('base64url');

describe.each(scanners)('the pattern for %s', (_name, pattern) => {
  it('finds each key that is made, alone and where keys are left', () => {
    for (const each of keys) {
      for (const text of [
        each,
        `LATCHKEY_KEY=${each}`,
        `{"key":"${each}"}`,
        `Authorization: Bearer ${each}\r\n`,
        `https://api.example.com/key/info?key=${each}&x=1`,
        `- "${each}", '${each}'`,
        `see ${each}.`,
      ]) {
        expect(pattern.exec(text)?.[1]).toBe(each);
      }
    }
  });

  it.each([
    ['a token hash', tokenHash(key)],
    ['a masked name', maskedName(key)],
    ['a key id', key.split('_')[1] ?? ''],
    ['the local admin key', 'sk-1234'],
    ['a chosen key', 'sk-chosen-by-somebody'],
    ['a prefix alone', 'sk-lk_'],
    ['a key without its checksum', key.replace(/_[^_]*$/, '')],
    ['one that was cut', key.slice(0, -1)],
    ['one that goes on', `${key}x`],
    ['one in the midst of a word', `x${key}`],
    ['an example in a document', 'sk-lk_<key id>_<secret>_<checksum>'],
    ['an example with dots', 'sk-lk_..._..._...'],
  ])('takes no key to be in %s', (_what, text) => {
    expect(pattern.test(text)).toBe(false);
  });

  it('finds nothing in keys of LiteLLM, and in noise', () => {
    for (let round = 0; round < 200; round += 1) {
      for (const text of [`sk-${base64url(16)}`, base64url(300), randomBase62(500, bytes)]) {
        expect(pattern.test(text)).toBe(false);
      }
    }
  });
});

it('is one and the same pattern for all of them', () => {
  expect(gitleaks).toBe(`\\b(${github.format})\\b`);
  expect(trufflehog).toBe(gitleaks);
});

it('is looked for wherever its keyword is, which every key has', () => {
  const keywords = [
    textIn('gitleaks.toml', /^keywords = \["(.+)"\]$/m),
    textIn('trufflehog.yaml', /^ {4}keywords:\n {6}- (.+)$/m),
  ];
  for (const keyword of keywords) for (const each of keys) expect(each).toContain(keyword);
});
