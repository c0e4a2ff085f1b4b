import type { FoundRecord } from '../shared/domain/audit-record.ts';
import {
  type AuditFilter,
  isWhole,
  listingFor,
  recordFits,
} from '../shared/domain/audit-search.ts';
import { byteOrder } from '../shared/domain/byte-order.ts';
import type { Deadline } from '../shared/domain/deadline.ts';
import { type Page, pageOf, type Window } from '../shared/domain/paging.ts';
import type { AuditEntry, AuditReads } from '../shared/domain/ports.ts';
import type { AuditColumn } from './schema.ts';

/** An entry, with its record where that was read. */
type Found = AuditEntry & { readonly record?: FoundRecord };

export interface Wanted {
  readonly filter: AuditFilter;
  readonly by: AuditColumn;
  readonly isAscending: boolean;
  readonly window: Window;
}

/** A page of the records that fit the filter. */
export async function findRecords(
  audit: AuditReads,
  { filter, by, isAscending, window }: Wanted,
  deadline: Deadline,
): Promise<Page<{ readonly position: string; readonly record: FoundRecord }>> {
  const isByTime = by === 'updated_at';
  const keep = async (entries: readonly Found[]) =>
    (await withRecords(entries)).filter(({ record }) => recordFits(record, filter));
  const page = await pageOf<Found>(
    audit.list(listingFor(filter, isByTime && isAscending)),
    window,
    isWhole(filter) && isByTime
      ? null
      : {
          readsItems: true,
          keep,
          compare: isByTime
            ? undefined
            : (left, right) =>
                (isAscending ? 1 : -1) *
                byteOrder(columnOf(left.record, by), columnOf(right.record, by)),
        },
    deadline,
  );
  return { ...page, entries: await withRecords(page.entries) };

  async function withRecords(entries: readonly Found[]) {
    const missing = entries.filter(({ record }) => record === undefined);
    const read = missing.length === 0 ? [] : await audit.records(missing, deadline.tableLimitMs());
    const records = new Map(read.map((record) => [record?.id, record]));
    return entries.flatMap((entry) => {
      const record = entry.record ?? records.get(`${entry.keyId}_${entry.seq}`) ?? null;
      return record === null ? [] : [{ ...entry, record }];
    });
  }
}

function columnOf(
  record: FoundRecord | undefined,
  column: Exclude<AuditColumn, 'updated_at'>,
): string {
  const value = column === 'changed_by_api_key' ? record?.who?.[column] : record?.[column];
  return typeof value === 'string' ? value : '';
}
