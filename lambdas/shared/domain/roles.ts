/**
 * Who may do what: one table of operation × role × scope. What is not listed is denied. `own` is
 * a key whose `user_id` is the caller's, or the caller's key itself; a missing user id equals
 * nothing. A key's `key_type` only narrows what its role allows.
 */
import { Denied, RouteNotForRole } from './errors.ts';
import { masterKeyId } from './key-format.ts';
import type { KeyRow, KeyType, UserRole } from './key-row.ts';

export type Operation =
  | 'key.generate'
  | 'key.generate-service-account'
  | 'key.info'
  | 'key.verify'
  | 'key.health'
  | 'key.bulk-update'
  | 'key.update'
  | 'key.regenerate'
  | 'key.delete'
  | 'key.block'
  | 'key.reset-spend'
  | 'key.claim-link'
  | 'key.list'
  | 'key.list-aliases'
  | 'audit.read';
export type Scope = 'any' | 'own';

/** Everybody looks; whoever is no admin, at what is his own. */
const seen = {
  proxy_admin: 'any',
  proxy_admin_viewer: 'any',
  internal_user: 'own',
  internal_user_viewer: 'own',
} as const;

const everybody = {
  proxy_admin: 'any',
  proxy_admin_viewer: 'any',
  internal_user: 'any',
  internal_user_viewer: 'any',
} as const;

const rights: Record<Operation, Partial<Record<UserRole, Scope>>> = {
  'key.generate': { proxy_admin: 'any', internal_user: 'own' },
  'key.generate-service-account': { proxy_admin: 'any' },
  'key.update': { proxy_admin: 'any', internal_user: 'own' },
  'key.regenerate': { proxy_admin: 'any', internal_user: 'own' },
  'key.delete': { proxy_admin: 'any', internal_user: 'own' },
  'key.block': { proxy_admin: 'any' },
  'key.reset-spend': { proxy_admin: 'any' },
  'key.claim-link': { proxy_admin: 'any', internal_user: 'own' },
  'key.info': seen,
  'key.verify': everybody,
  'key.health': seen,
  'key.bulk-update': { proxy_admin: 'any' },
  'key.list': seen,
  'key.list-aliases': seen,
  'audit.read': { proxy_admin: 'any', proxy_admin_viewer: 'any' },
};

/** LiteLLM's `info_routes`, as far as they are here. */
const isInfo = (operation: Operation): boolean =>
  ['key.info', 'key.list', 'key.verify', 'key.health'].includes(operation);

/** The operations that each key type leaves to its key. */
const allowed: Record<KeyType, (operation: Operation) => boolean> = {
  default: () => true,
  management: () => true,
  read_only: isInfo,
  llm_api: () => false,
};

/** LiteLLM's `allowed_routes` of each key type, shown in answers. */
export const allowedRoutes: Record<KeyType, readonly string[]> = {
  default: [],
  llm_api: ['llm_api_routes'],
  management: ['management_routes'],
  read_only: ['info_routes'],
};

/** The operations behind the names that LiteLLM has for groups of routes. */
const routeGroups: Readonly<Record<string, (operation: Operation) => boolean>> = {
  management_routes: () => true,
  info_routes: isInfo,
};

/**
 * Whether a key's `allowed_routes` let it use a route; an empty list lets it use all. An entry is a
 * group of routes, a route and all below it, or, with `*` at its end, all that begin so. Routes are
 * compared, not paths: what a parameter stands for is the caller's choice.
 */
function isRouteAllowed(entries: readonly string[], route: string, operation: Operation): boolean {
  const isIn = (entry: string) =>
    listed(routeGroups, entry)?.(operation) === true ||
    route === entry ||
    (entry.length > 1 && route.startsWith(`${entry.replace(/\/$/, '')}/`)) ||
    (entry.endsWith('*') && route.startsWith(entry.slice(0, -1)));
  return entries.length === 0 || entries.some(isIn);
}

/** An authenticated caller. */
export interface Caller {
  readonly keyId: string;
  readonly tokenHash: string;
  /** One of `UserRole`, or what a newer release may have written: that has no rights here. */
  readonly role: string;
  readonly userId: string | null;
  readonly row: KeyRow;
}

export const isAdmin = (caller: Caller): boolean => caller.role === 'proxy_admin';

/** Whether a role sees or changes the keys of others. */
export const isAdminRole = (role: string | undefined): boolean =>
  role === 'proxy_admin' || role === 'proxy_admin_viewer';

/**
 * The caller's scope for an operation that is asked for by a route. Throws `Denied`, or LiteLLM's 401
 * where that is what it answers.
 */
export function scopeOf(caller: Caller, operation: Operation, route: string): Scope {
  const keyType = caller.row.key.key_type ?? 'default';
  if (listed(allowed, keyType)?.(operation) !== true) {
    throw new Denied(`A key of type ${keyType} may not be used for this.`);
  }
  if (operation === 'key.verify' && keyType === 'default' && !isAdminRole(caller.role)) {
    throw new Denied(
      'Only an admin, or a key of type management or read_only, checks the keys of others.',
    );
  }
  if (!isRouteAllowed(caller.row.key.allowed_routes, route, operation)) {
    throw new Denied('The allowed_routes of this key do not include this route.');
  }
  const scope = listed(rights[operation], caller.role);
  if (scope !== undefined) return scope;
  if (operation === 'audit.read') {
    throw new RouteNotForRole('The audit trail is for proxy admins and their viewers.');
  }
  if (caller.role === 'internal_user_viewer') {
    throw new RouteNotForRole(
      'The role internal_user_viewer may look at keys but not change them.',
    );
  }
  throw new Denied(`The role ${caller.role} may not do this.`);
}

/** What is not listed is denied, `constructor` and its like included. */
const listed = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** Whether a key is the caller's own. */
export const owns = (caller: Caller, row: KeyRow): boolean =>
  row.keyId === caller.keyId || (caller.userId !== null && row.key.user_id === caller.userId);

export const isMaster = (keyId: string): boolean => keyId === masterKeyId;
