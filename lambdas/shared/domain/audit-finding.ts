/**
 * What was done to a trail that does not verify. The kinds overlap (a replaced record is a deletion
 * and an insertion), so a finding names the simplest that explains what is there.
 */
import { chainStart, saltedHash } from './audit-chain.ts';
import { auditRecordId } from './audit-record.ts';
import type { CheckedRecord, Link } from './audit-record-check.ts';

export interface Finding {
  readonly keyId: string;
  readonly kind: 'edit' | 'deletion' | 'insertion' | 'reorder' | 'truncation';
  /** `<key id>_<seq>` of the first bad record; of one that is missing where that is what is wrong. */
  readonly id: string;
  /** Place among the records of the export, from 1, where it was noticed. */
  readonly position: number;
  readonly sentence: string;
}

/** What nothing proves, though nothing is wrong with it. */
export interface Doubt extends Omit<Finding, 'kind'> {
  /** No head vouches for it; or what is missing may never have been kept. */
  readonly kind: 'headless' | 'unprovable';
}

/** What the row says of the end of its key's trail. */
export interface RowHead {
  readonly key_id: string;
  readonly seq: number;
  readonly chain: string;
  /** Time of the last change. */
  readonly at: string;
}

/** Where each trail begins. */
export const trailStart = (keyId: string): Link => ({
  seq: 0,
  chain: chainStart(keyId),
  after: saltedHash({ salt: '', value: null }),
  at: '',
  position: 0,
});

/** Whether a record is sound and goes on exactly where the trail stands. */
export const follows = (record: CheckedRecord, last: Link): boolean =>
  record.fault === null &&
  record.seq === last.seq + 1 &&
  record.previousChain === last.chain &&
  record.before === last.after;

/**
 * The finding of a key whose trail verifies up to `last`. `first` is the first record that does not
 * follow, `rest` are the key's later ones, in the order of the export.
 */
export function findingOf(
  keyId: string,
  last: Link,
  first: CheckedRecord,
  rest: readonly CheckedRecord[],
  head: RowHead | undefined,
): Finding {
  const found = (kind: Finding['kind'], sentence: string, id = first.id): Finding => ({
    kind,
    keyId,
    id,
    position: first.position,
    sentence,
  });
  const next = last.seq + 1;
  const nextId = auditRecordId(keyId, next);

  const inPlace = runFrom(last, [first, ...rest]);
  if (inPlace.length > 0) {
    const places = new Set(inPlace);
    const isRight = places.has(first);
    const hasRepeat = rest.some(
      (record) => !places.has(record) && record.seq < last.seq + 1 + inPlace.length,
    );
    return isRight && !hasRepeat
      ? found('reorder', `It stands where ${nextId} should, which comes later.`)
      : found('insertion', `${nextId}, which should be here, comes later, and not after this one.`);
  }

  if (first.fault !== null) {
    // Its chain fits its digest, and is not this one: a record from somewhere else with a new number.
    if (first.isChained && first.previousChain !== last.chain) {
      return found('insertion', `It is no part of the chain that it is in. ${first.fault}`);
    }
    if (first.seq === next || first.claimedId === nextId) return found('edit', first.fault, nextId);
  }
  if (first.seq < next) return found('insertion', 'There is a record of this number before it.');
  if (first.seq > next) {
    return found('deletion', `It is missing: number ${first.seq} comes next in its place.`, nextId);
  }
  // It is sound and has the right number, but does not go on where the one before it ends.
  if (head !== undefined && leadsTo(head, first, rest)) {
    return found(
      'edit',
      'It was rewritten: its chain is not the one that its successor goes on from, which is the row’s.',
      auditRecordId(keyId, Math.max(1, last.seq)),
    );
  }
  if (head?.seq === last.seq && head.chain === last.chain) {
    return found(
      'insertion',
      'It does not go on from the record before it, where the row’s trail ends.',
    );
  }
  return found(
    'edit',
    'It does not go on from the record before it: one of the two was rewritten.',
  );
}

/** The finding of a line that is a record of no key, or of no change. */
export const withoutPlace = (id: unknown, position: number): Finding => ({
  kind: 'edit',
  keyId: '',
  id: typeof id === 'string' ? id : `line ${position}`,
  position,
  sentence: 'It does not say which record of which key it is.',
});

/** The finding of a record that goes on from the row's last one, and is older than that. */
export const backdated = (keyId: string, { seq, position }: Link): Finding => ({
  kind: 'insertion',
  keyId,
  id: auditRecordId(keyId, seq),
  position,
  sentence:
    'It is dated before the heads, which do not have it, or before the record it goes on from.',
});

/** The finding of a trail that verifies up to a record which has another chain than a head. */
export const rewrittenEnd = (keyId: string, { seq, position }: Link): Finding => ({
  kind: 'edit',
  keyId,
  id: auditRecordId(keyId, seq),
  position,
  sentence: 'The head has another chain: the trail was rewritten, up to here at least.',
});

/** The finding of a trail that ends before its row's. */
export const truncatedEnd = ({ key_id, seq }: RowHead, last: Link): Finding => ({
  kind: 'truncation',
  keyId: key_id,
  id: auditRecordId(key_id, last.seq + 1),
  position: last.position,
  sentence: `It is missing: the row has had ${seq} changes, and the trail ends with number ${last.seq}.`,
});

/** The finding of a trail that verifies, but is of a key that is not there. */
export const withoutRow = (
  keyId: string,
  { id, position }: Pick<CheckedRecord, 'id' | 'position'>,
): Finding => ({
  kind: 'insertion',
  keyId,
  id,
  position,
  sentence: 'The key has no row, and the trail does not end with its deletion.',
});

/** The finding of a trail that goes on as far as older heads say, and whose row is gone. */
export const withoutDeletion = (keyId: string, { seq, position }: Link): Finding => ({
  kind: 'truncation',
  keyId,
  id: auditRecordId(keyId, seq + 1),
  position,
  sentence: 'It is missing: the newest heads have no row of the key, and no deletion is recorded.',
});

/** The doubt of a trail, or of its end, that no head has. */
export const headless = (
  keyId: string,
  { id, position }: Pick<CheckedRecord, 'id' | 'position'>,
): Doubt => ({
  kind: 'headless',
  keyId,
  id,
  position,
  sentence: 'No head vouches for it, and for what comes after it: all of it may be invented.',
});

/** The doubt of records that are missing after `last`, and may be from before records were kept. */
export const unprovable = (keyId: string, last: Link, position: number): Doubt => ({
  kind: 'unprovable',
  keyId,
  id: auditRecordId(keyId, last.seq + 1),
  position,
  sentence:
    'It is missing. That it was not kept, being from before --audited-since, is not proved, and nothing vouches for what comes before it.',
});

/** The records that follow one after the other, wherever they are. */
function runFrom(last: Link, records: readonly CheckedRecord[]): CheckedRecord[] {
  const bySeq = Map.groupBy(records, ({ seq }) => seq);
  const run: CheckedRecord[] = [];
  let end = last;
  for (;;) {
    const next = bySeq.get(end.seq + 1)?.find((record) => follows(record, end));
    if (next === undefined) return run;
    run.push(next);
    end = next;
  }
}

/** Whether the chain of this record and those after it is the row's. */
function leadsTo(head: RowHead, first: CheckedRecord, rest: readonly CheckedRecord[]): boolean {
  const run = [first, ...runFrom(first, rest)];
  return run.some(({ seq, chain }) => seq === head.seq && chain === head.chain);
}
