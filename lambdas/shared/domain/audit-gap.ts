/**
 * Whether a key's audit records lead from its row back to its birth. The row's chain vouches for the
 * newest record, and each record's `previous_chain` for the one before it. Links are compared, not
 * contents: that a digest is of what its record says is left to whoever verifies an export.
 */
import { chainAfter, chainStart } from './audit-chain.ts';
import type { KeyRow } from './key-row.ts';
import type { SweepState, TrailLink } from './ports.ts';

/**
 * The newest record of a key that is `missing`, that `differs` from what vouches for it, or is `extra`:
 * of a change that the row never had.
 */
export interface AuditGap {
  readonly kind: 'missing' | 'differs' | 'extra';
  readonly seq: number;
}

export interface TrailFacts {
  /** Read before the trail. */
  readonly row: Pick<KeyRow, 'keyId' | 'seq' | 'chain' | 'event' | 'key'>;
  readonly now: Date;
  /** When records were turned on again; null where they never were off. */
  readonly auditedSince: string | null;
}

/** What the next record down the trail has to be. */
export interface TrailPoint {
  readonly seq: number;
  readonly chain: string;
  /** It happened by then. */
  readonly notAfter: string;
  /** It happened then or later; null: no sooner than the change before it. */
  readonly notBefore: string | null;
}

/**
 * Records may come late, and out of turn: a batch can have written a later one of a key while an
 * earlier one is tried again. From this age on the age of the stream raises an alarm of its own.
 */
const lagMs = 3_600_000;

/** Where a walk down the trail begins: at the row. */
export const headOf = ({ row: { seq, chain, event } }: TrailFacts): TrailPoint => ({
  seq,
  chain,
  notAfter: event.at,
  notBefore: event.at,
});

/** Goes down a page of links, the newest first: to the first gap, else to where the next page begins. */
export function followTrail(
  from: TrailPoint,
  links: readonly TrailLink[],
  facts: TrailFacts,
): TrailPoint | AuditGap {
  let point = from;
  for (const link of links) {
    const { seq, at, digest, chain, previous_chain } = link;
    if (seq > point.seq) {
      if (isRecent(at, facts)) continue;
      return { kind: 'extra', seq };
    }
    if (seq < point.seq && isDemanded(point, at, facts)) return { kind: 'missing', seq: point.seq };
    // Below a record that may be on its way nothing vouches for this one.
    const isVouchedFor = seq < point.seq || chain === point.chain;
    // A record is never changed once it is written, so a wrong one cannot become right.
    if (!isVouchedFor || chain !== chainAfter(previous_chain, digest)) {
      return { kind: 'differs', seq };
    }
    // No later than what came after it, whatever the record says.
    const notAfter = at < point.notAfter ? at : point.notAfter;
    point = { seq: seq - 1, chain: previous_chain, notAfter, notBefore: null };
  }
  return point;
}

/** What is wrong where the trail ends. */
export function endOfTrail(point: TrailPoint, facts: TrailFacts): AuditGap | null {
  const { keyId, key } = facts.row;
  if (point.seq > 0) {
    return isDemanded(point, key.created_at, facts) ? { kind: 'missing', seq: point.seq } : null;
  }
  return point.chain === chainStart(keyId) ? null : { kind: 'differs', seq: 1 };
}

/** Whether it is of a change since the row was read. Whoever forges one may also date it ahead. */
const isRecent = (at: string, { now }: TrailFacts): boolean =>
  Math.abs(now.getTime() - Date.parse(at)) <= lagMs;

/** Whether a record that is not there should be; `before` is the time of the change before the gap. */
const isDemanded = (
  { notAfter, notBefore }: TrailPoint,
  before: string,
  { now, auditedSince }: TrailFacts,
): boolean =>
  notAfter < new Date(now.getTime() - lagMs).toISOString() &&
  // What may have happened while records were off has none.
  (auditedSince === null || (notBefore ?? before) >= auditedSince);

/** What is noted of `storeAuditLogs`, so that only records written since it is on are demanded. */
export const noteSwitch = (
  before: Pick<SweepState, 'isAuditOff' | 'auditedSince'>,
  isOn: boolean,
  now: Date,
): Pick<SweepState, 'isAuditOff' | 'auditedSince'> => ({
  isAuditOff: !isOn,
  auditedSince: isOn && before.isAuditOff ? now.toISOString() : before.auditedSince,
});
