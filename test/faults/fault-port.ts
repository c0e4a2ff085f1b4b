/**
 * Injects faults into the calls that one process makes to its stores. The calls are numbered in the
 * order they are made; a plan says what happens at which.
 */
import { Unavailable } from '../../lambdas/shared/domain/errors.ts';
import type { FakeClock } from '../fakes/clock.ts';

/**
 * - `die`: the process is gone, before the call took effect or after it
 * - `error`: the store answers at once with a throttle (before) or a server error (after)
 * - `timeout`: no answer comes within the limit, the effect taking place before it or not at all
 * - `late`: no answer comes within the limit, and the effect takes place long after
 * - `slow`: the answer comes in the last millisecond
 */
export const faultKinds = [
  'die-before',
  'die-after',
  'error-before',
  'error-after',
  'timeout-before',
  'timeout-after',
  'late',
  'slow',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Faults by the number of the call they hit, from 1. */
export type FaultPlan = ReadonlyMap<number, FaultKind>;

/** Thrown by every call of a process that has died. */
export class Died extends Error {}

/** What a call does without a fault takes. */
const callMs = 10;

/** The calls of one process, and after its death none. */
export class FaultyProcess {
  readonly #plan: FaultPlan;
  readonly #clock: FakeClock;
  /** How long after its sender gave up a late call takes effect: the protocol's D. */
  readonly #lateMs: number;
  /** Called whenever something has taken effect. */
  readonly #observe: () => void;
  calls = 0;
  isDead = false;
  /** Names of the calls made, for a report. */
  readonly made: string[] = [];

  constructor(
    plan: FaultPlan,
    clock: FakeClock,
    lateMs: number,
    observe: () => void = () => undefined,
  ) {
    this.#plan = plan;
    this.#clock = clock;
    this.#lateMs = lateMs;
    this.#observe = observe;
  }

  /**
   * Makes a call under the plan.
   *
   * @param throttled the answer of a call that had no effect
   * @param unanswered the answer of a call whose effect is unknown
   */
  async call<T>(
    name: string,
    limitMs: number,
    effect: () => Promise<T>,
    throttled: () => T,
    unanswered: () => T,
  ): Promise<T> {
    if (this.isDead) throw new Died();
    if (limitMs <= 0) return unanswered();
    this.calls += 1;
    this.made.push(name);
    const tookMs = Math.min(callMs, limitMs);
    const work = async () => {
      const result = await effect();
      this.#observe();
      return result;
    };
    this.#clock.advance(tookMs);
    switch (this.#plan.get(this.calls)) {
      case undefined:
        return work();
      case 'die-before':
        this.isDead = true;
        throw new Died();
      case 'die-after':
        await work();
        this.isDead = true;
        throw new Died();
      case 'error-before':
        return throttled();
      case 'error-after':
        await work();
        return unanswered();
      case 'timeout-before':
        this.#clock.advance(limitMs - tookMs);
        return unanswered();
      case 'timeout-after':
        await work();
        this.#clock.advance(limitMs - tookMs);
        return unanswered();
      case 'late':
        this.#clock.advance(limitMs - tookMs);
        this.#clock.at(this.#lateMs, async () => {
          await work();
        });
        return unanswered();
      case 'slow':
        this.#clock.advance(Math.max(0, limitMs - 1 - tookMs));
        return work();
    }
  }
}

/** A read has no outcome to tell apart. */
export const cannotRead = (): never => {
  throw new Unavailable('The tables cannot be read at the moment.', 2);
};
