/** One invocation of a function, whose calls take time, meet faults, and end with it. */
import type { FakeClock } from '../fakes/clock.ts';
import { seededChoice } from '../fakes/seeded-choice.ts';
import { Died } from '../faults/fault-port.ts';
import type { CallPort } from '../faults/faulty-stores.ts';
import type { Trouble } from './scenario.ts';

/** What an invocation of the simulation runs in. */
export interface Surroundings {
  readonly clock: FakeClock;
  /** How long after its sender gave up a late call may take effect: the protocol's D. */
  readonly lateMs: number;
  /** Called whenever something may have taken effect, with whose call of what it was. */
  readonly observe: (made: string) => void;
  /** Called for each call, with the fault that hits it. */
  readonly count: (fault: string) => void;
}

export const noTrouble: Trouble = { faults: [], pace: 0, aheadMs: 0 };

const reads = ['load', 'count', 'list', 'records', 'read'];
/** A call without trouble, each way. */
const shortMs = 5;

/**
 * The calls of one invocation. Each takes effect on its way, at a moment of its own, so that the calls
 * of several meet in any order. The faults are those of the crash matrix (`fault-port.ts`).
 */
export class SimulatedProcess implements CallPort {
  readonly #name: string;
  readonly #trouble: Trouble;
  readonly #surroundings: Surroundings;
  readonly #choose: (bound: number) => number;
  #calls = 0;
  #changes = 0;
  isDead = false;

  /** @param name whose it is, for a report */
  constructor(name: string, trouble: Trouble, surroundings: Surroundings) {
    this.#name = name;
    this.#trouble = trouble;
    this.#surroundings = surroundings;
    this.#choose = seededChoice(trouble.pace);
  }

  /** The next invocation takes its place; its calls go on counting. */
  revive(): void {
    this.isDead = false;
  }

  /** Whether a change has not come back; whoever answers has no use for what a read would tell. */
  get isChanging(): boolean {
    return this.#changes > 0;
  }

  async call<T>(
    name: string,
    limitMs: number,
    effect: () => Promise<T>,
    throttled: () => T,
    unanswered: () => T,
  ): Promise<T> {
    if (this.isDead) throw new Died();
    if (limitMs <= 0) return unanswered();
    const changes = reads.includes(name) ? 0 : 1;
    this.#changes += changes;
    try {
      return await this.#made(name, limitMs, effect, throttled, unanswered);
    } finally {
      this.#changes -= changes;
    }
  }

  async #made<T>(
    name: string,
    limitMs: number,
    effect: () => Promise<T>,
    throttled: () => T,
    unanswered: () => T,
  ): Promise<T> {
    const { clock, lateMs, observe, count } = this.#surroundings;
    this.#calls += 1;
    const fault = this.#trouble.faults.find(({ call }) => call === this.#calls)?.kind;
    count(fault ?? 'none');
    const thereMs = this.#wayMs(limitMs);
    const backMs = this.#wayMs(limitMs - thereMs);
    /** What was sent takes effect, whatever has become of its sender. */
    const work = async () => {
      const result = await effect();
      observe(`${this.#name}: ${name}${fault === undefined ? '' : `, ${fault}`}`);
      return result;
    };
    const pass = async (ms: number) => {
      await clock.sleep(ms);
      // Another call of the same process may have been its death.
      if (this.isDead) throw new Died();
    };
    const die = (): never => {
      this.isDead = true;
      throw new Died();
    };
    const answerAfter = async (ms: number) => {
      await clock.sleep(ms);
      const result = await work();
      await pass(backMs);
      return result;
    };
    switch (fault) {
      case undefined:
        return answerAfter(thereMs);
      case 'slow':
        return answerAfter(limitMs - 1 - backMs);
      case 'die-before':
        return die();
      case 'die-after':
        await clock.sleep(thereMs);
        await work();
        return die();
      case 'error-before':
        await pass(thereMs + backMs);
        return throttled();
      case 'error-after':
        await answerAfter(thereMs);
        return unanswered();
      case 'timeout-before':
        await pass(limitMs);
        return unanswered();
      case 'timeout-after':
        await clock.sleep(thereMs);
        await work();
        await pass(limitMs - thereMs);
        return unanswered();
      case 'late':
        clock.at(limitMs + this.#choose(lateMs), async () => {
          await work();
        });
        await pass(limitMs);
        return unanswered();
    }
  }

  #wayMs(leftMs: number): number {
    const drawn = this.#trouble.pace === 0 ? shortMs : this.#drawnMs();
    return Math.min(drawn, Math.max(0, Math.floor(leftMs / 2) - 1));
  }

  /** Mostly short, at times long enough to be overtaken by whole requests. */
  #drawnMs(): number {
    const kind = this.#choose(20);
    if (kind === 0) return this.#choose(2000);
    return kind < 6 ? this.#choose(200) : this.#choose(20);
  }
}
