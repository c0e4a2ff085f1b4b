import * as z from 'zod/mini';
import { objectIdOf, shownImage } from './key-event.ts';
import type { KeyRow } from './key-row.ts';

/** An image or a `who`; null also where it is redacted. */
const part = z.nullable(z.record(z.string(), z.unknown()));
const salt = z.nullable(z.string());

/** One entry of the audit trail, as it is stored. */
export const auditRecord = z.looseObject({
  id: z.string(),
  key_id: z.string(),
  seq: z.int().check(z.positive()),
  action: z.string(),
  at: z.string(),
  table_name: z.string(),
  object_id: z.string(),
  changed_by: z.string(),
  who: part,
  before: part,
  after: part,
  /** Null for a part that is redacted. */
  salts: z.looseObject({ who: salt, before: salt, after: salt }),
  /** Salted hashes of the parts that are redacted. */
  redacted: z.optional(
    z.looseObject({
      who: z.optional(z.string()),
      before: z.optional(z.string()),
      after: z.optional(z.string()),
    }),
  ),
  digest: z.string(),
  chain: z.string(),
  previous_chain: z.string(),
  event_id: z.string(),
  request_id: z.string(),
  operation_id: z.nullable(z.string()),
  ended_overlap: z.optional(z.boolean()),
});
export type AuditRecord = z.infer<typeof auditRecord>;

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
/** What answers say of a record's time and chain. */
const soundRecord = z.extend(auditRecord, {
  at: z.iso.datetime({ precision: 3 }),
  digest: sha256,
  chain: sha256,
  previous_chain: sha256,
});

/** A member where it is as it must be, else null. */
const orNull = <T extends z.ZodMiniType>(member: T) => z.catch(z.nullable(member), null);
const { shape } = soundRecord;
const readableMembers = z.object({
  action: orNull(shape.action),
  at: orNull(shape.at),
  table_name: orNull(shape.table_name),
  object_id: orNull(shape.object_id),
  changed_by: orNull(shape.changed_by),
  who: orNull(shape.who),
  before: orNull(shape.before),
  after: orNull(shape.after),
  redacted: z.catch(shape.redacted, undefined),
  digest: orNull(shape.digest),
  chain: orNull(shape.chain),
  previous_chain: orNull(shape.previous_chain),
  request_id: orNull(shape.request_id),
  operation_id: orNull(shape.operation_id),
  ended_overlap: z.catch(shape.ended_overlap, undefined),
});

/** A record that is not as it must be: what of it can be read, under the place where it is. */
type DamagedRecord = z.infer<typeof readableMembers> &
  Pick<AuditRecord, 'id' | 'key_id' | 'seq'> & { readonly isDamaged: true };

/** A record as it is found. */
export type FoundRecord = AuditRecord | DamagedRecord;

export const isDamaged = (record: FoundRecord): boolean => record['isDamaged'] === true;

/** The record that is stored at a place. Never throws: one that is damaged hides no other. */
export function foundRecord({ keyId, seq }: AuditPlace, stored: unknown): FoundRecord {
  const place = { id: auditRecordId(keyId, seq), key_id: keyId, seq };
  const sound = soundRecord.safeParse(stored);
  if (sound.success && isAt(place, sound.data)) return sound.data;
  return { ...readableMembers.parse(stored), ...place, isDamaged: true };
}

const isAt = (place: Pick<AuditRecord, 'id' | 'key_id' | 'seq'>, record: AuditRecord): boolean =>
  record.id === place.id && record.key_id === place.key_id && record.seq === place.seq;

export const auditedTable = 'LiteLLM_VerificationToken';

export const auditRecordId = (keyId: string, seq: number): string => `${keyId}_${seq}`;

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
    id: auditRecordId(after.keyId, after.seq),
    key_id: after.keyId,
    seq: after.seq,
    action: event.action,
    at: event.at,
    table_name: auditedTable,
    object_id: objectIdOf(event.action, before, after),
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
