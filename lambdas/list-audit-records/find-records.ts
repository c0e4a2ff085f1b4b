import type { FoundRecord } from '../shared/domain/audit-record.ts';
import {
  type AuditFilter,
  isWhole,
  listingFor,
  recordFits,
} from '../shared/domain/audit-search.ts';
import { byteOrder } from '../shared/domain/byte-order.ts';
import type { Deadline } from '../shared/domain/deadline.ts';
import { type Page, pageOf, throughCursor, type Window } from '../shared/domain/paging.ts';
import type { AuditEntry, AuditReads } from '../shared/domain/ports.ts';
import type { AuditColumn } from './schema.ts';

/** An entry, with its record where that was read. */
type Found = AuditEntry & { readonly record?: FoundRecord };
/** An entry of a list in another order, with what it is sorted by. */
type Sorted = Found & { readonly value?: string };

const keysTime = `A time does not narrow the records of a key: leave it out, or ${throughCursor}.`;

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
  const hasTime = (filter.from ?? filter.to) !== null;
  const keep = async (entries: readonly Found[]) => {
    const found = await withRecords(entries);
    const fitting = found.filter(({ record }) => recordFits(record, filter));
    // A record can have 60 kB: of a thousand, those of the page are read again.
    return isByTime
      ? fitting
      : fitting.map(({ record, ...entry }) => ({ ...entry, value: columnOf(record, by) }));
  };
  const page = await pageOf<Sorted>(
    audit.list(listingFor(filter, isByTime && isAscending)),
    window,
    isWhole(filter) && isByTime
      ? null
      : {
          readsItems: true,
          keep,
          ...(isByTime
            ? hasTime && filter.keyId !== null
              ? { instead: keysTime }
              : {}
            : {
                compare: ({ value: left = '' }, { value: right = '' }) =>
                  (isAscending ? 1 : -1) * byteOrder(left, right),
              }),
        },
    deadline,
  );
  return { ...page, entries: await withRecords(page.entries) };

  /** Of a hundred at most. */
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

function columnOf(record: FoundRecord, column: Exclude<AuditColumn, 'updated_at'>): string {
  const value = column === 'changed_by_api_key' ? record.who?.[column] : record[column];
  return typeof value === 'string' ? value : '';
}
