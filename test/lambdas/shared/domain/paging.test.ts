import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadlineOf } from '../../../../lambdas/shared/domain/deadline.ts';
import {
  type Page,
  pageOf,
  type Search,
  type Window,
} from '../../../../lambdas/shared/domain/paging.ts';
import type { Entry, Listing } from '../../../../lambdas/shared/domain/ports.ts';

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
