/** Stores that now and then are throttled, do not answer, or do what they were asked long after. */
import type { FakeClock } from '../fakes/clock.ts';
import type { ProcessStores } from '../fakes/service.ts';
import { type CallPort, faultyStores } from '../faults/faulty-stores.ts';

/** Of a hundred calls so many meet each kind of trouble. */
const percentOfEach = 8;

/** `choose` draws a number from 0 to below its argument. */
export function troubledStores(
  stores: ProcessStores,
  clock: FakeClock,
  lateMs: number,
  choose: (bound: number) => number,
): ProcessStores {
  const port: CallPort = {
    async call(_name, limitMs, effect, throttled, unanswered) {
      if (limitMs <= 0) return unanswered();
      switch (Math.floor(choose(100) / percentOfEach)) {
        case 0:
          return throttled();
        case 1:
          clock.advance(limitMs);
          return unanswered();
        case 2:
          await effect();
          clock.advance(limitMs);
          return unanswered();
        case 3:
          clock.advance(limitMs);
          clock.at(lateMs, async () => {
            await effect();
          });
          return unanswered();
        default:
          return effect();
      }
    },
  };
  return faultyStores(stores, port);
}
