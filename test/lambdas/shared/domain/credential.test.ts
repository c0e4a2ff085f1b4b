import { describe, expect, it } from 'vitest';
import { authenticate, credentialOf } from '../../../../lambdas/shared/domain/credential.ts';
import { newKey, tokenHash } from '../../../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../../../fakes/seeded-random.ts';
import { refusalOf } from '../../fixtures/refusal.ts';
import { keyValue, now, rowWith } from '../../fixtures/rows.ts';

const credential = credentialOf(keyValue);
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString();
const enter = (row: ReturnType<typeof rowWith> | null) => authenticate(credential, row, now);

describe('a credential', () => {
  it('of our format is found by its id, any other by its hash', () => {
    const key = newKey('0123456789ABCDEFG', seededRandom('c').bytes);
    expect(credentialOf(key).ref).toEqual({ keyId: '0123456789ABCDEFG' });
    expect(credentialOf('sk-1234').ref).toEqual({ hash: tokenHash('sk-1234') });
  });

  it.each(['', 'abc', tokenHash(keyValue), '0123456789ABCDEFG', 'sk-lk_x'])(
    'that is %j is refused before any look-up',
    (presented) => {
      expect(refusalOf(() => credentialOf(presented)).kind).toBe('unauthenticated');
    },
  );
});

describe('a caller', () => {
  it('is let in with the current value', () => {
    expect(enter(rowWith())).toMatchObject({ userId: 'ada', role: 'internal_user' });
  });

  it('is let in with the former value until the grace period ends, and not at its end', () => {
    const cur = { hash: tokenHash('sk-other'), ver: 'v2' };
    const prev = { hash: credential.hash, until: later(1) };
    expect(enter(rowWith({ cur, prev }))).toBeDefined();
    const over = rowWith({ cur, prev: { ...prev, until: later(0) } });
    expect(refusalOf(() => enter(over)).message).toMatch(/send a valid virtual key/);
  });

  it('is refused where the end of a grace period or the expiry cannot be read', () => {
    const cur = { hash: tokenHash('sk-other'), ver: 'v2' };
    const prev = { hash: credential.hash, until: 'soon' };
    expect(() => enter(rowWith({ cur, prev }))).toThrow();
    expect(refusalOf(() => enter(rowWith({ expires: 'soon' }))).type).toBe('expired_key');
  });

  it.each([
    ['deleted', rowWith({ status: 'deleted' }), 'auth_error'],
    ['blocked', rowWith({ blocked: true }), 'auth_error'],
    ['expired', rowWith({ expires: later(0) }), 'expired_key'],
  ])('with the right secret learns that its key is %s', (state, row, type) => {
    const refusal = refusalOf(() => enter(row));
    expect(refusal).toMatchObject({ kind: 'unauthenticated', type });
    expect(refusal.message).toContain(state);
  });

  it('with a wrong secret learns nothing, whatever the state of the key', () => {
    const unknown = refusalOf(() => enter(null));
    for (const state of [
      {},
      { status: 'deleted' as const },
      { blocked: true },
      { expires: later(-1) },
    ]) {
      const row = rowWith({ ...state, cur: { hash: tokenHash('sk-other'), ver: null } });
      const refusal = refusalOf(() => enter(row));
      expect(Object.assign({ message: refusal.message }, refusal)).toEqual(
        Object.assign({ message: unknown.message }, unknown),
      );
    }
  });

  it('without user id has none: null equals nothing', () => {
    expect(enter(rowWith({ key: { user_id: undefined } })).userId).toBeNull();
  });
});
