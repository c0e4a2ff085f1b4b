/** What one audit record proves by itself, before it is compared with its neighbours. */
import * as z from 'zod/mini';
import { chainAfter, type SaltedPart, saltedParts } from './audit-chain.ts';
import {
  type AuditRecord,
  auditedTable,
  auditRecord,
  auditRecordId,
  placeOf,
} from './audit-record.ts';
import { partHash, recordDigest } from './audit-redaction.ts';
import { canonicalJson } from './canonical-json.ts';
import { erasedName } from './changed-by.ts';

const numberedRecord = z.looseObject({ key_id: z.string(), seq: auditRecord.shape.seq });

/** Something that says of which key it is a record, and which one. */
export type NumberedRecord = z.infer<typeof numberedRecord>;

// What is checked is the value as it came, not a parsed copy: a copy may lack what nobody expected.
export const isNumberedRecord = (value: unknown): value is NumberedRecord =>
  numberedRecord.safeParse(value).success;

/** A record at the place that it is for, and what is wrong with how it says so. */
export interface PlacedRecord {
  readonly record: NumberedRecord;
  readonly fault: string | null;
}

/** By its number and key id or, where they are none any more, by its id; null where nothing tells. */
export function placedRecord(value: object): PlacedRecord | null {
  if (isNumberedRecord(value)) return { record: value, fault: null };
  const place = placeOf(String(new Map(Object.entries(value)).get('id')));
  if (place === null) return null;
  const record = { ...value, key_id: place.keyId, seq: place.seq };
  return { record, fault: 'Its key_id or seq has a wrong form.' };
}

/** The place of a record in its key's chain. */
export interface Link {
  readonly seq: number;
  readonly chain: string;
  /** Salted hash of the image after the change. */
  readonly after: string;
  readonly at: string;
  /** Place among the records of the export, from 1. */
  readonly position: number;
}

/** A record without its content: what is left to compare with its neighbours. */
export interface CheckedRecord extends Link {
  readonly id: string;
  /** The id that the record gives itself. */
  readonly claimedId: unknown;
  /** What in the record does not follow from its content, as a sentence; null where all does. */
  readonly fault: string | null;
  readonly previousChain: string;
  /** Whether `chain` follows from `previous_chain` and `digest` as the record has them. */
  readonly isChained: boolean;
  readonly before: string;
  /** Parts that were erased. */
  readonly erased: readonly SaltedPart[];
  /** When the key was born, as an image says; empty where none does. */
  readonly createdAt: string;
}

/**
 * Checks a record by itself. Never throws: a record of a wrong form has a fault like any other, and
 * so has one of which a fault is known already.
 */
export function checkedRecord(
  stored: NumberedRecord,
  position: number,
  known: string | null = null,
): CheckedRecord {
  const named = {
    seq: stored.seq,
    position,
    id: auditRecordId(stored.key_id, stored.seq),
    claimedId: stored['id'],
  };
  if (!isAuditRecord(stored)) {
    const fault = known ?? 'It does not have the form of an audit record.';
    const nothing = { chain: '', after: '', at: '', previousChain: '', before: '', createdAt: '' };
    return { ...named, ...nothing, fault, isChained: false, erased: [] };
  }
  const hashes = {
    who: partHash(stored, 'who'),
    before: partHash(stored, 'before'),
    after: partHash(stored, 'after'),
  };
  const faulty = faultyMembers(stored, recordDigest(stored, hashes));
  return {
    ...named,
    chain: stored.chain,
    after: hashes.after,
    at: stored.at,
    fault: known ?? (faulty.length === 0 ? null : sentenceOn(faulty)),
    previousChain: stored.previous_chain,
    isChained: !faulty.includes('chain'),
    before: hashes.before,
    erased: erasedParts(stored),
    createdAt: birthOf(stored),
  };
}

/** The image after a deletion does not say it, the one before a birth neither. */
function birthOf({ before, after }: AuditRecord): string {
  const at = before?.['created_at'] ?? after?.['created_at'];
  return typeof at === 'string' ? at : '';
}

const erasedParts = ({ salts }: AuditRecord): SaltedPart[] =>
  saltedParts.filter((part) => salts[part] === null);

const isAuditRecord = (value: NumberedRecord): value is NumberedRecord & AuditRecord =>
  auditRecord.safeParse(value).success;

/** Members other than the record would have, were it made of what its digest covers. */
function faultyMembers(record: AuditRecord, digest: string): string[] {
  const { key_id, seq, who, salts } = record;
  const erased = erasedParts(record);
  const right: Record<string, unknown> = {
    id: auditRecordId(key_id, seq),
    key_id,
    seq,
    action: record.action,
    at: record.at,
    table_name: auditedTable,
    object_id: record.object_id,
    changed_by: salts.who === null ? erasedName : who?.['changed_by'],
    ...Object.fromEntries(
      saltedParts.map((part) => [part, erased.includes(part) ? null : record[part]]),
    ),
    salts: { who: salts.who, before: salts.before, after: salts.after },
    ...(erased.length === 0
      ? {}
      : { redacted: Object.fromEntries(erased.map((part) => [part, record.redacted?.[part]])) }),
    digest,
    chain: chainAfter(record.previous_chain, record.digest),
    previous_chain: record.previous_chain,
    event_id: record.event_id,
    request_id: record.request_id,
    operation_id: record.operation_id,
    ...(record.ended_overlap === true ? { ended_overlap: true } : {}),
  };
  const [expected, found] = [new Map(Object.entries(right)), new Map(Object.entries(record))];
  const names = new Set([...expected.keys(), ...found.keys()]);
  return [...names].filter((name) => !isSame(expected.get(name), found.get(name)));
}

const isSame = (one: unknown, other: unknown): boolean =>
  one === other || canonicalJson(one) === canonicalJson(other);

function sentenceOn(faulty: readonly string[]): string {
  if (faulty.includes('digest')) return 'Its digest does not follow from its content.';
  return `Its ${faulty.join(', ')} ${faulty.length === 1 ? 'does' : 'do'} not follow from the rest of it.`;
}
