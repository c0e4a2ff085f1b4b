import type { Deadline } from './deadline.ts';
import { type KeyRow, listedOf } from './key-row.ts';
import type { KeyEntry, KeyTable } from './ports.ts';

/** An entry of a list of keys, with its row where that was read. */
export type Found = KeyEntry & { readonly row?: KeyRow };

/** The entries, a hundred at most, whose rows fit, as these have them: an index may be behind, and tells part of a row only. */
export async function rowsBehind(
  table: KeyTable,
  entries: readonly Found[],
  fits: (row: KeyRow) => boolean,
  deadline: Deadline,
): Promise<Found[]> {
  const missing = entries.filter(({ row }) => row === undefined);
  const targets = missing.map(({ keyId }) => ({ keyId }));
  const read =
    targets.length === 0 ? [] : (await table.load({ targets }, deadline.tableLimitMs())).targets;
  const rows = new Map(read.map((row) => [row?.keyId, row]));
  return entries.flatMap((entry) => {
    const row = entry.row ?? rows.get(entry.keyId) ?? null;
    return row !== null && fits(row) ? [{ ...entry, row, listed: listedOf(row) }] : [];
  });
}
