/**
 * Clients at work on the deployed stack while its stores fail and its functions are killed. Then all
 * comes to rest, and everything that was told and stored must agree. `CHAOS_OPERATIONS` says how many
 * operations there are, `CHAOS_SEED` repeats a run's choices; how they meet is left to chance.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { seededChoice } from '../fakes/seeded-choice.ts';
import { chaosClient, type World } from './chaos/chaos-client.ts';
import { comeToRest, expectKnown, expectMails, expectSecrets, expectTrails } from './chaos/rest.ts';
import { Storm } from './chaos/storm.ts';
import { Tally } from './chaos/stubborn-client.ts';
import { expectLetIn, expectRepeats } from './chaos/told.ts';
import { invoke, outputOf } from './local-aws.ts';

const clients = 16;
const operations = Number(process.env['CHAOS_OPERATIONS'] ?? 500);
const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);

it(`${operations} operations under faults and kills leave everything in agreement`, async () => {
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  const world: World = {
    tag: `t${seed}`,
    tally: new Tally(),
    storm: new Storm(seededChoice(seed)),
    keys: [],
    repeatable: [],
    violations: [],
  };
  const { tally, storm, keys, violations } = world;

  const runs = await whileReconciling(async () => {
    let left = operations;
    const work = async (_: unknown, index: number) => {
      const operate = chaosClient(`c${index}`, seededChoice(seed + index + 1), world);
      while (left > 0) {
        left -= 1;
        await operate();
      }
    };
    await Promise.all(Array.from({ length: clients }, work));
  });
  await storm.end();
  report({
    seed,
    operations,
    'seconds of work': seconds(),
    answers: tally.answers,
    faults: storm.struck,
    'workers killed': storm.killed,
    'answers of the gateway itself': tally.gatewayErrors,
    'runs of the reconciler meanwhile': runs,
  });
  const { rows, passes } = await comeToRest(world.tag);
  const trails = await expectTrails(rows, keys);
  report({
    'runs of the reconciler after': passes,
    keys: rows.length,
    'live secrets': await expectSecrets(rows),
    records: [...trails.values()].flat().length,
    ...(await expectMails(rows, trails)),
    'facts told and found': expectKnown(rows, keys),
    'values checked': await expectLetIn(rows, keys),
    'answers told again': await expectRepeats(rows, world.repeatable),
    'seconds in all': seconds(),
  });

  expect(violations).toEqual([]);
  expect(tally.faulty).toEqual([]);
  expect(tally.gatewayErrors).toBeLessThanOrEqual(storm.killed);
}, 600_000);

const report = (figures: object) => {
  process.stdout.write(`chaos: ${JSON.stringify(figures)}\n`);
};

/** Runs the scheduled function again and again, whatever becomes of it. Answers how often. */
async function whileReconciling(work: () => Promise<void>): Promise<number> {
  const end = new AbortController();
  let runs = 0;
  const reconciling = (async () => {
    while (!end.signal.aborted) {
      await invoke(outputOf('ReconcilerFunctionName'), {}).catch(() => null);
      runs += 1;
      await sleep(3000);
    }
  })();
  await work().finally(() => end.abort());
  await reconciling;
  return runs;
}
