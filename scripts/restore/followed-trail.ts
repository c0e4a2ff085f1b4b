/** The audit records of a key from its restored row on, as far as they can be trusted. */
import {
  type SaltedPart,
  saltedHash,
  saltedParts,
} from '../../lambdas/shared/domain/audit-chain.ts';
import { follows, trailStart } from '../../lambdas/shared/domain/audit-finding.ts';
import { type AuditRecord, auditRecord } from '../../lambdas/shared/domain/audit-record.ts';
import {
  checkedRecord,
  type Link,
  placedRecord,
} from '../../lambdas/shared/domain/audit-record-check.ts';
import { shownImage } from '../../lambdas/shared/domain/key-event.ts';
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';

interface Sound {
  readonly kind: 'sound';
  readonly records: readonly AuditRecord[];
  /** Whether the trail has the record that the row ends with then. */
  readonly hasOwn: boolean;
  /** What is erased from the record of the restored row's own number. */
  readonly erased: readonly SaltedPart[];
}

export type FollowedTrail = Sound | { readonly kind: 'faulty'; readonly reason: string };

/**
 * Goes from the row, or from the birth of a key that has none, over each of its records: each is as its
 * digest says, has the next number, and goes on from the chain and the image before it.
 *
 * @param stored the key's records in their order: that of the row's own number and all after it
 * @param auditedSince when records were turned on again: the row's own may be lacking from before
 */
export function followedTrail(
  keyId: string,
  row: KeyRow | null,
  stored: readonly object[],
  auditedSince: string | null,
): FollowedTrail {
  const [first, ...later] = stored;
  if (row === null) return followed(trailStart(keyId), stored);
  const head = first === undefined ? null : checkedOf(first);
  if (head?.seq !== row.seq && auditedSince !== null && row.event.at < auditedSince) {
    const { seq, chain, event } = row;
    return followed({ seq, chain, after: imageHash(row), at: event.at, position: 0 }, stored, {
      hasOwn: false,
    });
  }
  if (head === null) {
    return faulty(`The trail does not have number ${row.seq}, which the restored row has.`);
  }
  const { seq, chain, at, position, fault, after } = head;
  if (fault !== null) return faulty(`Record ${seq} does not verify: ${fault}`);
  const isHeads = seq === row.seq && chain === row.chain && after === imageHash(row);
  if (!isHeads) return faulty(`Record ${row.seq} is not the one that the restored row ends with.`);
  const { salts } = auditRecord.parse(first);
  const erased = saltedParts.filter((part) => salts[part] === null);
  return followed({ seq, chain, after, at, position }, later, { erased });
}

function followed(
  start: Link,
  stored: readonly object[],
  { hasOwn = true, erased = [] }: Partial<Pick<Sound, 'hasOwn' | 'erased'>> = {},
): FollowedTrail {
  let last = start;
  const records: AuditRecord[] = [];
  for (const value of stored) {
    const checked = checkedOf(value);
    if (checked === null) return faulty(`A record after number ${last.seq} says not what it is.`);
    if (!follows(checked, last)) {
      return faulty(
        checked.fault === null
          ? `Record ${checked.seq} does not go on from number ${last.seq}.`
          : `Record ${checked.seq} does not verify: ${checked.fault}`,
      );
    }
    records.push(auditRecord.parse(value));
    last = checked;
  }
  return { kind: 'sound', records, hasOwn: hasOwn || records.length > 0, erased };
}

function checkedOf(stored: object) {
  const placed = placedRecord(stored);
  return placed === null ? null : checkedRecord(placed.record, 0, placed.fault);
}

const imageHash = (row: KeyRow): string => saltedHash(shownImage(row));

const faulty = (reason: string): FollowedTrail => ({ kind: 'faulty', reason });
