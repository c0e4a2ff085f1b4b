import { describe, expect, it } from 'vitest';
import { whoOf } from '../../../../lambdas/shared/domain/changed-by.ts';
import { newKey } from '../../../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../../../fakes/seeded-random.ts';
import { refusalOf } from '../../fixtures/refusal.ts';
import { callerWith } from '../../fixtures/rows.ts';

const allowing = { allow_litellm_changed_by_header: true };
const changedBy = (caller: ReturnType<typeof callerWith>, header: string | null) =>
  whoOf(caller, header, null).changed_by;

describe('changed_by', () => {
  it('is what a proxy admin names in the header', () => {
    expect(changedBy(callerWith({ user_role: 'proxy_admin' }), 'ci')).toBe('ci');
  });

  it('is what a key that may do so names in the header', () => {
    expect(changedBy(callerWith({ metadata: allowing }), 'ci')).toBe('ci');
  });

  it.each([
    ['nobody allowed it', {}],
    ['"true" as text', { allow_litellm_changed_by_header: 'true' }],
    ['1', { allow_litellm_changed_by_header: 1 }],
    ['false', { allow_litellm_changed_by_header: false }],
  ])("ignores an ordinary caller's header: %s", (_, metadata) => {
    expect(changedBy(callerWith({ metadata }), 'ci')).toBe('ada');
  });

  it('does not let a viewer of everything name anybody', () => {
    expect(changedBy(callerWith({ user_role: 'proxy_admin_viewer' }), 'ci')).toBe('ada');
  });

  it("falls back to the caller's user id without a header, or with an empty one", () => {
    const caller = callerWith({ metadata: allowing });
    expect(changedBy(caller, null)).toBe('ada');
    expect(changedBy(caller, '')).toBe('ada');
  });

  it("falls back to the admin's name where the caller has no user id", () => {
    const admin = callerWith({ user_role: 'proxy_admin', user_id: undefined });
    expect(changedBy(admin, null)).toBe('default_user_id');
  });

  it('records the authenticated key beside it in any case', () => {
    const caller = callerWith({ metadata: allowing });
    expect(whoOf(caller, 'ci', '192.0.2.7')).toEqual({
      changed_by: 'ci',
      changed_by_api_key: caller.tokenHash,
      principal: caller.keyId,
      settled_by: null,
      source_ip: '192.0.2.7',
    });
  });

  it("never records the admin key's hash", () => {
    const master = { ...callerWith({ user_role: 'proxy_admin' }), keyId: 'master' };
    expect(whoOf(master, null, null).changed_by_api_key).toBe('litellm_proxy_master_key');
  });

  it.each([
    ['a key', newKey('0123456789ABCDEFG', seededRandom('h').bytes)],
    ['257 characters', 'x'.repeat(257)],
    ['a control character', 'a\tb'],
  ])('is refused as %s', (_, header) => {
    const refusal = refusalOf(() => changedBy(callerWith({ metadata: allowing }), header));
    expect(refusal).toMatchObject({ kind: 'invalid', param: 'litellm-changed-by' });
  });
});
