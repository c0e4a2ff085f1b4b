/**
 * Two or three processes at the same stores, call by call in every order there is. After each call
 * that took effect, and once all is at rest, everything that must hold is looked at.
 */
import { setImmediate as afterAllThatIsReady } from 'node:timers/promises';
import { DomainError } from '../../lambdas/shared/domain/errors.ts';
import type { RotationEvent } from '../fakes/secrets-manager.ts';
import { seededChoice } from '../fakes/seeded-choice.ts';
import { type Received, type Sent, startedService } from '../fakes/service.ts';
import { type CallPort, faultyStores } from './faulty-stores.ts';
import { brokenAtRest, brokenNow, isLetIn, type World } from './invariants.ts';
import { type Born, rotationPauseMs } from './matrix.ts';

/** What one process does. */
export interface Contender {
  readonly name: string;
  /**
   * A request, as the admin unless it says otherwise; `reconciler` for a run of it a fence later;
   * `rotation` for a run of the schedule; `secrets-manager` for the steps of the rotation of the secret
   * `litellm/a` that Secrets Manager has begun, and begins again in the end where it failed.
   */
  readonly sent: ((of: Born) => Sent) | 'reconciler' | 'rotation' | 'secrets-manager';
  /** Of the steps of a rotation: those that it takes; all unless said. */
  readonly steps?: readonly RotationEvent['Step'][];
  /** Statuses that are right, whoever comes first. */
  readonly expected?: readonly number[];
  /** Values that no check which starts after a 200 lets in. */
  readonly revokes?: (of: Born, answer: Received) => readonly string[];
}

export interface Race {
  readonly name: string;
  readonly born: object;
  readonly before?: (world: World, of: Born) => Promise<void>;
  readonly contenders: readonly Contender[];
  /** Set where there are too many orders: so many are drawn instead. `FAULTS=2` tries 20,000 in turn. */
  readonly drawn?: number;
  /** What must hold in the end, given the answers in the order of the contenders and the calls as made. */
  readonly finally?: (
    world: World,
    of: Born,
    answers: readonly Received[],
    made: readonly string[],
  ) => string[];
}

export interface Explored {
  readonly orders: number;
  /** At most the first few, each with the order that shows it. */
  readonly violations: readonly string[];
  /** How often each combination of answers came. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** More orders than this are not tried. */
const most = 20_000;

/** Tries every order, or draws some. */
export async function explore(race: Race): Promise<Explored> {
  const violations: string[] = [];
  const outcomes: Record<string, number> = {};
  let orders = 0;
  const attempt = async (turns: Turns) => {
    const { broken, statuses } = await run(race, turns);
    orders += 1;
    outcomes[statuses] = (outcomes[statuses] ?? 0) + 1;
    if (violations.length < 5) {
      violations.push(...broken.map((sentence) => `${turns.told()}: ${sentence}`));
    }
    return turns.nextPath();
  };
  if (race.drawn !== undefined && process.env['FAULTS'] !== '2') {
    const choose = seededChoice(race.name.length);
    while (orders < race.drawn) await attempt(new Turns((_made, of) => choose(of)));
  } else {
    let path: readonly number[] | null = [];
    for (let tried = 0; path !== null && tried < most; tried += 1) {
      const along: readonly number[] = path;
      path = await attempt(new Turns((made) => along[made] ?? 0));
    }
  }
  return { orders, violations, outcomes };
}

/** Decides whose call is next. */
class Turns {
  readonly #choose: (made: number, of: number) => number;
  readonly #choices: { readonly taken: number; readonly of: number }[] = [];
  readonly #waiting: { readonly name: string; readonly go: () => void }[] = [];
  readonly made: string[] = [];

  /** @param choose one of so many that wait, after so many choices were made */
  constructor(choose: (made: number, of: number) => number) {
    this.#choose = choose;
  }

  /** A process waits here before each of its calls. */
  wait(name: string): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ name, go });
    });
  }

  /** Lets one call after the other go, until nobody waits any more. */
  async take(): Promise<void> {
    for (;;) {
      await afterAllThatIsReady();
      const of = this.#waiting.length;
      if (of === 0) return;
      const taken = this.#choose(this.#choices.length, of);
      this.#choices.push({ taken, of });
      const [next] = this.#waiting.splice(taken, 1);
      this.made.push(next?.name ?? '');
      next?.go();
    }
  }

  /** The next path in order, or null after the last one. */
  nextPath(): readonly number[] | null {
    const choices = [...this.#choices];
    for (let last = choices.pop(); last !== undefined; last = choices.pop()) {
      if (last.taken + 1 < last.of) return [...choices.map(({ taken }) => taken), last.taken + 1];
    }
    return null;
  }

  told(): string {
    return this.made.join(', ');
  }
}

/** A step of a rotation has no answer but its failure. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof DomainError)) throw error;
}

async function run(race: Race, turns: Turns) {
  const world = await startedService();
  const { due, clock, settings } = world;
  const of: Born = (await world.generate(race.born)).body;
  await race.before?.(world, of);
  const broken: string[] = [];
  const revoked = new Map<string, string>();
  const observe = () => {
    broken.push(...brokenNow(world));
    for (const [value, by] of revoked) {
      if (isLetIn(world, value)) broken.push(`I7: a value is let in after ${by}`);
    }
  };
  const storesOf = (name: string) => {
    const port: CallPort = {
      async call(call, limitMs, work, _throttled, unanswered) {
        await turns.wait(`${name} ${call}`);
        if (limitMs <= 0) return unanswered();
        const result = await work();
        observe();
        return result;
      },
    };
    return faultyStores(world.processStores, port);
  };

  const answers: Received[] = [];
  const contend = async (
    { name, sent, steps, expected = [200], revokes }: Contender,
    index: number,
  ) => {
    if (sent === 'reconciler') {
      await turns.wait(`${name} begins`);
      await clock.pass((settings.timing.fenceSeconds + 1) * 1000);
      await world.repair(storesOf(name));
      return;
    }
    if (sent === 'rotation') {
      await world.rotate(storesOf(name));
      return;
    }
    if (sent === 'secrets-manager') {
      await world.takeSteps('litellm/a', storesOf(name), steps).catch(unlessRefused);
      return;
    }
    const request = sent(of);
    const headers = { authorization: 'Bearer sk-1234', ...request.headers };
    const answer = await world.sendThrough(storesOf(name), { ...request, headers });
    answers[index] = answer;
    if (!expected.includes(answer.status)) broken.push(`${name} answered ${answer.status}`);
    if (answer.status >= 500 && answer.headers['retry-after'] === undefined) {
      broken.push(`${name} answered ${answer.status} without Retry-After`);
    }
    if (answer.status !== 200) return;
    for (const value of revokes?.(of, answer) ?? []) revoked.set(value, name);
  };
  const all = Promise.all(race.contenders.map(contend));
  await turns.take();
  await all;

  const rest = async () => {
    for (let pass = 0; pass < 4; pass += 1) {
      await clock.pass(
        (settings.timing.fenceSeconds + settings.timing.reconcilerPeriodSeconds) * 1000,
      );
      const found = [
        await due.findDue(world.now(), 1),
        await due.findReminders(world.now(), 1),
      ].flat();
      if (found.length > 0) await world.repair();
      observe();
    }
  };
  await rest();
  if (race.contenders.some(({ sent }) => sent === 'rotation')) {
    // Whoever was put off has another turn.
    await clock.pass(rotationPauseMs);
    await world.rotate();
    await rest();
  }
  if (race.contenders.some(({ sent }) => sent === 'secrets-manager')) {
    await world.takeSteps('litellm/a').catch(unlessRefused);
    await rest();
  }
  await world.deliver();
  broken.push(
    ...brokenAtRest(world, []),
    ...(race.finally?.(world, of, answers, turns.made) ?? []),
  );
  const statuses = answers.flatMap(({ status }) => status).join(' ');
  return { broken, statuses };
}
