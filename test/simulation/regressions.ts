/** Schedules that broke a promise, as small as they get, each from the run that found it. */
import type { Scenario } from './scenario.ts';

export const regressions: readonly { readonly what: string; readonly scenario: Scenario }[] = [
  {
    // Seed 900. A repeat found the record, and then no open step: the first attempt had been undone.
    what: 'a repeat was told that a rename was done which was taken back',
    scenario: {
      phases: [
        {
          happenings: [
            {
              who: 'client',
              atMs: 0,
              action: { do: 'rename', key: 0, name: 'id', alias: 1 },
              caller: 'master',
              isIdempotent: true,
              retries: 0,
              twinMs: 95,
              againMs: null,
              trouble: { faults: [], pace: 259441, aheadMs: 0 },
            },
            {
              who: 'audit-reader',
              atMs: 100,
              batches: 1,
              isFromStart: false,
              trouble: { faults: [{ call: 1, kind: 'die-before' }], pace: 0, aheadMs: 0 },
            },
          ],
          gapMs: 30000,
        },
      ],
      staleness: 306537,
      stream: 0,
    },
  },
];
