import * as z from 'zod/mini';
import { callerName } from './changed-by.ts';
import { shownImage } from './key-event.ts';
import type { KeyRow } from './key-row.ts';
import type { AuditRecord } from './ports.ts';

const image = z.nullable(z.record(z.string(), z.unknown()));

/** A record as it is stored. What a newer release adds is kept. */
export const auditRecord = z.looseObject({
  id: z.string(),
  key_id: z.string(),
  seq: z.number(),
  action: z.string(),
  at: z.string(),
  table_name: z.string(),
  object_id: z.string(),
  changed_by: z.string(),
  who: image,
  before: image,
  after: image,
  digest: z.string(),
  chain: z.string(),
  previous_chain: z.string(),
  event_id: z.string(),
  request_id: z.string(),
  operation_id: z.nullable(z.string()),
  ended_overlap: z.optional(z.boolean()),
  redacted: z.optional(z.record(z.string(), z.string())),
});
export type StoredAuditRecord = z.infer<typeof auditRecord>;

/** What a record is found by. */
export interface AuditPlace {
  readonly keyId: string;
  readonly seq: number;
}

/** The place that a record's id tells; null for a text that can be none. */
export function placeOf(id: string): AuditPlace | null {
  const [, keyId, seq] = /^(master|[0-9A-Za-z]{17})_([1-9][0-9]{0,11})$/.exec(id) ?? [];
  return keyId === undefined ? null : { keyId, seq: Number(seq) };
}

/**
 * The audit record of a change of the row, or null for a write that is no audited change. Digest
 * and chain were computed by whoever made the change; they are copied, so that replays and the
 * order of arrival do not matter.
 */
export function auditRecordOf(before: KeyRow | null, after: KeyRow): AuditRecord | null {
  if (before?.seq === after.seq) return null;
  const { event } = after;
  return {
    id: `${after.keyId}_${after.seq}`,
    key_id: after.keyId,
    seq: after.seq,
    action: event.action,
    at: event.at,
    table_name: 'LiteLLM_VerificationToken',
    // Of a rotation the old hash, as in LiteLLM: whoever asks for it finds what became of it.
    object_id: callerName(
      after.keyId,
      event.action === 'rotated' && before !== null ? before.cur.hash : after.cur.hash,
    ),
    changed_by: event.who.changed_by,
    who: event.who,
    before: shownImage(before).value,
    after: shownImage(after).value,
    salts: event.salts,
    digest: event.digest,
    chain: after.chain,
    previous_chain: event.previous_chain,
    event_id: event.id,
    request_id: event.request_id,
    operation_id: event.operation_id,
    ...(event.ended_overlap === true ? { ended_overlap: true } : {}),
  };
}
