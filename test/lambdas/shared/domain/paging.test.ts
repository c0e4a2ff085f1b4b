import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteOrder } from '../../../../lambdas/shared/domain/byte-order.ts';
import { deadlineOf } from '../../../../lambdas/shared/domain/deadline.ts';
import {
  type Page,
  pageOf,
  type Search,
  type Window,
} from '../../../../lambdas/shared/domain/paging.ts';
import type { Entry, Listing } from '../../../../lambdas/shared/domain/ports.ts';
import { FakeClock } from '../../../fakes/clock.ts';

const now = new Date();
const deadline = deadlineOf(20, () => now);

/** A list of as many entries, and how many were read of it. */
function listed(length: number): { readonly listing: Listing<Entry>; readonly read: () => number } {
  const entries = Array.from({ length }, (_, index) => ({
    position: String(index).padStart(5, '0'),
  }));
  let read = 0;
  return {
    read: () => read,
    listing: {
      read: async (after, count) => {
        const found = entries.filter(({ position }) => after === null || position > after);
        const page = found.slice(0, count);
        read += page.length;
        return page;
      },
      count: async (bound) => Math.min(length, bound),
    },
  };
}

/** Reads items, each batch in so many milliseconds; everything fits. */
function slowly(ms: number) {
  const clock = new FakeClock();
  const batches: number[] = [];
  const keep = async (entries: readonly Entry[]) => {
    batches.push(entries.length);
    clock.advance(ms);
    return entries;
  };
  return { clock, search: { readsItems: true, keep }, batches, deadline: deadlineOf(8, clock.now) };
}

const plan = fc.record({
  // About the steps in which a filter looks, and the bound of a page.
  length: fc.constantFrom(0, 1, 249, 250, 251, 500, 749, 999, 1000, 1001, 1250, 2003),
  /** One in so many fits, beginning with this one. */
  every: fc.constantFrom(1, 2, 3, 100, 250, 999, 5000),
  first: fc.nat(300),
  sizes: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 4 }),
});

describe('a filtered list through a cursor', () => {
  it('has each entry that fits once, in order, and no page looks at more than 1,000', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ length, every, first, sizes }) => {
        const fits = ({ position }: Entry) =>
          Number(position) >= first && (Number(position) - first) % every === 0;
        const search: Search<Entry> = {
          readsItems: false,
          keep: async (entries) => entries.filter(fits),
        };
        const found: Entry[] = [];
        const { listing, read } = listed(length);
        let after: string | null = null;
        for (let page = 0; page === 0 || after !== null; page += 1) {
          const before = read();
          const size = sizes[page % sizes.length] ?? 1;
          const window: Window = { kind: 'cursor', after, size };
          const { entries, next }: Page<Entry> = await pageOf(listing, window, search, deadline);
          expect(entries.length).toBeLessThanOrEqual(size);
          expect(read() - before).toBeLessThanOrEqual(1000);
          // A page is short only where as much was looked at as may be.
          if (next !== null && entries.length < size) expect(read() - before).toBe(1000);
          found.push(...entries);
          after = next;
        }
        const all = await listed(length).listing.read(null, length, 1);
        expect(found).toEqual(all.filter(fits));
      }),
      { numRuns: 300 },
    );
  });
});

describe('items', () => {
  const page = (number: number, size = 100): Window => ({ kind: 'page', page: number, size });
  const begin: Window = { kind: 'cursor', after: null, size: 100 };
  const backwards = {
    compare: (left: Entry, right: Entry) => byteOrder(right.position, left.position),
  };

  it('are read a hundred at a time, and no more kept than the page has', async () => {
    const { search, batches, deadline: until } = slowly(0);
    for (const [asked, more, first, last] of [
      [page(3), {}, '00200', '00299'],
      [page(10), {}, '00900', '00949'],
      [page(3), backwards, '00749', '00650'],
      [page(10), backwards, '00049', '00000'],
      [page(4, 3), {}, '00009', '00011'],
    ] as const) {
      batches.length = 0;
      const { listing } = listed(950);
      const found = await pageOf(listing, asked, { ...search, ...more }, until);
      expect(found.total).toEqual({ count: 950, isExact: true });
      expect([found.entries[0]?.position, found.entries.at(-1)?.position]).toEqual([first, last]);
      expect(batches).toEqual([...Array.from({ length: 9 }, () => 100), 50]);
    }
  });

  it('are read through a cursor while there is time, at least a hundred', async () => {
    for (const [ms, most] of [
      [1000, 500],
      [4400, 200],
      [4500, 200],
      [4501, 100],
      [6000, 100],
    ] as const) {
      let after: string | null = null;
      const found: Entry[] = [];
      do {
        // Each page is a call of its own.
        const { search, batches, deadline: until } = slowly(ms);
        const none = {
          ...search,
          keep: async (e: readonly Entry[]) => (await search.keep(e)).slice(0, 1),
        };
        const { listing } = listed(1234);
        const got: Page<Entry> = await pageOf(listing, { ...begin, after }, none, until);
        expect(batches.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(most);
        expect(got.next === null || got.next > (after ?? '')).toBe(true);
        found.push(...got.entries);
        after = got.next;
      } while (after !== null);
      const expected = Array.from({ length: 13 }, (_, n) => `${String(n).padStart(3, '0')}00`);
      expect(found.map(({ position }) => position)).toEqual(expected);
    }
  });

  it('are read a hundred even where time is short from the beginning', async () => {
    const { clock, search, batches, deadline: until } = slowly(0);
    clock.advance(6500);
    const found = await pageOf(listed(1000).listing, begin, search, until);
    expect([batches, found.entries.length, found.next]).toEqual([[100], 100, '00099']);
    const whole = await pageOf(listed(100).listing, page(1), search, until);
    expect(whole.entries.length).toBe(100);
  });

  it('are not read by number past the time that there is, which names the cursor', async () => {
    const way =
      'page through it with cursor: send an empty one first, then the next_cursor of each answer.';
    for (const [more, param, message] of [
      [{}, null, `Narrow the list, or ${way}`],
      [backwards, 'sort_by', `Narrow the list, or leave sort_by out and ${way}`],
      [{ instead: 'Do this.' }, null, 'Do this.'],
    ] as const) {
      const { search, batches, deadline: until } = slowly(3000);
      const asked = pageOf(listed(1000).listing, page(1), { ...search, ...more }, until);
      await expect(asked).rejects.toMatchObject({
        kind: 'invalid',
        param,
        message: `There was no time to look through all of the list. ${message}`,
      });
      expect(batches).toEqual([100, 100]);
      const short = slowly(3000);
      const whole = await pageOf(listed(200).listing, page(1), short.search, short.deadline);
      expect(whole.total).toEqual({ count: 200, isExact: true });
    }
  });
});

describe('a page past the end', () => {
  it('reads nothing that no page reaches', async () => {
    const { listing, read } = listed(12);
    const window: Window = { kind: 'page', page: 2000, size: 100 };
    const found = await pageOf(listing, window, null, deadline);
    expect(found).toEqual({ entries: [], next: null, total: { count: 12, isExact: true } });
    expect(read()).toBe(0);
  });
});
