/**
 * `npm run test:soak -- --minutes 10`: does the service keep anything? Mixed traffic in one process,
 * with its garbage collected and what is left measured at every rest (`test/soak/soak.ts`). Prints what
 * it measured, and fails where heap, handles, open intents or items do not come back to their start.
 */
import { parseArgs } from 'node:util';
import type { Sample } from '../test/soak/sample.ts';
import { soak } from '../test/soak/soak.ts';
import { grown, inMegabytes, leftOver, slopeOf } from '../test/soak/verdict.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error('--minutes must be a number above 0');

const startedAt = performance.now();
const secondsUntilNow = () => (performance.now() - startedAt) / 1000;
const { samples, answers, repaired, troubles, givenUp } = await soak({
  seed: Number(values.seed),
  operations: 3000,
  // Until then what the compiler keeps grows, and is let go of again.
  warmUpRounds: 10,
  goesOn: ({ length }) => length < 6 || secondsUntilNow() < minutes * 60,
});

const columns = ['seconds', 'operations', 'heap MB', 'handles', 'open intents', 'items'];
print(columns);
const every = Math.ceil(samples.length / 20);
for (const [index, sample] of samples.entries()) {
  if (index % every === 0 || index === samples.length - 1) print(cellsOf(sample));
}
const statuses = Object.groupBy(answers, ([answer]) => answer.slice(-3));
const told = Object.entries(statuses).map(
  ([status, each = []]) => `${each.reduce((sum, [, count]) => sum + count, 0)} × ${status}`,
);
const { value, error } = slopeOf(samples);
console.log(`\nAnswers: ${told.join(', ')}; ${repaired} steps closed by the reconciler`);
console.log(
  `Heap in the later half: ${value.toFixed(2)} ± ${(2 * error).toFixed(2)} MB per million operations`,
);
const broken = [
  ...leftOver(samples),
  ...grown(samples),
  ...(troubles > 0 ? [`${troubles} keys needed a person`] : []),
  ...(givenUp > 0 ? [`${givenUp} records of the stream were given up`] : []),
];
for (const sentence of broken) console.log(`FAILED: ${sentence}`);
if (broken.length > 0) process.exitCode = 1;
else console.log('Heap, handles, open intents and items are back at their start');

function cellsOf({ seconds, operations, heapBytes, handles, openIntents, items }: Sample) {
  const measured = [operations, inMegabytes(heapBytes), handles, openIntents, items];
  return [seconds.toFixed(0), ...measured.map(String)];
}

function print(cells: readonly string[]): void {
  console.log(cells.map((cell) => cell.padStart(14)).join(''));
}
