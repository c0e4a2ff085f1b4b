import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { explore, type Race } from './interleavings.ts';

/** The tests of some races; prints orders tried and what was answered. */
export function raceTests(races: readonly Race[]): void {
  const report: string[] = [];
  beforeEach(() => {
    vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  afterAll(() => {
    process.stdout.write(`\nRaces\n${report.join('\n')}\n`);
  });

  describe('in every order of the calls', () => {
    it.each(races)(
      '$name',
      async (race) => {
        const { orders, violations, outcomes } = await explore(race);
        const told = Object.entries(outcomes).map(([statuses, count]) => `${statuses}: ${count}`);
        report.push(`${race.name}: ${orders} orders (${told.join(', ')})`);
        expect(violations).toEqual([]);
        expect(orders).toBeGreaterThan(5);
      },
      600_000,
    );
  });
}
