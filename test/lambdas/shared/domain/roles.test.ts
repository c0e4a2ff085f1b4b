import { describe, expect, it } from 'vitest';
import {
  type KeyType,
  keyTypes,
  type UserRole,
  userRoles,
} from '../../../../lambdas/shared/domain/key-row.ts';
import { type Operation, owns, scopeOf } from '../../../../lambdas/shared/domain/roles.ts';
import { refusalOf } from '../../fixtures/refusal.ts';
import { callerWith, rowWith } from '../../fixtures/rows.ts';

/** The whole matrix, written out a second time: a scope, or the kind of the refusal. */
const change = {
  proxy_admin: 'any',
  proxy_admin_viewer: 'denied',
  internal_user: 'own',
  internal_user_viewer: 'unauthenticated',
};
const adminsOnly = { ...change, internal_user: 'denied' };
const look = {
  proxy_admin: 'any',
  proxy_admin_viewer: 'any',
  internal_user: 'own',
  internal_user_viewer: 'own',
};
const byRole: Record<Operation, Record<UserRole, string>> = {
  'key.generate': change,
  'key.generate-service-account': adminsOnly,
  'key.update': change,
  'key.regenerate': change,
  'key.delete': change,
  'key.block': adminsOnly,
  'key.reset-spend': adminsOnly,
  'key.claim-link': change,
  'key.info': look,
  'key.health': look,
  'key.bulk-update': adminsOnly,
  'key.verify': {
    proxy_admin: 'any',
    proxy_admin_viewer: 'any',
    internal_user: 'any',
    internal_user_viewer: 'any',
  },
  'key.list': look,
  'key.list-aliases': look,
  'audit.read': {
    proxy_admin: 'any',
    proxy_admin_viewer: 'any',
    internal_user: 'unauthenticated',
    internal_user_viewer: 'unauthenticated',
  },
  'mail.read-settings': {
    proxy_admin: 'any',
    proxy_admin_viewer: 'any',
    internal_user: 'denied',
    internal_user_viewer: 'denied',
  },
  'mail.change-settings': { ...adminsOnly, internal_user_viewer: 'denied' },
};
const operations: readonly Operation[] = [
  'key.generate',
  'key.generate-service-account',
  'key.info',
  'key.update',
  'key.regenerate',
  'key.delete',
  'key.block',
  'key.reset-spend',
  'key.claim-link',
  'key.list',
  'key.list-aliases',
  'audit.read',
  'key.verify',
  'key.health',
  'key.bulk-update',
  'mail.read-settings',
  'mail.change-settings',
];
const byType: Record<KeyType, readonly Operation[]> = {
  default: operations,
  management: operations,
  read_only: ['key.info', 'key.list', 'key.verify', 'key.health'],
  llm_api: [],
};

/** A key that is used for calls checks no other, unless it is an admin's. */
const isOrdinaryCheck = (operation: Operation, role: UserRole, type: KeyType) =>
  operation === 'key.verify' && type === 'default' && role.startsWith('internal_user');

const matrix = operations.flatMap((operation) =>
  userRoles.flatMap((role) => keyTypes.map((type) => ({ operation, role, type }))),
);

describe('rights', () => {
  it.each(matrix)('of $role with a $type key for $operation', ({ operation, role, type }) => {
    const caller = callerWith({ user_role: role, key_type: type });
    const isListed = byType[type].includes(operation) && !isOrdinaryCheck(operation, role, type);
    const expected = isListed ? byRole[operation][role] : 'denied';
    if (expected === 'any' || expected === 'own') {
      expect(scopeOf(caller, operation, '/key/any')).toBe(expected);
    } else {
      expect(refusalOf(() => scopeOf(caller, operation, '/key/any')).kind).toBe(expected);
    }
  });

  it('are written out for every operation', () => {
    expect([...operations].sort()).toEqual(Object.keys(byRole).sort());
  });

  it('make the keys of the same user one’s own, and the key itself', () => {
    const caller = callerWith();
    expect(owns(caller, rowWith({ keyId: 'other' }))).toBe(true);
    expect(owns(caller, rowWith({ keyId: 'other', key: { user_id: 'bob' } }))).toBe(false);
    expect(owns(callerWith({ user_id: undefined }), rowWith())).toBe(true);
  });

  it('never take two missing user ids for the same user', () => {
    const caller = callerWith({ user_id: undefined });
    expect(owns(caller, rowWith({ keyId: 'other', key: { user_id: undefined } }))).toBe(false);
  });
});
