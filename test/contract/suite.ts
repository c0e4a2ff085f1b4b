/** Cases that several implementations are held to, some of which are known to fail on one of them. */
import { describe, expect, test } from 'vitest';

export interface Suite {
  readonly describe: (name: string, body: (suite: Suite) => void) => void;
  readonly test: (name: string, run: () => Promise<void>, timeoutMs?: number) => void;
}

/**
 * Runs the cases that `declare` states. Those in `knownDivergences` (`group > name`) must fail: one
 * that passes fails the suite, so that a mended implementation is noticed, and so does one that is
 * no case.
 */
export function holdTo(
  declare: (suite: Suite) => void,
  knownDivergences: readonly string[] = [],
): void {
  const declared = new Set<string>();
  const suiteOf = (group: string): Suite => ({
    describe(name, body) {
      describe(name, () => {
        body(suiteOf(`${group}${name} > `));
      });
    },
    test(name, run, timeoutMs) {
      declared.add(group + name);
      if (knownDivergences.includes(group + name)) test.fails(name, run, timeoutMs);
      else test(name, run, timeoutMs);
    },
  });
  declare(suiteOf(''));
  if (knownDivergences.length === 0) return;
  test('every known divergence is one of the cases', () => {
    expect(knownDivergences.filter((name) => !declared.has(name))).toEqual([]);
  });
}
