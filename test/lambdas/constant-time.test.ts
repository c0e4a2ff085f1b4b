/**
 * Whatever a caller sends to prove something is compared in constant time. Time itself is not measured:
 * the code is read for comparisons that would end at the first difference.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { sameHash, tokenHash } from '../../lambdas/shared/domain/key-format.ts';

const root = resolve(import.meta.dirname, '../../lambdas');
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, lines: readFileSync(join(root, path), 'utf8').split('\n') }));

/** Comparisons of hashes by value, each with why it gives nobody's secret away. */
const harmless: Readonly<Record<string, string>> = {
  'shared/protocol/create-key.ts: found.target?.cur.hash === row.cur.hash':
    'a value that was just made, with what came of its own write',
  'shared/protocol/replay.ts: record.requestHash !== attempt.requestHash':
    'of a body, for a caller that is authenticated; the record is found by its own secret id',
  'shared/protocol/replay.ts: row.cur.hash !== record.hash': 'two stored hashes',
  'shared/protocol/claim-value.ts: tokenHash(last.value) !== hash': 'a stored value with its hash',
  'shared/domain/claim-link.ts: asked.hash === cur.hash': 'two stored hashes',
  'shared/domain/claim-link.ts: row.cur.hash !== link.hash': 'two stored hashes',
  'shared/domain/regeneration.ts: caller.tokenHash !== row.cur.hash':
    'of a caller that has proved to have one of its values',
  'shared/domain/regeneration.ts: tokenHash(value) === row.cur.hash':
    'a value that was chosen for a key by somebody who may change it',
  'shared/domain/imported-key.ts: hash === token': 'rows of one import',
  "shared/domain/audit-search.ts: image?.['token'] === objectKeyHash": 'of a reader of the trail',
  "shared/adapters/table/audit-table.ts: error.Item?.['digest']?.S !== record.digest":
    'of records, which are no secrets',
  'shared/protocol/replay.ts: tokenHash(read.value) !== record.hash':
    'a stored value with its hash',
  'shared/protocol/replace-key.ts: tokenHash(read.value) === cur.hash':
    'a stored value with its hash',
  'shared/protocol/import-key.ts: sameHash.event.id === row.event.id': 'ids of events',
  'shared/domain/key-search.ts: search === token': 'of a list, among keys that its caller may see',
  'verify-key/handler.ts: asked.done.key === presented': 'two values of one request',
};

/** Either side is what the name of a hash, seal or presented value stands for; literals are no secrets. */
const comparison =
  /[\w.?[\]'()]*(?:hash|digest|seal|presented|token'\])[\w.?[\]'()]* [!=]== (?!null|undefined|''|true|false)[\w.?[\]'()]+|[\w.?[\]'()]+ [!=]== [\w.?]*(?:hash|digest|seal|presented|token)\b/gi;

/** Without the brackets of what stands around it. */
function balanced(text: string): string {
  const opened = text.replace(/^\(+/, '');
  const count = (bracket: string) => opened.split(bracket).length;
  return count(')') > count('(') ? opened.slice(0, count('(') - count(')')) : opened;
}

it('no hash is compared by === but where that tells nobody anything', () => {
  const found = sources.flatMap(({ path, lines }) =>
    lines
      .filter((line) => !/^\s*(\*|\/\/)/.test(line))
      .flatMap((line) => line.match(comparison) ?? [])
      .map((text) => `${path}: ${balanced(text)}`),
  );
  expect(found.sort()).toEqual(Object.keys(harmless).sort());
});

it('the one comparison of hashes, and that of seals, are constant in time', () => {
  const users = sources.filter(({ lines }) =>
    lines.some((line) => line.includes('timingSafeEqual(')),
  );
  expect(users.map(({ path }) => path).sort()).toEqual([
    'shared/domain/cursor.ts',
    'shared/domain/key-format.ts',
  ]);
  const format = users.find(({ path }) => path.endsWith('key-format.ts'))?.lines.join('\n') ?? '';
  const { body = '' } = /export const sameHash = (?<body>[^;]+);/.exec(format)?.groups ?? {};
  expect(body).toContain('timingSafeEqual(');
  // The length of a hash is no secret, and Node's function takes no two of different ones.
  expect(body.match(/[!=]==/g)).toEqual(['===']);
  expect(body).toContain('left.length === right.length');
  const hash = tokenHash('sk-some-key');
  expect([sameHash(hash, hash), sameHash(hash, tokenHash('sk-other'))]).toEqual([true, false]);
  expect(sameHash(hash, hash.slice(1))).toBe(false);
});
