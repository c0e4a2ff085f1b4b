/** The mutants are still mutants of today's code; `npm run mutants` shows that each is caught. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { listMutants } from '../../scripts/mutants/mutant.ts';

const root = resolve(import.meta.dirname, '../..');
const mutants = listMutants(import.meta.dirname);

/** The cells of a table of two columns, by its heading. */
function tableUnder(heading: string, file: string): string[][] {
  const [, section = ''] = readFileSync(join(root, file), 'utf8').split(`${heading}\n`);
  const [rows = ''] = /(?:^\|.*\n)+/m.exec(section) ?? [];
  const [, , ...body] = rows.trimEnd().split('\n');
  return body.map((row) => row.slice(2, -2).split(' | '));
}

it.each(mutants)('$name applies to the functions as they are', (mutant) => {
  expect(() =>
    execFileSync('git', ['apply', '--check', mutant.patch], { cwd: root, stdio: 'pipe' }),
  ).not.toThrow();
  for (const test of mutant.tests)
    expect([test, existsSync(join(root, test))]).toEqual([test, true]);
});

it('take away each rule of the protocol', () => {
  const adr = 'docs/adr/0003-two-store-protocol.md';
  const rules = tableUnder('### What breaks without each rule', adr).map(([rule]) => rule);
  const table = tableUnder("## The protocol's rules", 'test/mutants/README.md');
  expect(rules.length).toBeGreaterThan(20);
  expect(table.map(([rule]) => rule)).toEqual(rules);
  for (const [rule, links = ''] of table) {
    const patches = [...links.matchAll(/\[(.+?)\]\(\1\.patch\)/g)].map(([, name]) => name);
    expect([rule, patches]).not.toEqual([rule, []]);
    expect(mutants.map(({ name }) => name)).toEqual(expect.arrayContaining(patches));
  }
});
