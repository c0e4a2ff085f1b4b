/** What `npm run bench` shows of 100,000 keys, with fewer of them. */
import { expect, it } from 'vitest';
import { growth } from '../../bench/growth.ts';
import { isMet } from '../../bench/row.ts';

it('an operation, or a page of a list, takes as much of the stores however many keys there are', async () => {
  const rows = await growth(2000);
  expect(rows.length).toBeGreaterThan(30);
  expect(rows.filter((row) => !isMet(row))).toEqual([]);
});
