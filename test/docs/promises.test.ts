/** docs/promises.md names a test for each promise, and every one that it names is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const rows = readFileSync(join(root, 'docs/promises.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, number, , tests] = /^\| (I\d+) \| (.+) \| (.+) \|$/.exec(line) ?? [];
    return number === undefined || tests === undefined ? [] : [{ number, tests }];
  });
/** What stands for more than one file. */
const suites: Readonly<Record<string, string>> = {
  faults: 'test/faults/generate-matrix.test.ts',
  races: 'test/faults/races.test.ts',
  simulation: 'test/simulation/simulation.test.ts',
};

describe('each promise', () => {
  it('is there, from I1 to I26', () => {
    expect(rows.map(({ number }) => number)).toEqual(
      Array.from({ length: 26 }, (_, index) => `I${index + 1}`),
    );
  });

  it.each(rows)('$number has tests that exist', ({ tests }) => {
    const names = [...tests.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(0);
    const missing = names.filter(
      (name) =>
        ![
          suites[name] ?? '',
          `test/${name}.test.ts`,
          `test/${name}.ts`,
          `test/lambdas/${name}.test.ts`,
        ].some((path) => path !== '' && existsSync(join(root, path))),
    );
    expect(missing).toEqual([]);
  });
});
