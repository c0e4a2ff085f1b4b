/**
 * Proves an export of the audit trail: that it has every record of every key, each as it was written,
 * in its order. Records are looked at once, as they come, and only a few hashes are kept for each
 * key; of a key whose trail does not verify also for each later record.
 */
import { type SaltedPart, saltedHash } from './audit-chain.ts';
import {
  backdated,
  type Doubt,
  type Finding,
  findingOf,
  follows,
  headless,
  type RowHead,
  rewrittenEnd,
  trailStart,
  truncatedEnd,
  unprovable,
  withoutDeletion,
  withoutPlace,
  withoutRow,
} from './audit-finding.ts';
import {
  type CheckedRecord,
  checkedRecord,
  type Link,
  placedRecord,
} from './audit-record-check.ts';

/** What all rows said at a time. */
export interface Heads {
  /** Keys that were born at this time or later may have none. */
  readonly at: string;
  readonly heads: readonly RowHead[];
}

export interface ProofOptions {
  /** One or several. Without any nothing tells whether the end of a trail is missing, or was rewritten. */
  readonly heads?: readonly Heads[] | undefined;
  /** When records were last turned on: earlier ones may be missing. */
  readonly auditedSince?: string | undefined;
}

export interface Proof {
  readonly keys: number;
  readonly records: number;
  /** Records of which a part was erased, and which verify all the same. */
  readonly redacted: readonly Redaction[];
  /** Heads that are in their key's trail. */
  readonly heads: number;
  /** Records that came after the row was read: only later heads can vouch for the last of them. */
  readonly beyondHead: number;
  /** Records that are missing before others, and may be from the time before `auditedSince`. */
  readonly unrecorded: number;
  /** One for each key that does not verify, in the order of the export. */
  readonly findings: readonly Finding[];
  /** What is not proved of the other keys, in the order of the export; of one key maybe several. */
  readonly doubts: readonly Doubt[];
}

export interface Redaction {
  readonly id: string;
  readonly position: number;
  readonly parts: readonly SaltedPart[];
}

interface Trail {
  readonly first: Pick<CheckedRecord, 'id' | 'position' | 'at'>;
  last: Link;
  /** The first record with a head's number, and another chain. */
  rewritten: Link | null;
  /** The first record after the newest head that is too old for its place. */
  backdated: Link | null;
  /** The first record after the newest head. */
  beyond: Pick<CheckedRecord, 'id' | 'position'> | null;
  headsMet: number;
  readonly gaps: Doubt[];
  /** Records from the first on that does not follow. */
  readonly strays: CheckedRecord[];
}

/** A head with the time of the heads that it is from. */
interface TimedHead extends RowHead {
  readonly headsAt: string;
}

const emptyImage = saltedHash({ salt: '', value: {} });

/** A change may be committed so long after its time: within a call, by clocks that differ a little. */
const settleMs = 60_000;

const isOlder = (at: string, than: string): boolean =>
  // This way round, for a time that is none.
  !(Date.parse(at) >= Date.parse(than) - settleMs);

export function auditProof({ heads: given, auditedSince = '' }: ProofOptions = {}) {
  const headsOf = Map.groupBy(
    (given ?? []).flatMap(({ at, heads }): TimedHead[] =>
      heads.map((head) => ({ ...head, headsAt: at })),
    ),
    ({ key_id }) => key_id,
  );
  const newestAt = (given ?? [])
    .map(({ at }) => at)
    .reduce((one, other) => (one > other ? one : other), '');
  const trails = new Map<string, Trail>();
  const redacted: Redaction[] = [];
  const unplaced: Finding[] = [];
  let [records, unrecorded, beyondHead] = [0, 0, 0];

  /** The head of most changes; of the same in several files, the newest one. */
  const newestHead = (keyId: string): TimedHead | undefined =>
    headsOf
      .get(keyId)
      ?.reduce((one, other) =>
        other.seq > one.seq || (other.seq === one.seq && other.headsAt > one.headsAt) ? other : one,
      );

  /** Takes the next record of the export, with what is wrong with its line. */
  function add(value: object, lineFault: string | null = null): void {
    records += 1;
    const placed = placedRecord(value);
    if (placed === null) {
      unplaced.push(withoutPlace(Object(value)['id'], records));
      return;
    }
    const keyId = placed.record.key_id;
    const record = checkedRecord(placed.record, records, placed.fault ?? lineFault);
    const { id, seq, chain, after, at, position, erased } = record;
    if (record.fault === null && erased.length > 0) redacted.push({ id, position, parts: erased });
    const trail = trails.get(keyId) ?? newTrail(keyId, record);
    if (trail.strays.length > 0 || !goesOn(keyId, trail.last, record)) {
      trail.strays.push(record);
      return;
    }
    const before = trail.last;
    if (seq > before.seq + 1) {
      unrecorded += seq - before.seq - 1;
      trail.gaps.push(unprovable(keyId, before, position));
    }
    trail.last = { seq, chain, after, at, position };
    for (const head of headsOf.get(keyId) ?? []) {
      if (seq !== head.seq) continue;
      if (chain === head.chain) trail.headsMet += 1;
      else trail.rewritten ??= trail.last;
    }
    const newest = newestHead(keyId);
    if (newest === undefined || seq <= newest.seq) return;
    beyondHead += 1;
    trail.beyond ??= { id, position };
    if (isOlder(at, newest.headsAt) || isOlder(at, before.at)) trail.backdated ??= trail.last;
  }

  function newTrail(keyId: string, { id, position, at, createdAt }: CheckedRecord): Trail {
    const trail: Trail = {
      first: { id, position, at },
      // What is missing at the start may be as old as the key.
      last: { ...trailStart(keyId), at: createdAt },
      rewritten: null,
      backdated: null,
      beyond: null,
      headsMet: 0,
      gaps: [],
      strays: [],
    };
    trails.set(keyId, trail);
    return trail;
  }

  const goesOn = (keyId: string, last: Link, record: CheckedRecord): boolean =>
    follows(record, last) ||
    (record.fault === null &&
      record.seq > last.seq + 1 &&
      last.at < auditedSince &&
      // A head of a change since then says that there was a record.
      !headsOf
        .get(keyId)
        ?.some(({ seq, at }) => seq > last.seq && seq < record.seq && at >= auditedSince));

  /** What the whole export comes to. */
  function finish(): Proof {
    const silent = [...headsOf.keys()]
      .filter((keyId) => !trails.has(keyId))
      .map((keyId) => endOf(keyId, { ...trailStart(keyId), position: records }));
    const ends = [...[...trails].map(([keyId, trail]) => judged(keyId, trail)), ...silent];
    const told = [...unplaced, ...ends.flat()].sort(
      (left, right) => left.position - right.position,
    );
    const findings = told.filter(isFinding);
    const found = new Set(findings.map(({ keyId }) => keyId));
    return {
      keys: trails.size,
      records,
      redacted,
      heads: [...trails]
        .filter(([keyId]) => !found.has(keyId))
        .reduce((sum, [, { headsMet }]) => sum + headsMet, 0),
      beyondHead,
      unrecorded,
      findings,
      doubts: told.filter((one) => !isFinding(one)),
    };
  }

  /** The finding of a key, else its doubts. */
  function judged(keyId: string, trail: Trail): readonly (Finding | Doubt)[] {
    const found = findingIn(keyId, trail);
    if (found !== null) return [found];
    return [...trail.gaps, ...endOf(keyId, trail.last, trail)];
  }

  function findingIn(keyId: string, { last, strays, rewritten, backdated: old }: Trail) {
    const isRowsOwn = (link: Link) =>
      headsOf.get(keyId)?.some(({ seq, chain }) => link.seq === seq && link.chain === chain);
    if (rewritten !== null && !strays.some(isRowsOwn)) return rewrittenEnd(keyId, rewritten);
    if (old !== null) return backdated(keyId, old);
    const [stray, ...later] = strays;
    return stray === undefined ? null : findingOf(keyId, last, stray, later, newestHead(keyId));
  }

  /** What is wrong, or not proved, of where a trail ends that verifies up to there. */
  function endOf(keyId: string, last: Link, trail?: Trail): readonly (Finding | Doubt)[] {
    if (given === undefined) return [];
    const head = newestHead(keyId);
    const isDeleted = last.after === emptyImage;
    const mayLack = (at: string) => at < auditedSince;
    if (head === undefined) {
      if (trail === undefined) return [];
      const mayHaveNone = isDeleted || trail.first.at >= newestAt;
      return [mayHaveNone ? headless(keyId, trail.first) : withoutRow(keyId, trail.first)];
    }
    if (last.seq < head.seq) {
      return [mayLack(head.at) ? unprovable(keyId, last, last.position) : truncatedEnd(head, last)];
    }
    // The rest is of a row that went at the end of its retention: nothing vouches for it any more.
    if (headsOf.get(keyId)?.some(({ headsAt }) => headsAt === newestAt)) return [];
    if (!isDeleted) {
      return [
        mayLack(last.at) ? unprovable(keyId, last, last.position) : withoutDeletion(keyId, last),
      ];
    }
    return trail?.beyond ? [headless(keyId, trail.beyond)] : [];
  }

  return { add, finish };
}

const isFinding = (told: Finding | Doubt): told is Finding =>
  told.kind !== 'headless' && told.kind !== 'unprovable';
