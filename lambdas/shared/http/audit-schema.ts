/** The shape of an audit record in answers. */
import * as z from 'zod/mini';

/** Null also where a damaged record has none that can be read. */
const text = z.nullable(z.string());
const image = z.nullable(z.record(z.string(), z.unknown()));
const hash = z.nullable(z.string().check(z.regex(/^[0-9a-f]{64}$/)));

export const auditRecordAnswer = z.strictObject({
  id: z.string(),
  updated_at: z.nullable(z.iso.datetime({ precision: 3 })),
  changed_by: text,
  changed_by_api_key: text,
  action: text,
  table_name: text,
  object_id: text,
  /** The key before; null for a birth. */
  before_value: image,
  /** Of a birth the key; else what changed, with null for what is gone. */
  updated_values: image,
  key_id: z.string(),
  seq: z.number(),
  /** Key id of the authenticated caller, or `system`. */
  principal: text,
  settled_by: text,
  source_ip: text,
  request_id: text,
  operation_id: text,
  ended_overlap: z.boolean(),
  digest: hash,
  chain: hash,
  previous_chain: hash,
  /** Which of `before`, `after` and `who` have been erased. */
  redacted: z.array(z.string()),
  /** Whether the record is not as it was written: what of it cannot be read is null. */
  damaged: z.boolean(),
});
