import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { after, budgetResetAt, isLonger } from '../../../../lambdas/shared/domain/duration.ts';
import { refusalOf } from '../../fixtures/refusal.ts';

const now = new Date('2026-11-25T13:38:10.250Z');
const at = (text: string, from = now) => after(from, text, 'duration').toISOString();
const reset = (text: string, from = now) =>
  budgetResetAt(from, text, 'budget_duration').toISOString();

const malformed = [
  '',
  ' ',
  '30',
  'd',
  '-1',
  '-5d',
  '+5d',
  '1.5h',
  '30 days',
  ' 30d',
  '30d ',
  '30d\n',
  '1y',
  '1e3s',
  '٣d',
  '30dd',
  '1M',
  '9999999999999s',
];

describe('a duration', () => {
  it.each([
    ['30s', '2026-11-25T13:38:40.250Z'],
    ['5m', '2026-11-25T13:43:10.250Z'],
    ['30min', '2026-11-25T14:08:10.250Z'],
    ['1h', '2026-11-25T14:38:10.250Z'],
    ['7d', '2026-12-02T13:38:10.250Z'],
    ['10days', '2026-12-05T13:38:10.250Z'],
    ['2w', '2026-12-09T13:38:10.250Z'],
    ['1mo', '2026-12-25T13:38:10.250Z'],
    ['13mo', '2027-12-25T13:38:10.250Z'],
    ['0d', '2026-11-25T13:38:10.250Z'],
  ])('%s from now is %s', (text, expected) => {
    expect(at(text)).toBe(expected);
  });

  it.each([
    ['1mo', '2026-01-31T00:00:00.000Z', '2026-02-28T00:00:00.000Z'],
    ['1mo', '2028-01-31T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
    ['2mo', '2026-12-31T00:00:00.000Z', '2027-02-28T00:00:00.000Z'],
    ['12mo', '2028-02-29T00:00:00.000Z', '2029-02-28T00:00:00.000Z'],
    ['1mo', '2026-05-31T23:59:59.999Z', '2026-06-30T23:59:59.999Z'],
  ])('%s from %s is clamped to the end of the month', (text, from, expected) => {
    expect(at(text, new Date(from))).toBe(expected);
  });

  it.each(malformed)('is not %j', (text) => {
    expect(refusalOf(() => at(text))).toMatchObject({ kind: 'invalid', param: 'duration' });
    expect(refusalOf(() => reset(text))).toMatchObject({ param: 'budget_duration' });
  });

  it.each(['999999999999s', '999999999999d', '999999999999mo', '8000w0'])(
    'may not lead past the year 9999: %s',
    (text) => {
      if (text === '999999999999s') expect(refusalOf(() => at(text)).message).toMatch(/9999/);
      else expect(refusalOf(() => at(text)).param).toBe('duration');
    },
  );

  const moment = fc.date({
    min: new Date('2000-01-01T00:00:00Z'),
    max: new Date('2100-01-01T00:00:00Z'),
    noInvalidDate: true,
  });
  const unit = fc.constantFrom('s', 'm', 'h', 'd', 'w', 'mo');

  it('is monotone: a greater count never ends earlier, whatever the moment', () => {
    fc.assert(
      fc.property(
        moment,
        unit,
        fc.nat({ max: 10_000 }),
        fc.nat({ max: 100 }),
        (from, of, count, more) => {
          const shorter = after(from, `${count}${of}`, 'duration').getTime();
          const longer = after(from, `${count + more}${of}`, 'duration').getTime();
          expect(longer).toBeGreaterThanOrEqual(shorter);
          expect(shorter).toBeGreaterThanOrEqual(from.getTime());
          expect(isLonger(from, `${count}${of}`, `${count + more}${of}`, 'duration')).toBe(false);
        },
      ),
    );
  });

  it('is monotone in time: a later start never ends earlier', () => {
    fc.assert(
      fc.property(moment, fc.nat(), unit, fc.nat({ max: 1000 }), (from, later, of, count) => {
        const text = `${count}${of}`;
        const second = new Date(from.getTime() + later);
        // Months are clamped to the day: within it the time of day decides.
        fc.pre(of !== 'mo' || second.getUTCDate() === from.getUTCDate());
        expect(after(second, text, 'duration') >= after(from, text, 'duration')).toBe(true);
      }),
    );
  });

  it('always resets a budget in the future', () => {
    fc.assert(
      fc.property(moment, unit, fc.integer({ min: 1, max: 400 }), (from, of, count) => {
        const text = of === 'mo' ? '1mo' : `${count}${of}`;
        expect(budgetResetAt(from, text, 'budget_duration') > from).toBe(true);
      }),
    );
  });
});

describe("a budget's reset", () => {
  // As recorded from LiteLLM on a Wednesday.
  it.each([
    ['1d', '2026-11-26T00:00:00.000Z'],
    ['24h', '2026-11-26T00:00:00.000Z'],
    ['2d', '2026-11-27T00:00:00.000Z'],
    ['7d', '2026-11-30T00:00:00.000Z'],
    ['1w', '2026-11-30T00:00:00.000Z'],
    ['2w', '2026-12-09T00:00:00.000Z'],
    ['30d', '2026-12-01T00:00:00.000Z'],
    ['1mo', '2026-12-01T00:00:00.000Z'],
    ['5h', '2026-11-25T15:00:00.000Z'],
    ['10m', '2026-11-25T13:40:00.000Z'],
    ['45s', '2026-11-25T13:38:45.000Z'],
  ])('%s is at %s', (text, expected) => {
    expect(reset(text)).toBe(expected);
  });

  it('is a week ahead when today is Monday', () => {
    expect(reset('7d', new Date('2026-11-30T00:00:00.000Z'))).toBe('2026-12-07T00:00:00.000Z');
  });

  it.each(['0d', '0s', '0mo', '2mo', '999999999999d', '999999999999h'])(
    'is refused for %s',
    (text) => {
      expect(refusalOf(() => reset(text))).toMatchObject({
        kind: 'invalid',
        param: 'budget_duration',
      });
    },
  );
});
