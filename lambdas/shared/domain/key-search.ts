/**
 * What a list of keys is narrowed to. Filters only narrow, all of them at once. A named key, a user's
 * and a team's are found by key or index and never lead past those of others; the rest is told by the
 * index's entries, or by the rows behind them.
 */
import { isPossibleAlias } from './alias.ts';
import { byteOrder } from './byte-order.ts';
import { FilterDenied } from './errors.ts';
import { isKeyId, isTokenHash } from './key-format.ts';
import {
  isExpired,
  type KeyRow,
  type KeyStatus,
  type ListedKey,
  listedOf,
  statusOf,
} from './key-row.ts';
import type { KeyListing, TargetRef } from './ports.ts';
import { type Caller, isMaster, owns, type Scope } from './roles.ts';

/** Null where it is left out. */
export interface KeyFilter {
  readonly keyId: string | null;
  readonly keyHash: string | null;
  readonly keyAlias: string | null;
  /** A token hash, or part of an alias in any case. */
  readonly search: string | null;
  /** Whether `keyAlias` may be part of it, in any case. */
  readonly isAliasPart: boolean;
  readonly userId: string | null;
  /** Part of a user id, in any case: for those who see all keys. */
  readonly userPart: string | null;
  readonly teamId: string | null;
  readonly organizationId: string | null;
  readonly projectId: string | null;
  readonly agentId: string | null;
  readonly accessGroupId: string | null;
  /** Without one: every key but the deleted ones. */
  readonly status: KeyStatus | null;
  readonly expires: 'active' | 'expired' | null;
}

export const noFilter: KeyFilter = {
  keyId: null,
  keyHash: null,
  keyAlias: null,
  search: null,
  isAliasPart: false,
  userId: null,
  userPart: null,
  teamId: null,
  organizationId: null,
  projectId: null,
  agentId: null,
  accessGroupId: null,
  status: null,
  expires: null,
};

/**
 * The filter with what the caller may see: for others than admins, their own keys. Throws
 * `FilterDenied` for the keys of somebody else, and for a caller whose key belongs to no user.
 */
export function visibleTo(filter: KeyFilter, { userId }: Caller, scope: Scope): KeyFilter {
  if (scope === 'any') return filter;
  if (userId === null) {
    throw new FilterDenied('user_id', 'This key belongs to no user, so there are no keys to list.');
  }
  if ((filter.userId ?? filter.userPart ?? userId) !== userId) {
    throw new FilterDenied('user_id', 'You may list your own keys only.');
  }
  return { ...filter, userId, userPart: null };
}

/** The one key that the filter names; `none` where no key can have that name, null where it names none. */
export function namedBy(filter: KeyFilter): TargetRef | 'none' | null {
  const { keyHash, keyId, keyAlias, search, isAliasPart, status } = filter;
  if (keyHash !== null) return isTokenHash(keyHash) ? { hash: keyHash } : 'none';
  if (keyId !== null) return isKeyId(keyId) ? { keyId } : 'none';
  // A deleted key has left its alias, perhaps to another.
  if (keyAlias !== null && !isAliasPart && status !== 'deleted') {
    return isPossibleAlias(keyAlias) ? { alias: keyAlias } : 'none';
  }
  return search !== null && isTokenHash(search) ? { hash: search } : null;
}

/**
 * A hash or an id is not guessed at: whoever is no admin gets one and the same `FilterDenied` for one
 * that is unknown and one of somebody else's.
 */
export function checkNamed(
  { keyHash, keyId }: KeyFilter,
  named: KeyRow | null,
  caller: Caller,
  scope: Scope,
): void {
  if (scope === 'any' || (keyHash ?? keyId) === null) return;
  if (named !== null && owns(caller, named)) return;
  throw new FilterDenied(
    keyHash === null ? 'key_id' : 'key_hash',
    'You may list your own keys only.',
  );
}

/** The list that has all keys the filter asks for, and no more others than there must be. */
export function listingFor(
  { status, userId, teamId }: KeyFilter,
  isOldestFirst: boolean,
): KeyListing {
  return {
    status: status === 'deleted' ? 'deleted' : 'live',
    of: userId !== null ? { userId } : teamId !== null ? { teamId } : 'all',
    isOldestFirst,
  };
}

/** Whether all that is in that list fits. */
export const isWhole = (filter: KeyFilter): boolean =>
  (filter.status === null || filter.status === 'deleted') &&
  [filter.expires, filter.keyAlias, filter.search].every((wanted) => wanted === null) &&
  !needsRows(filter);

/** Whether the filter asks for what only rows tell. */
export const needsRows = (filter: KeyFilter): boolean =>
  (filter.userId !== null && filter.teamId !== null) ||
  [
    filter.userPart,
    filter.organizationId,
    filter.projectId,
    filter.agentId,
    filter.accessGroupId,
  ].some((wanted) => wanted !== null);

/** Whether an entry of that list fits, as far as it tells. */
export function entryFits(entry: ListedKey, filter: KeyFilter, now: Date): boolean {
  const { status, expires, keyAlias, search, isAliasPart } = filter;
  const { token, alias } = entry;
  return (
    (status === null || statusOf(entry, now) === status) &&
    (expires === null || isExpired(entry, now) === (expires === 'expired')) &&
    (keyAlias === null || (isAliasPart ? isPart(keyAlias, alias) : keyAlias === alias)) &&
    (search === null || search === token || isPart(search, alias))
  );
}

/** Whether a row fits all of the filter. */
export function rowFits(row: KeyRow, filter: KeyFilter, now: Date): boolean {
  const { key } = row;
  const { status, userPart, accessGroupId } = filter;
  const exact: readonly (readonly [string | null, string | undefined])[] = [
    [filter.keyHash, row.cur.hash],
    [filter.keyId, row.keyId],
    [filter.userId, key.user_id],
    [filter.teamId, key.team_id],
    [filter.organizationId, key.organization_id],
    [filter.projectId, key.project_id],
    [filter.agentId, key.agent_id],
  ];
  return (
    (row.status === 'deleted') === (status === 'deleted') &&
    !isMaster(row.keyId) &&
    entryFits(listedOf(row), filter, now) &&
    exact.every(([wanted, value]) => wanted === null || wanted === value) &&
    (userPart === null || isPart(userPart, key.user_id ?? null)) &&
    (accessGroupId === null || key.access_group_ids?.includes(accessGroupId) === true)
  );
}

/** Whether a text has a part, in any case. */
export const isPart = (part: string, text: string | null): boolean =>
  text !== null && text.toLowerCase().includes(part.toLowerCase());

export const sortedBy = [
  'created_at',
  'spend',
  'max_budget',
  'updated_at',
  'token',
  'key_alias',
] as const;
export type SortedBy = (typeof sortedBy)[number];

/** What a row has in a column to sort by. */
export const columnOf = ({ key }: KeyRow, by: SortedBy): Value => key[by] ?? null;

/** Orders by a column's values: none at all comes last or, the other way round, first. */
export function columnOrder(isAscending: boolean) {
  const sign = isAscending ? 1 : -1;
  return (left: Value, right: Value): number => sign * valueOrder(left, right);
}

type Value = string | number | null;

function valueOrder(left: Value, right: Value): number {
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  return typeof left === 'number' && typeof right === 'number'
    ? left - right
    : byteOrder(String(left), String(right));
}
