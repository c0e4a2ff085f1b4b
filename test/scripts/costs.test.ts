/** What `npm run doctor` counts with is what the operations use. */
import { describe, expect, it } from 'vitest';
import { itemBytes } from '../../bench/costs/item-bytes.ts';
import { type OperationName, operations, usageOf } from '../../bench/costs/usage.ts';
import { writeUnits } from '../../bench/costs/write-units.ts';
import usage from '../../scripts/costs/usage.json' with { type: 'json' };

const names = Object.keys(operations).filter((name): name is OperationName => name in operations);

describe('what an operation uses of AWS', () => {
  it.each(names)('is what is kept of it (node bench/costs.ts --write): %s', async (name) => {
    expect(await usageOf(name)).toEqual(usage[name]);
  });
});

describe('the size of an item', () => {
  it.each([
    [{ pk: 'KEY#1' }, 7],
    [{ pk: 'é' }, 4],
    [{ n: 1234 }, 4],
    [{ n: -5 }, 4],
    [{ is: true, no: null }, 6],
    [{ list: ['ab', 'c'] }, 4 + 3 + 3 + 2],
    [{ map: { a: 'b' } }, 3 + 3 + 1 + 2],
    [{ gone: undefined }, 0],
  ])('is counted as DynamoDB does: %j', (item, bytes) => {
    expect(itemBytes(item)).toBe(bytes);
  });
});

describe('write units', () => {
  const index = { pk: 'ipk', sk: 'isk', included: ['listed'] };
  const of = (before: object | null, after: object | null, isTransaction = false) =>
    writeUnits(
      {
        before: before === null ? null : { pk: 'a', ...before },
        after: after === null ? null : { pk: 'a', ...after },
      },
      { isTransaction, indexes: [index], tableKeys: ['pk'] },
    );
  const listed = { ipk: 'x', isk: '1', listed: 'l' };

  it.each<[string, object | null, object | null, number]>([
    ['an item in no index', null, {}, 1],
    ['an item of more than a kilobyte', null, { text: 'x'.repeat(1100) }, 2],
    ['the larger of before and after', { text: 'x'.repeat(1100) }, {}, 2],
    ['an item that comes into an index', {}, listed, 2],
    ['an item that leaves it', listed, {}, 2],
    ['a change of what the index has', listed, { ...listed, listed: 'm' }, 2],
    ['a change of what it has not', listed, { ...listed, other: 1 }, 1],
    ['a move within it', listed, { ...listed, isk: '2' }, 3],
  ])('of %s', (_, before, after, units) => {
    expect(of(before, after)).toBe(units);
  });

  it('count twice in a transaction, those of indexes once', () => {
    expect(of(null, listed, true)).toBe(3);
  });
});
