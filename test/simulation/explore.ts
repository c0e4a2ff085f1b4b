/** Draws scenarios, runs them, and makes the first one that breaks something as small as it gets. */
import * as fc from 'fast-check';
import { type Scenario, scenarios } from './scenario.ts';
import { type Simulated, simulate } from './simulate.ts';

/** `path` leads to one scenario of the seed, as a failure told it. */
export interface Draw {
  readonly runs: number;
  readonly seed: number;
  readonly path?: string | undefined;
}

export interface Failure {
  readonly seed: number;
  readonly path: string;
  readonly scenario: Scenario;
  readonly broken: readonly string[];
  /** What took effect, in that order. */
  readonly made: readonly string[];
}

/**
 * Runs that many scenarios, or until one breaks something. The same draw gives the same scenarios.
 *
 * @param onRun told about each run, those included that make a failure smaller
 */
export async function explore(
  { runs, seed, path }: Draw,
  onRun: (simulated: Simulated) => void,
): Promise<Failure | null> {
  const brokenBy = new Map<Scenario, Simulated>();
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    const simulated = await simulate(scenario);
    onRun(simulated);
    if (simulated.broken.length > 0) brokenBy.set(scenario, simulated);
    return simulated.broken.length === 0;
  });
  const found = await fc.check(property, {
    seed,
    numRuns: runs,
    ...(path === undefined ? {} : { path }),
  });
  const [scenario] = found.counterexample ?? [];
  if (!found.failed || scenario === undefined) return null;
  return {
    seed: found.seed,
    path: found.counterexamplePath ?? '',
    scenario,
    broken: brokenBy.get(scenario)?.broken ?? [],
    made: brokenBy.get(scenario)?.made ?? [],
  };
}
