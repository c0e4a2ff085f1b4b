/** Some hundred schedules with each run of the tests; `npm run test:simulate` draws as many as wanted. */
import { expect, it } from 'vitest';
import { rotationSteps } from '../../lambdas/shared/protocol/rotate-secret.ts';
import { faultKinds } from '../faults/fault-port.ts';
import { explore } from './explore.ts';
import { regressions } from './regressions.ts';
import { callers } from './scenario.ts';
import { simulate } from './simulate.ts';

const seed = 1;
const runs = 300;

it(`keeps every promise in ${runs} schedules of seed ${seed}`, async () => {
  const counts = new Map<string, number>();
  const failure = await explore({ runs, seed }, (simulated) => {
    for (const [what, count] of simulated.counts) {
      counts.set(what, (counts.get(what) ?? 0) + count);
    }
  });
  expect(failure).toBeNull();
  // What did not happen proves nothing.
  const actions = [
    'generate',
    'update',
    'rename',
    'regenerate',
    'block',
    'unblock',
    'reset-spend',
    'delete',
    'bulk-update',
    'verify',
    'look',
  ];
  for (const what of [
    ...actions.flatMap((action) => [`answer ${action} 200`, `answer ${action} no answer`]),
    ...faultKinds.map((kind) => `fault ${kind}`),
    ...rotationSteps.map((step) => `step ${step}`),
    ...callers.map((caller) => `caller ${caller}`),
    'records given up',
    'mails sent again',
  ]) {
    expect.soft(counts.get(what) ?? 0, what).toBeGreaterThan(0);
  }
}, 180_000);

it.each(regressions)('keeps every promise where it once did not: $what', async ({ scenario }) => {
  expect((await simulate(scenario)).broken).toEqual([]);
});
