/**
 * Proves an export of the audit trail: that it has every record of every key, each as it was written,
 * in its order. Records are looked at once, as they come, and only a few hashes are kept for each
 * key; of a key whose trail does not verify also for each later record.
 */
import { saltedHash } from './audit-chain.ts';
import {
  type Finding,
  findingOf,
  follows,
  type RowHead,
  rewrittenEnd,
  trailStart,
  truncatedEnd,
  withoutRow,
} from './audit-finding.ts';
import {
  type CheckedRecord,
  checkedRecord,
  type Link,
  type NumberedRecord,
} from './audit-record-check.ts';

export interface ProofOptions {
  /** Without them nothing tells whether the end of a trail is missing, or was rewritten. */
  readonly heads?: readonly RowHead[] | undefined;
  /** Keys that were born at this time or later may have no head. */
  readonly headsAt?: string | undefined;
  /** When records were last turned on: earlier ones may be missing. */
  readonly auditedSince?: string | undefined;
}

export interface Proof {
  readonly keys: number;
  readonly records: number;
  /** Records of which a part was erased, and which verify all the same. */
  readonly redacted: number;
  /** Keys whose trail has what the row says. */
  readonly heads: number;
  /** Keys without a row that may have none: deleted, or born after the heads were exported. */
  readonly withoutHead: number;
  /** Records that came after the row was read: only later heads can vouch for the last of them. */
  readonly beyondHead: number;
  /** Records that are missing before others, from the time before `auditedSince`. */
  readonly unrecorded: number;
  /** One for each key that does not verify, in the order of the export. */
  readonly findings: readonly Finding[];
}

interface Trail {
  readonly first: Pick<CheckedRecord, 'id' | 'position' | 'at'>;
  last: Link;
  /** The record with the row's number, where its chain is not the row's. */
  rewritten: Link | null;
  isHeadMet: boolean;
  /** Records from the first on that does not follow. */
  readonly strays: CheckedRecord[];
}

const emptyImage = saltedHash({ salt: '', value: {} });

export function auditProof({ heads, headsAt, auditedSince = '' }: ProofOptions = {}) {
  const headOf = new Map(heads?.map((head) => [head.key_id, head]));
  const trails = new Map<string, Trail>();
  let [records, redacted, unrecorded, beyondHead] = [0, 0, 0, 0];

  /** Takes the next record of the export. */
  function add(stored: NumberedRecord): void {
    records += 1;
    const record = checkedRecord(stored, records);
    if (record.fault === null && record.isRedacted) redacted += 1;
    const trail = trails.get(stored.key_id) ?? newTrail(stored.key_id, record);
    if (trail.strays.length > 0 || !goesOn(trail.last, record)) {
      trail.strays.push(record);
      return;
    }
    const { seq, chain, after, at, position } = record;
    unrecorded += seq - trail.last.seq - 1;
    trail.last = { seq, chain, after, at, position };
    const head = headOf.get(stored.key_id);
    if (head !== undefined && seq > head.seq) beyondHead += 1;
    if (seq !== head?.seq) return;
    trail.isHeadMet = chain === head.chain;
    if (!trail.isHeadMet) trail.rewritten = trail.last;
  }

  function newTrail(keyId: string, { id, position, at }: CheckedRecord): Trail {
    const first = { id, position, at };
    const last = trailStart(keyId);
    const trail: Trail = { first, last, rewritten: null, isHeadMet: false, strays: [] };
    trails.set(keyId, trail);
    return trail;
  }

  const goesOn = (last: Link, record: CheckedRecord): boolean =>
    follows(record, last) ||
    (record.fault === null && record.seq > last.seq + 1 && last.at < auditedSince);

  /** What the whole export comes to. */
  function finish(): Proof {
    const heard = [...trails].map(([keyId, trail]) => findingIn(keyId, trail));
    const silent = [...headOf.values()]
      .filter(({ key_id }) => !trails.has(key_id))
      .map((head) => missingEnd(head, { ...trailStart(head.key_id), position: records }));
    const findings = [...heard, ...silent]
      .filter((finding) => finding !== null)
      .sort((left, right) => left.position - right.position);
    const found = new Set(findings.map(({ keyId }) => keyId));
    const withoutFinding = [...trails].filter(([keyId]) => !found.has(keyId));
    return {
      keys: trails.size,
      records,
      redacted,
      heads: withoutFinding.filter(([, { isHeadMet }]) => isHeadMet).length,
      withoutHead: withoutFinding.filter(([keyId]) => heads !== undefined && !headOf.has(keyId))
        .length,
      beyondHead,
      unrecorded,
      findings,
    };
  }

  function findingIn(keyId: string, { first, last, strays, rewritten }: Trail): Finding | null {
    const head = headOf.get(keyId);
    const isRowsOwn = ({ seq, chain }: Link) => seq === head?.seq && chain === head.chain;
    if (rewritten !== null && !strays.some(isRowsOwn)) return rewrittenEnd(keyId, rewritten);
    const [stray, ...later] = strays;
    if (stray !== undefined) return findingOf(keyId, last, stray, later, head);
    if (head !== undefined) return missingEnd(head, last);
    const mayHaveNone = last.after === emptyImage || (headsAt !== undefined && first.at >= headsAt);
    return heads === undefined || mayHaveNone ? null : withoutRow(keyId, first);
  }

  function missingEnd(head: RowHead, last: Link): Finding | null {
    return head.seq <= last.seq || head.at < auditedSince ? null : truncatedEnd(head, last);
  }

  return { add, finish };
}
