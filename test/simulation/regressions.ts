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
  {
    // Seed 2001. The key was deleted before the update, whose first answer was lost, was sent again.
    what: 'an update that was made was refused with a 404',
    scenario: {
      phases: [
        {
          happenings: [
            {
              who: 'client',
              atMs: 0,
              action: {
                do: 'generate',
                alias: null,
                isMailed: false,
                isBadAddress: false,
                isMirrored: true,
                isRotated: true,
                isShortLived: true,
                custom: null,
              },
              caller: 'master',
              isIdempotent: false,
              retries: 0,
              twinMs: null,
              againMs: null,
              trouble: { faults: [], pace: 0, aheadMs: 0 },
            },
            {
              who: 'client',
              atMs: 41,
              action: { do: 'update', key: 6, name: 'id' },
              caller: 'master',
              isIdempotent: false,
              retries: 0,
              twinMs: null,
              againMs: null,
              trouble: {
                faults: [
                  { call: 2, kind: 'error-after' },
                  { call: 3, kind: 'slow' },
                ],
                pace: 0,
                aheadMs: 0,
              },
            },
            {
              who: 'client',
              atMs: 0,
              action: { do: 'delete', keys: [1], name: 'id' },
              caller: 'master',
              isIdempotent: false,
              retries: 0,
              twinMs: null,
              againMs: null,
              trouble: { faults: [{ call: 2, kind: 'die-after' }], pace: 905281, aheadMs: 0 },
            },
          ],
          gapMs: 30000,
        },
      ],
      staleness: 0,
      stream: 0,
    },
  },
  {
    // Seed 5. The end of the rename was not answered, and the key deleted before it was sent again.
    what: 'a rename that was made was refused with a 409',
    scenario: {
      phases: [
        {
          happenings: [
            {
              who: 'client',
              atMs: 0,
              action: { do: 'rename', key: 1, name: 'id', alias: 1 },
              caller: 'master',
              isIdempotent: false,
              retries: 0,
              twinMs: null,
              againMs: null,
              trouble: { faults: [{ call: 6, kind: 'timeout-after' }], pace: 0, aheadMs: 0 },
            },
            {
              who: 'client',
              atMs: 0,
              action: { do: 'delete', keys: [1], name: 'id' },
              caller: 'master',
              isIdempotent: false,
              retries: 0,
              twinMs: 0,
              againMs: null,
              trouble: { faults: [{ call: 1, kind: 'die-before' }], pace: 18468, aheadMs: 0 },
            },
            {
              who: 'audit-reader',
              atMs: 0,
              batches: 1,
              isFromStart: false,
              trouble: { faults: [{ call: 1, kind: 'die-before' }], pace: 0, aheadMs: 0 },
            },
          ],
          gapMs: 660000,
        },
        {
          happenings: [
            {
              who: 'client',
              atMs: 0,
              action: { do: 'delete', keys: [0], name: 'id' },
              caller: 'master',
              isIdempotent: false,
              retries: 0,
              twinMs: null,
              againMs: null,
              trouble: { faults: [{ call: 1, kind: 'die-before' }], pace: 0, aheadMs: 0 },
            },
          ],
          gapMs: 30000,
        },
      ],
      staleness: 0,
      stream: 0,
    },
  },
];
