/** Writes the audit table to a file, a record per line; an interrupted export goes on where it ended. */
import { existsSync } from 'node:fs';
import { open, truncate } from 'node:fs/promises';
import * as z from 'zod/mini';
import {
  auditOrder,
  auditPartition,
  auditSort,
  rowKey,
} from '../../lambdas/shared/adapters/table/keys.ts';
import { isNumberedRecord } from '../../lambdas/shared/domain/audit-record-check.ts';
import { jsonOf, linesOf } from './lines.ts';
import { type Trailer, trailerIn } from './trailer.ts';

export type Item = Record<string, unknown>;

/** Where an export keeps it: see `recordOf`. */
export const tableKey = z.object({ pk: z.string(), sk: z.string() });

/** The items of a table, a page at a time, from the one after a key on. */
export type Scan = (after?: Item) => AsyncIterable<readonly Item[]>;

export interface Exported {
  readonly records: number;
  /** The file had all records before. */
  readonly wasComplete: boolean;
}

/** Throws, and leaves the file alone, where it is no export that can go on. */
export async function exportTrail(
  path: string,
  scan: Scan,
  now: () => Date,
  onPage: (records: number) => void = () => undefined,
): Promise<Exported> {
  const exported_at = now().toISOString();
  const begun = await begunExport(path);
  if (begun.trailer !== null) return { records: begun.records, wasComplete: true };
  if (begun.bytes !== null) await truncate(path, begun.bytes);
  let { records } = begun;
  const file = await open(path, 'a', ownerOnly);
  try {
    for await (const items of scan(begun.last ?? undefined)) {
      await file.appendFile(items.map((item) => lineOf(recordOf(item))).join(''));
      records += items.length;
      onPage(records);
    }
    const end: Trailer = { complete: true, records, exported_at };
    await file.appendFile(lineOf(end));
    await file.sync();
  } finally {
    await file.close();
  }
  return { records, wasComplete: false };
}

/** Records name people. */
export const ownerOnly = 0o600;

export const lineOf = (value: unknown): string => `${JSON.stringify(value)}\n`;

interface Begun {
  readonly records: number;
  /** How far the file has whole lines; null without a file. */
  readonly bytes: number | null;
  /** Key in the table of the last record. */
  readonly last: Item | null;
  readonly trailer: Trailer | null;
}

async function begunExport(path: string): Promise<Begun> {
  const nothing = { records: 0, last: null, trailer: null };
  if (!existsSync(path)) return { ...nothing, bytes: null };
  let [lines, bytes, text] = [0, 0, ''];
  for await (const line of linesOf(path)) {
    if (lines === 0 && !line.text.startsWith('{')) throw notOurs(path);
    if (!line.isWhole) break;
    lines += 1;
    bytes += line.bytes;
    ({ text } = line);
  }
  if (lines === 0) return { ...nothing, bytes };
  const trailer = trailerIn(jsonOf(text));
  if (trailer !== null) return { ...nothing, records: lines - 1, bytes, trailer };
  const last = keyOf(jsonOf(text));
  if (last === null) throw notOurs(path);
  return { records: lines, bytes, last, trailer };
}

const notOurs = (path: string) =>
  new Error(`${path} is no export of the audit trail: name another file, or remove it`);

/**
 * The record as it is stored, without what the table and its indexes need beside it. Where that is
 * not what follows from the record it stays, and the record does not verify.
 */
export function recordOf(item: Item): Item {
  const { pk, sk, time_pk, order_sk, ...record } = item;
  if (!isNumberedRecord(record)) return item;
  const { key_id, seq } = record;
  const isRight =
    pk === rowKey(key_id) &&
    sk === auditSort(seq) &&
    time_pk === auditPartition(key_id) &&
    order_sk === auditOrder(String(record['at']), key_id, seq);
  return isRight ? record : item;
}

function keyOf(record: unknown): Item | null {
  const kept = tableKey.safeParse(record);
  if (kept.success) return kept.data;
  if (!isNumberedRecord(record)) return null;
  return { pk: rowKey(record.key_id), sk: auditSort(record.seq) };
}
