/** What a list of audit records is narrowed to: by index, or by what the records say. */
import type { FoundRecord } from './audit-record.ts';
import type { AuditListing } from './ports.ts';

/** Null where it is left out; times are ISO 8601 with milliseconds, ends included. */
export interface AuditFilter {
  readonly keyId: string | null;
  readonly objectId: string | null;
  readonly changedBy: string | null;
  readonly changedByApiKey: string | null;
  readonly action: string | null;
  readonly tableName: string | null;
  /** Token hash that the key had before or after. */
  readonly objectKeyHash: string | null;
  /** Team that the key belonged to before or after. */
  readonly objectTeamId: string | null;
  readonly from: string | null;
  readonly to: string | null;
}

/** The list that has all records the filter asks for, and no more others than there must be. */
export function listingFor(filter: AuditFilter, isOldestFirst: boolean): AuditListing {
  const { keyId, objectId, changedBy, from, to } = filter;
  const of =
    keyId !== null
      ? { keyId }
      : objectId !== null
        ? { objectId }
        : changedBy !== null
          ? { changedBy }
          : 'all';
  return { of, from, to, isOldestFirst };
}

/** Whether all that is in that list fits. */
export function isWhole(filter: AuditFilter): boolean {
  const { keyId, objectId, changedBy, from, to, ...others } = filter;
  const told = Object.values(others).some((wanted) => wanted !== null);
  const named = [keyId, objectId, changedBy].filter((wanted) => wanted !== null);
  return !told && named.length <= 1 && (keyId === null || (from ?? to) === null);
}

/** Whether a record fits all of the filter; what cannot be read of a damaged one fits nothing. */
export function recordFits(record: FoundRecord, filter: AuditFilter): boolean {
  const { from, to, objectKeyHash, objectTeamId } = filter;
  const { at } = record;
  const images = [record.before, record.after];
  const exact: readonly (readonly [string | null, unknown])[] = [
    [filter.keyId, record.key_id],
    [filter.objectId, record.object_id],
    [filter.changedBy, record.changed_by],
    [filter.changedByApiKey, record.who?.['changed_by_api_key']],
    [filter.action, record.action],
    [filter.tableName, record.table_name],
  ];
  return (
    exact.every(([wanted, value]) => wanted === null || wanted === value) &&
    (from === null || (at !== null && at >= from)) &&
    (to === null || (at !== null && at <= to)) &&
    (objectKeyHash === null || images.some((image) => image?.['token'] === objectKeyHash)) &&
    (objectTeamId === null || images.some((image) => image?.['team_id'] === objectTeamId))
  );
}
