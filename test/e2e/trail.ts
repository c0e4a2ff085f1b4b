/** A key's audit trail, checked by its digests and chain without the code that computes them. */
import { expect } from 'vitest';
import * as z from 'zod/mini';
import { canonicalJson } from '../../lambdas/shared/domain/canonical-json.ts';
import { sha256 } from './agreement.ts';
import { auditOf, eventually, type Row, rowOf } from './local-aws.ts';

const image = z.nullable(z.record(z.string(), z.unknown()));
const auditRecord = z.looseObject({
  seq: z.number(),
  action: z.string(),
  at: z.string(),
  changed_by: z.string(),
  object_id: z.string(),
  who: z.record(z.string(), z.unknown()),
  before: image,
  after: image,
  salts: z.object({ who: z.string(), before: z.string(), after: z.string() }),
  digest: z.string(),
  chain: z.string(),
  event_id: z.string(),
  request_id: z.string(),
  operation_id: z.nullable(z.string()),
  ended_overlap: z.optional(z.boolean()),
});

const salted = (salt: string, value: unknown) => sha256(salt + canonicalJson(value));

/** The records of a key in order, as soon as there are as many as its row has changes, checked. */
export async function trailOf(keyId: string, ...values: string[]) {
  const row = await rowOf(keyId);
  const found = await eventually(async () => {
    const records = await auditOf(keyId);
    return records.length >= Number(row['seq']) ? records : null;
  });
  return checkedTrail(keyId, row, found, values);
}

/**
 * The records of a key in order. Every digest is that of its record, the chain has no gap and ends in
 * the row, each change begins where the last one ended, and no record has one of the key's values.
 */
export function checkedTrail(
  keyId: string,
  row: Row,
  found: readonly unknown[],
  values: readonly string[],
) {
  const { seq, chain } = z.object({ seq: z.number(), chain: z.string() }).parse(row);
  const records = found
    .map((record) => auditRecord.parse(record))
    .sort((left, right) => left.seq - right.seq);
  let head = sha256(keyId);
  let before: z.infer<typeof image> = null;
  for (const record of records) {
    const { salts } = record;
    const digest = sha256(
      canonicalJson({
        key_id: keyId,
        seq: record.seq,
        action: record.action,
        at: record.at,
        object_id: record.object_id,
        event_id: record.event_id,
        request_id: record.request_id,
        operation_id: record.operation_id,
        ended_overlap: record.ended_overlap === true,
        who: salted(salts.who, record.who),
        before: salted(salts.before, record.before),
        after: salted(salts.after, record.after),
      }),
    );
    head = sha256(head + digest);
    expect(record, record.action).toMatchObject({ before, digest, chain: head });
    before = record.after;
  }
  expect(records.map((record) => record.seq)).toEqual(
    Array.from({ length: seq }, (_, index) => index + 1),
  );
  expect(head).toBe(chain);
  for (const value of values) expect(JSON.stringify(found)).not.toContain(value);
  return records;
}

/** What was done to a key, in order. */
export const actionsOf = async (keyId: string): Promise<string[]> =>
  (await trailOf(keyId)).map(({ action }) => action);
