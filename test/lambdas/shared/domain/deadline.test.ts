import { describe, expect, it } from 'vitest';
import { deadlineOf } from '../../../../lambdas/shared/domain/deadline.ts';
import { FakeClock } from '../../../fakes/clock.ts';

/** The limits of a call so long after the start of a function with 20 seconds. */
function limitsAfter(ms: number) {
  const clock = new FakeClock();
  const deadline = deadlineOf(20, clock.now);
  clock.advance(ms);
  return [deadline.tableLimitMs(), deadline.secretLimitMs()];
}

describe('the limit of a call', () => {
  it.each([
    ['at the start', 0, [2500, 4000]],
    ['at the last moment for a secret', 15_000, [2500, 4000]],
    ['after it', 15_001, [2500, 0]],
    ['near the end', 18_000, [1000, 0]],
    ['in the last second', 19_000, [0, 0]],
    ['past the end', 25_000, [0, 0]],
  ])('leaves a second to compensate: %s', (_, ms, limits) => {
    expect(limitsAfter(ms)).toEqual(limits);
  });

  it.each([
    [0, true],
    [16_500, true],
    [16_501, false],
    [25_000, false],
  ])('can be as long as any after %i ms: %j', (ms, expected) => {
    const clock = new FakeClock();
    const deadline = deadlineOf(20, clock.now);
    clock.advance(ms);
    expect(deadline.hasTimeForMore()).toBe(expected);
  });

  it('lets a call to Secrets Manager be made twice in a short function', () => {
    expect(deadlineOf(8, new FakeClock().now).secretLimitMs()).toBe(1500);
  });
});
