/** A soak is red where something grows, and only there. */
import { describe, expect, it } from 'vitest';
import { seededChoice } from '../fakes/seeded-choice.ts';
import type { Sample } from './sample.ts';
import { grown, leftOver, slopeOf } from './verdict.ts';

const megabyte = 1024 * 1024;

/** Thirty rounds of 3000 operations, with half a megabyte of noise. */
const rounds = (heapAfter: (operations: number) => number): Sample[] => {
  const choose = seededChoice(1);
  return Array.from({ length: 30 }, (_, index) => {
    const operations = 3000 * (index + 1);
    const heapBytes = heapAfter(operations) + choose(megabyte / 2);
    return { operations, seconds: index, heapBytes, handles: 2, openIntents: 0, items: 15 };
  });
};
const flat = rounds(() => 25 * megabyte);

describe('the heap', () => {
  it('may be as noisy as it is', () => {
    expect(grown(flat)).toEqual([]);
  });

  it('may grow in the earlier half, until all code is compiled', () => {
    const settling = rounds((operations) => (24 + Math.min(1, operations / 40_000)) * megabyte);
    expect(grown(settling)).toEqual([]);
  });

  it('does not keep a hundred bytes of each operation', () => {
    const leaking = rounds((operations) => 25 * megabyte + 100 * operations);
    expect(grown(leaking)).toEqual([
      expect.stringMatching(/^the heap went from/),
      expect.stringMatching(/^the heap grew by 9\d\.\d MB per million operations/),
    ]);
    expect(slopeOf(leaking).value).toBeCloseTo((100 * 1_000_000) / megabyte, -1);
  });

  it('does not jump, however flat it is after that', () => {
    const jumping = rounds((operations) => (operations < 10_000 ? 25 : 31) * megabyte);
    expect(grown(jumping)).toEqual([expect.stringMatching(/^the heap went from 25.* to 31.* MB$/)]);
  });

  it('is judged by six rounds at least', () => {
    expect(grown(flat.slice(0, 5))).toEqual(['too little was measured']);
  });
});

describe('what is left over', () => {
  it('is nothing where all came back to its start', () => {
    expect(leftOver(flat)).toEqual([]);
  });

  it.each(['handles', 'openIntents', 'items'] as const)('tells of %s', (what) => {
    const [last] = flat.slice(-1);
    if (last === undefined) throw new Error('Nothing was measured');
    const more = { ...last, operations: 93_000, [what]: last[what] + 1 };
    expect(leftOver([...flat, more])).toEqual([
      `${what} went from ${last[what]} to ${last[what] + 1}`,
    ]);
  });

  it('takes two rounds to tell', () => {
    expect(leftOver(flat.slice(0, 1))).toEqual(['nothing was measured']);
  });
});
