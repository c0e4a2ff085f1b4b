import { describe, expect, it } from 'vitest';
import { readTime } from '../../../../lambdas/shared/domain/time-text.ts';

describe('a time', () => {
  it.each([
    '2026-11-25T13:50:37.929Z',
    '2026-11-25 13:50:37.929',
    '2026-11-25T13:50:37.929',
    '2026-11-25T13:50:37.929000+00:00',
    '2026-11-25 13:50:37.929+00',
    '2026-11-25 14:50:37.929+0100',
    '2026-11-25T08:20:37.929-05:30',
  ])('is read from %s', (text) => {
    expect(readTime(text)).toBe('2026-11-25T13:50:37.929Z');
  });

  it('may come without seconds', () => {
    expect(readTime('2026-11-25 13:50')).toBe('2026-11-25T13:50:00.000Z');
  });

  it.each([
    '',
    'infinity',
    '2026-11-25',
    '2026-02-31T00:00:00Z',
    '2026-11-25T24:00:00Z',
    '2026-11-25T13:50:37.929Z; DROP',
    '9999-12-31T23:59:59-01:00',
    '0000-01-01T00:00:00+01:00',
    '12026-11-25T13:50:37Z',
  ])('is not %j', (text) => {
    expect(readTime(text)).toBeNull();
  });
});
