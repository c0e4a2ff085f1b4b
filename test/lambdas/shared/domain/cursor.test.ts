import { describe, expect, it } from 'vitest';
import { cursorAt, positionOf, sealOf } from '../../../../lambdas/shared/domain/cursor.ts';
import { refusalOf } from '../../fixtures/refusal.ts';
import { now, rowWith } from '../../fixtures/rows.ts';

const seal = (route = 'list', caller = 'ada', filters: Record<string, unknown> = { a: 'x' }) =>
  sealOf(rowWith(), route, caller, filters);

describe('a cursor', () => {
  it.each(['', 'x', '2026-11-25T13:50:00.000Z#k', '漢🗝"\\\u0000', 'x'.repeat(2000)])(
    'leads back to its position: %j',
    (position) => {
      expect(positionOf(cursorAt(position, seal(), now), seal(), now)).toBe(position);
    },
  );

  it('is that of one route, caller and filter', () => {
    const cursor = cursorAt('x', seal(), now);
    for (const other of [
      seal('other'),
      seal('list', 'eve'),
      seal('list', 'ada', { a: 'y' }),
      seal('list', 'ada', { a: 'x', b: 'x' }),
    ]) {
      expect(refusalOf(() => positionOf(cursor, other, now)).message).toContain('another list');
    }
  });

  it('is refused after any byte of it was altered', () => {
    const bytes = Buffer.from(cursorAt('x', seal(), now), 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const altered = Buffer.from(bytes);
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
      const cursor = altered.toString('base64url');
      expect(refusalOf(() => positionOf(cursor, seal(), now)).message).toContain('was altered');
    }
  });

  it('is good for a day', () => {
    const cursor = cursorAt('x', seal(), now);
    const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);
    expect(positionOf(cursor, seal(), later(86_399))).toBe('x');
    expect(refusalOf(() => positionOf(cursor, seal(), later(86_400))).message).toContain('expired');
  });

  it('does not depend on the order that filters are written in', () => {
    const turned = sealOf(rowWith(), 'list', 'ada', { b: 'y', a: 'x' });
    expect(
      positionOf(cursorAt('x', seal('list', 'ada', { a: 'x', b: 'y' }), now), turned, now),
    ).toBe('x');
  });

  it('is not made without an admin key', () => {
    expect(() => sealOf(null, 'list', 'ada', {})).toThrow('no admin key');
  });
});
