/** Verifies an export of the audit trail, a line at a time and without AWS. */
import { existsSync } from 'node:fs';
import * as z from 'zod/mini';
import { keyIdOf } from '../../lambdas/shared/adapters/table/keys.ts';
import type { RowHead } from '../../lambdas/shared/domain/audit-finding.ts';
import { auditProof, type Heads, type Proof } from '../../lambdas/shared/domain/audit-proof.ts';
import { isNumberedRecord } from '../../lambdas/shared/domain/audit-record-check.ts';
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
  headsPaths: readonly string[] = [],
  auditedSince?: string,
): Promise<Verification> {
  const files: Heads[] = [];
  for (const headsPath of headsPaths) files.push(await headsIn(headsPath));
  const heads = files.length === 0 ? undefined : files;
  const proof = auditProof({ heads, auditedSince });
  const trailer = await readLines(path, 'no audit record', (value, isExact) => {
    if (!isObject(value)) return false;
    // Another reader may take another one of two members with one name.
    proof.add(numbered(value), isExact ? null : 'Its line is not as the export writes it.');
    return true;
  });
  const count = heads?.reduce((sum, file) => sum + file.heads.length, 0) ?? null;
  return { proof: proof.finish(), trailer, heads: count };
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A record that says no more what number of which key it is, but is stored as one, is one that was edited. */
function numbered(value: object): object {
  const stored = tableKey.safeParse(value);
  if (isNumberedRecord(value) || !stored.success) return value;
  const { pk, sk } = stored.data;
  return { ...value, key_id: keyIdOf(pk), seq: Number(sk) };
}

async function headsIn(path: string): Promise<Heads> {
  const heads: RowHead[] = [];
  const trailer = await readLines(path, 'no head of a trail', (value, isExact) => {
    const head = rowHead.safeParse(value);
    if (head.success) heads.push(head.data);
    return head.success && isExact;
  });
  if (trailer?.records !== heads.length) {
    throw new UnusableInput(`${path} does not have all heads: export them again`);
  }
  return { heads, at: new Date(Date.parse(trailer.exported_at) - clockSkewMs).toISOString() };
}

/**
 * Passes each line but the last one, the trailer, to `take`, which says whether it is of the right
 * kind. A line is exact where it is what the export writes of its value.
 */
async function readLines(
  path: string,
  otherwise: string,
  take: (value: unknown, isExact: boolean) => boolean,
): Promise<Trailer | null> {
  if (!existsSync(path)) throw new UnusableInput(`There is no file ${path}`);
  let trailer: Trailer | null = null;
  let number = 0;
  for await (const { text, isWhole } of linesOf(path)) {
    number += 1;
    const unusable = (why: string) => new UnusableInput(`${path}, line ${number}: ${why}`);
    if (trailer !== null) throw unusable('this comes after the end of the export');
    // What an interrupted export was about to write; going on with it writes it anew.
    if (!isWhole) break;
    const value = jsonOf(text);
    if (value === undefined) throw unusable('this is no JSON');
    const isExact = JSON.stringify(value) === text;
    trailer = trailerIn(value);
    if (trailer !== null && !isExact) throw unusable('this is no end as the export writes it');
    if (trailer === null && !take(value, isExact)) throw unusable(`this is ${otherwise}`);
  }
  return trailer;
}
