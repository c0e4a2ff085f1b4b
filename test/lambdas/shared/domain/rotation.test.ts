import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  nextRotation,
  rotationAfter,
  scheduledRotation,
} from '../../../../lambdas/shared/domain/rotation.ts';
import { seededRandom } from '../../../fakes/seeded-random.ts';
import { settingsWith } from '../../../fixtures/settings.ts';
import { refusalOf } from '../../fixtures/refusal.ts';
import { now, rowWith } from '../../fixtures/rows.ts';

const drawing = (...drawn: number[]) => ({
  ...seededRandom('rotation'),
  bytes: () => Uint8Array.from(drawn),
});
const interval = fc
  .tuple(fc.integer({ min: 1, max: 500 }), fc.constantFrom('s', 'm', 'h', 'd', 'w', 'mo'))
  .map(([count, unit]) => `${count}${unit}`);

describe('the next rotation', () => {
  it('is an interval ahead, at most a tenth of it earlier or later', () => {
    fc.assert(
      fc.property(interval, fc.string(), (text, seed) => {
        const ms = Date.parse(rotationAfter(now, text)) - now.getTime();
        const ahead = Date.parse(nextRotation(now, text, seededRandom(seed))) - now.getTime();
        expect(ahead).toBeGreaterThanOrEqual(Math.floor(ms * 0.9));
        expect(ahead).toBeLessThanOrEqual(Math.ceil(ms * 1.1));
      }),
    );
  });

  it('is spread over all of that', () => {
    expect(nextRotation(now, '10d', drawing(0, 0, 0, 0))).toBe('2026-12-04T13:50:00.000Z');
    expect(nextRotation(now, '10d', drawing(255, 255, 255, 255))).toBe('2026-12-06T13:50:00.000Z');
  });
});

describe('a scheduled rotation', () => {
  const context = { settings: settingsWith(), random: seededRandom('rotation'), now };
  const key = { auto_rotate: true, rotation_interval: '30d', key_rotation_at: now.toISOString() };

  it('says what it answers, and when it is to be tried again', () => {
    expect(scheduledRotation(rowWith({ key }), context)).toMatchObject({
      rotationDue: key.key_rotation_at,
      rotateAgainAt: '2026-11-25T15:50:00.000Z',
    });
  });

  it.each([
    ['is not due', rowWith({ key: { ...key, key_rotation_at: '2026-11-25T13:50:00.001Z' } })],
    ['has been tried', rowWith({ key, rotateNotBefore: '2026-11-25T13:50:00.001Z' })],
    [
      'has expired since it was due',
      rowWith({
        key: { ...key, key_rotation_at: '2026-11-25T13:49:59.999Z' },
        expires: '2026-11-25T13:50:00.000Z',
      }),
    ],
    ['is no more to be rotated', rowWith({ key: { ...key, auto_rotate: false } })],
  ])('of a key that %s is refused', (_, row) => {
    expect(refusalOf(() => scheduledRotation(row, context)).kind).toBe('conflict');
  });
});
