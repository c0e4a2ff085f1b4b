/**
 * Erasing what is personal in an audit record. The part goes with its salt, so that nobody can guess
 * it from its hash; the hash stays, so that digest and chain still verify.
 */
import { digestOver, type SaltedPart, saltedHash } from './audit-chain.ts';
import type { AuditRecord } from './audit-record.ts';
import { erasedName } from './changed-by.ts';

/**
 * The record without these parts. A part that hides nothing (no salt) stays as it is, and so does one
 * that is redacted already. `after` of a record and `before` of the next are one image: erasing a
 * person means both.
 */
export function redacted(record: AuditRecord, parts: readonly SaltedPart[]): AuditRecord {
  return parts.reduce((rest, part) => {
    if (!rest.salts[part]) return rest;
    return {
      ...rest,
      [part]: null,
      salts: { ...rest.salts, [part]: null },
      redacted: { ...rest.redacted, [part]: partHash(rest, part) },
      ...(part === 'who' ? { changed_by: erasedName } : {}),
    };
  }, record);
}

/** The salted hash of a part: of what is there or, of a redacted part, the one that was kept. */
export function partHash(record: AuditRecord, part: SaltedPart): string {
  const salt = record.salts[part];
  return salt === null
    ? (record.redacted?.[part] ?? '')
    : saltedHash({ salt, value: record[part] });
}

/** The digest that follows from the content of a record, whatever the record says that it is. */
export const recordDigest = (
  record: AuditRecord,
  parts = {
    who: partHash(record, 'who'),
    before: partHash(record, 'before'),
    after: partHash(record, 'after'),
  },
): string =>
  digestOver(
    {
      keyId: record.key_id,
      seq: record.seq,
      action: record.action,
      at: record.at,
      objectId: record.object_id,
      eventId: record.event_id,
      requestId: record.request_id,
      operationId: record.operation_id,
      endedOverlap: record.ended_overlap === true,
    },
    parts,
  );
