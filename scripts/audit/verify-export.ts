/** Verifies an export of the audit trail, a line at a time and without AWS. */
import { existsSync } from 'node:fs';
import * as z from 'zod/mini';
import { keyIdOf } from '../../lambdas/shared/adapters/table/keys.ts';
import type { RowHead } from '../../lambdas/shared/domain/audit-finding.ts';
import { auditProof, type Proof } from '../../lambdas/shared/domain/audit-proof.ts';
import {
  isNumberedRecord,
  type NumberedRecord,
} from '../../lambdas/shared/domain/audit-record-check.ts';
import { tableKey } from './export-trail.ts';
import { jsonOf, linesOf } from './lines.ts';
import { type Trailer, trailerIn } from './trailer.ts';

export interface Verification {
  readonly proof: Proof;
  /** Null where the export was interrupted. */
  readonly trailer: Trailer | null;
  /** How many heads were compared with; null without a file of them. */
  readonly heads: number | null;
}

/** The input is none that could be verified; the message says why. */
export class UnusableInput extends Error {}

// Strict, for a record has all of these too.
const rowHead = z.strictObject({
  key_id: z.string(),
  seq: z.number(),
  chain: z.string(),
  at: z.string(),
});

/** How far the clocks of the exporting machine and of the functions may be apart, with a call between. */
const clockSkewMs = 60_000;

/** Throws `UnusableInput` where a file is missing or has a line that is none of its kind. */
export async function verifyExport(
  path: string,
  headsPath?: string,
  auditedSince?: string,
): Promise<Verification> {
  const heads = headsPath === undefined ? null : await headsIn(headsPath);
  const proof = auditProof({ heads: heads?.heads, headsAt: heads?.at, auditedSince });
  const trailer = await readLines(path, 'no audit record', (value) => {
    const record = numbered(value);
    if (record !== null) proof.add(record);
    return record !== null;
  });
  return { proof: proof.finish(), trailer, heads: heads?.heads.length ?? null };
}

/** A record that says no more what number of which key it is, but is stored as one, is one that was edited. */
function numbered(value: unknown): NumberedRecord | null {
  if (isNumberedRecord(value)) return value;
  const stored = tableKey.safeParse(value);
  if (!stored.success) return null;
  const { pk, sk } = stored.data;
  const record = { ...Object(value), key_id: keyIdOf(pk), seq: Number(sk) };
  return isNumberedRecord(record) ? record : null;
}

async function headsIn(path: string) {
  const heads: RowHead[] = [];
  const trailer = await readLines(path, 'no head of a trail', (value) => {
    const head = rowHead.safeParse(value);
    if (head.success) heads.push(head.data);
    return head.success;
  });
  if (trailer?.records !== heads.length) {
    throw new UnusableInput(`${path} does not have all heads: export them again`);
  }
  return { heads, at: new Date(Date.parse(trailer.exported_at) - clockSkewMs).toISOString() };
}

/** Passes each line but the last one, the trailer, to `take`, which says whether it is of the right kind. */
async function readLines(
  path: string,
  otherwise: string,
  take: (value: unknown) => boolean,
): Promise<Trailer | null> {
  if (!existsSync(path)) throw new UnusableInput(`There is no file ${path}`);
  let trailer: Trailer | null = null;
  let number = 0;
  for await (const { text, isWhole } of linesOf(path)) {
    number += 1;
    const unusable = (why: string) => new UnusableInput(`${path}, line ${number}: ${why}`);
    const value = jsonOf(text);
    // What an interrupted export was about to write; going on with it writes it anew.
    if (value === undefined && !isWhole) break;
    if (value === undefined) throw unusable('this is no JSON');
    if (trailer !== null) throw unusable('this comes after the end of the export');
    trailer = trailerIn(value);
    if (trailer === null && !take(value)) throw unusable(`this is ${otherwise}`);
  }
  return trailer;
}
