/** A process that explores what it is told to, and tells what happened. */
import { type Draw, explore, type Failure } from '../../test/simulation/explore.ts';

/** What it tells about each draw. */
export interface Explored {
  readonly runs: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly failure: Failure | null;
}

async function work(draw: Draw): Promise<Explored> {
  const counts = new Map<string, number>();
  let runs = 0;
  const failure = await explore(draw, (simulated) => {
    runs += 1;
    for (const [what, count] of simulated.counts) {
      counts.set(what, (counts.get(what) ?? 0) + count);
    }
  });
  return { runs, counts, failure };
}

process.on('message', (draw: Draw) => {
  void work(draw).then((explored) => process.send?.(explored));
});
