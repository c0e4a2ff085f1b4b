import { describe, expect, it } from 'vitest';
import { dueAt, isExpired, statusOf } from '../../../../lambdas/shared/domain/key-row.ts';
import { secretTagsOf } from '../../../../lambdas/shared/domain/secret-tags.ts';
import { settingsWith } from '../../../fixtures/settings.ts';
import { now, rowWith } from '../../fixtures/rows.ts';

const past = '2026-11-25T13:49:59.999Z';
const future = '2026-11-25T13:50:00.001Z';

describe('the status of a key', () => {
  it.each([
    ['active', {}],
    ['active', { expires: future }],
    ['expired', { expires: past }],
    ['expired', { expires: now.toISOString() }],
    ['revoked', { blocked: true }],
    ['revoked', { blocked: true, expires: past }],
    ['deleted', { status: 'deleted' as const, blocked: true, expires: past }],
  ])('is %s with %o', (status, changes) => {
    expect(statusOf(rowWith(changes), now)).toBe(status);
  });

  it('never expires without a date', () => {
    expect(isExpired(rowWith(), new Date('9999-01-01'))).toBe(false);
  });
});

describe('when a row is due', () => {
  const prev = { hash: 'h', until: '2026-12-02T00:00:00.000Z' };
  const sweepAt = '2026-12-03T00:00:00.000Z';

  it('is at the earliest of what is to come', () => {
    expect(dueAt(rowWith())).toBeNull();
    expect(dueAt(rowWith({ prev }))).toBe(prev.until);
    expect(dueAt(rowWith({ sweepAt }))).toBe(sweepAt);
    expect(dueAt(rowWith({ prev, sweepAt }))).toBe(prev.until);
  });
});

const tagsOf = (key: object) => secretTagsOf(rowWith({ key }), settingsWith());

describe('the tags of a secret', () => {
  it('have only what Secrets Manager takes, at most 256 characters each', () => {
    const { user_id, team_id } = tagsOf({ user_id: 'a<b>&"c', team_id: '#'.repeat(256) });
    expect(user_id).toBe('a=3Cb=3E=26=22c');
    expect(team_id).toHaveLength(256);
  });

  it('leave out who is not known', () => {
    expect(tagsOf({ user_id: undefined })).toEqual({
      'latchkey:env': 'test',
      key_id: '0123456789ABCDEFG',
    });
  });

  it('cannot be overruled by those of the environment', () => {
    const settings = settingsWith({ secretTags: { key_id: 'x', 'latchkey:env': 'x', cost: 'y' } });
    expect(secretTagsOf(rowWith(), settings)).toMatchObject({
      key_id: '0123456789ABCDEFG',
      'latchkey:env': 'test',
      cost: 'y',
    });
  });
});
