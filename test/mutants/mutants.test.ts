/** The mutants are still mutants of today's code; `npm run mutants` shows that each is caught. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { listMutants } from '../../scripts/mutants/mutant.ts';

const root = resolve(import.meta.dirname, '../..');

it.each(listMutants(import.meta.dirname))(
  '$name applies to the functions as they are',
  (mutant) => {
    expect(() =>
      execFileSync('git', ['apply', '--check', mutant.patch], { cwd: root, stdio: 'pipe' }),
    ).not.toThrow();
    for (const test of mutant.tests)
      expect([test, existsSync(join(root, test))]).toEqual([test, true]);
  },
);
