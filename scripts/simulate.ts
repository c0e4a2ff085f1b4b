/**
 * `npm run test:simulate -- --runs <n> --seed <n>`: draws so many schedules from the seed and runs them
 * on all processors. At the first that breaks a promise it stops, and prints the smallest schedule
 * that does and the command that runs it again.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Draw, Failure } from '../test/simulation/explore.ts';
import type { Explored } from './simulate/worker.ts';

/** A draw has its own seed, so that the schedules are the same on any number of processors. */
const drawRuns = 250;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    path: { type: 'string' },
  },
});
const runs = numberOf('--runs', values.runs);
const seed = numberOf('--seed', values.seed);
const draws: Draw[] =
  values.path === undefined
    ? Array.from({ length: Math.ceil(runs / drawRuns) }, (_, index) => ({
        runs: Math.min(drawRuns, runs - index * drawRuns),
        seed: seed + index,
      }))
    : [{ runs: 1, seed, path: values.path }];

const counts = new Map<string, number>();
const startedAt = performance.now();
let done = 0;
let failure: Failure | null = null;

await Promise.all(Array.from({ length: Math.min(availableParallelism(), draws.length) }, work));
for (const what of [...counts.keys()].sort()) {
  say(`${grouped(counts.get(what) ?? 0).padStart(12)}  ${what}`);
}
say(told());
if (failure !== null) {
  report(failure);
  process.exitCode = 1;
}

/** Takes one draw after the other. */
async function work(): Promise<void> {
  const worker = fork(new URL('./simulate/worker.ts', import.meta.url), {
    serialization: 'advanced',
  });
  for (let draw = draws.shift(); draw !== undefined && failure === null; draw = draws.shift()) {
    const explored = await explore(worker, draw);
    done += explored.runs;
    failure ??= explored.failure;
    for (const [what, count] of explored.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    say(told());
  }
  worker.disconnect();
}

function explore(worker: ChildProcess, draw: Draw): Promise<Explored> {
  return new Promise((resolve, reject) => {
    const died = () => reject(new Error('A process of the simulation has died'));
    worker.once('exit', died);
    worker.once('message', (explored: Explored) => {
      worker.off('exit', died);
      resolve(explored);
    });
    worker.send(draw);
  });
}

function told(): string {
  const seconds = (performance.now() - startedAt) / 1000;
  const each = (done / seconds).toFixed(1);
  return `${grouped(done)} of ${grouped(runs)} schedules, ${seconds.toFixed(0)} s, ${each} a second, ${failure === null ? 0 : 1} violations`;
}

function report({ seed: failed, path, scenario, made, broken }: Failure): void {
  say(`\nBroken by seed ${failed}:\n${broken.join('\n')}\n`);
  say(JSON.stringify(scenario, null, 1));
  say(`\nWhat took effect:\n${made.join('\n')}`);
  say(`\nAgain: npm run test:simulate -- --seed ${failed} --path ${path}`);
}

function numberOf(option: string, text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new Error(`${option} must be a whole number`);
  return Number(text);
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
