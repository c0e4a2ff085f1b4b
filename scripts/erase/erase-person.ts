/** Erases a person from the rows of keys and from the audit trail, which goes on to verify. */
import { type SaltedPart, saltedParts } from '../../lambdas/shared/domain/audit-chain.ts';
import {
  type AuditRecord,
  auditRecord,
  auditRecordId,
} from '../../lambdas/shared/domain/audit-record.ts';
import { checkedRecord, placedRecord } from '../../lambdas/shared/domain/audit-record-check.ts';
import { redacted } from '../../lambdas/shared/domain/audit-redaction.ts';
import {
  isTheirs,
  namesOf,
  type Person,
  partsNaming,
  rowWithout,
  rowWithoutSalts,
  stillNaming,
} from '../../lambdas/shared/domain/erasure.ts';
import { masterKeyId } from '../../lambdas/shared/domain/key-format.ts';
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import { pooled } from '../../lambdas/shared/domain/pooled.ts';
import type { KeyLists, KeyTable, Randomness } from '../../lambdas/shared/domain/ports.ts';
import { readPatiently } from '../../lambdas/shared/protocol/import-key.ts';
import { eachInFlight } from '../operator/each-in-flight.ts';
import type { ErasableTrail } from './erasable-trail.ts';

export interface EraseStores {
  readonly table: KeyTable;
  readonly lists: KeyLists;
  readonly trail: ErasableTrail;
  readonly random: Randomness;
  readonly now: () => Date;
  readonly pause: (tries: number) => Promise<void>;
}

export interface EraseRun {
  readonly stores: EraseStores;
  readonly person: Person;
  /** Whether records are written at all: `storeAuditLogs`. */
  readonly isAudited: boolean;
  /** Else nothing is written. */
  readonly isApplied: boolean;
  /** Who erases, for the audit. */
  readonly by: string;
  readonly runId: string;
  readonly onFound: (found: Found) => void;
  /** Told how many rows and records have been looked at. */
  readonly onLook: (looked: number) => void;
}

export type Found =
  | { readonly kind: 'row'; readonly keyId: string }
  | { readonly kind: 'record'; readonly id: string; readonly parts: readonly SaltedPart[] }
  | Left;

export interface Left {
  readonly kind: 'left';
  /** Key id, or id of a record. */
  readonly id: string;
  readonly reason: string;
}

export interface Erasure {
  readonly rows: Readonly<Record<KeyRow['status'], number>>;
  readonly records: number;
  /** Of those records. */
  readonly parts: Readonly<Record<SaltedPart, number>>;
  /** The user ids of others on these rows and records: they stay. */
  readonly others: readonly string[];
  readonly left: readonly Left[];
  /** Addresses that stand beside the user and were not given: they stay where they stand alone. */
  readonly addresses: readonly string[];
}

const mostInFlight = 8;
const pageSize = 100;
const limitMs = 10_000;
const mostTries = 8;
/** A record may come, or change, while the trail is read. */
const mostPasses = 5;

/**
 * Rows first: each that names the person is written without them, with an event `erased`, and that
 * event's record behind all others of the key says that the trail is whole up to there. Then the trail,
 * until a look finds nothing. Writes nothing while a live key is the person's. Safe to run twice, and
 * by two people. Throws what is no matter of one key.
 */
export async function erasePerson(run: EraseRun): Promise<Erasure> {
  const { stores, person, isApplied, by, runId } = run;
  const { table, lists, trail, random, now, pause } = stores;
  const names = namesOf(person);
  const left: Left[] = [];
  const addresses = new Set<string>();
  /** Whose last event is that somebody was erased, by this run or one before. */
  const erasedRows: KeyRow[] = [];
  /** Of each key the last record of which a part was erased, by this run or one before. */
  const lastErased = new Map<string, AuditRecord>();
  const others = new Set<string>();
  const rows = { active: 0, deleted: 0 };
  const parts = { who: 0, before: 0, after: 0 };
  let [records, looked] = [0, 0];

  const leave = (id: string, reason: string): void => {
    const one: Left = { kind: 'left', id, reason };
    left.push(one);
    run.onFound(one);
  };
  const done = () => ({
    rows,
    records,
    parts,
    others: [...others].sort(),
    left,
    addresses: [...addresses],
  });

  await eachInFlight(allRows(), mostInFlight, async (row) => {
    noteAddress(row.key);
    if (isTheirs(row, person)) leave(row.keyId, theirs);
  });
  if (isApplied && left.length > 0) return done();
  await eachInFlight(allRows(), mostInFlight, eraseFromRow);
  if (isApplied && run.isAudited) await pooled(erasedRows, mostInFlight, awaitRecord);
  for (let pass = 1; pass <= mostPasses; pass += 1) {
    const found = await eraseFromTrail();
    if (found === 0 || !isApplied) break;
  }
  if (isApplied) await pooled([...lastErased], mostInFlight, dropSalts);
  return done();

  async function* allRows(): AsyncGenerator<KeyRow> {
    yield* await rowsOf([masterKeyId]);
    // Who is deleted meanwhile moves from the first to the second.
    for (const status of ['live', 'deleted'] as const) {
      const list = lists.keys({ status, of: 'all', isOldestFirst: true });
      let after: string | null = null;
      for (;;) {
        const page = await readPatiently(pause, () => list.read(after, pageSize, limitMs));
        yield* await rowsOf(page.map(({ keyId }) => keyId));
        if (page.length < pageSize) break;
        after = page.at(-1)?.position ?? null;
      }
    }
  }

  async function rowsOf(keyIds: readonly string[]): Promise<KeyRow[]> {
    const targets = keyIds.map((keyId) => ({ keyId }));
    const read = await readPatiently(pause, () => table.load({ targets }, limitMs));
    looked += keyIds.length;
    run.onLook(looked);
    return read.targets.filter((row) => row !== null);
  }

  async function eraseFromRow(row: KeyRow): Promise<void> {
    const written = await writeRow(row, (current) => {
      if (isTheirs(current, person)) return null;
      return rowWithout(current, person, names, { by, runId, now: now(), random });
    });
    if (written.isChanged) {
      rows[row.status] += 1;
      noteOther(row.key);
      run.onFound({ kind: 'row', keyId: row.keyId });
    }
    if (written.row === null || isTheirs(written.row, person)) return;
    if (written.row.event.action === 'erased') erasedRows.push(written.row);
    const members = stillNaming(written.row, person, names);
    if (members.length > 0) leave(row.keyId, `They are named in ${members.join(', ')}.`);
  }

  interface Written {
    readonly row: KeyRow | null;
    readonly isChanged: boolean;
  }

  /** Writes what `next` makes of the row as it is then; in a dry run only tells whether it would. */
  async function writeRow(row: KeyRow, next: (current: KeyRow) => KeyRow | null): Promise<Written> {
    let current: KeyRow | null = row;
    let sent: KeyRow | null = null;
    for (let tries = 1; tries <= mostTries; tries += 1) {
      if (current === null) return { row: null, isChanged: false };
      if (sent !== null && current.event.id === sent.event.id && current.rev === sent.rev) {
        return { row: current, isChanged: true };
      }
      const wanted = next(current);
      if (wanted === null || !isApplied) return { row: current, isChanged: wanted !== null };
      sent = wanted;
      const write = { kind: 'replace-row', row: wanted } as const;
      const outcome = await table.commit([write], random.uuid(), limitMs);
      if (outcome.kind === 'committed') return { row: wanted, isChanged: true };
      await pause(tries);
      [current = null] = await rowsOf([row.keyId]);
    }
    leave(row.keyId, 'The table did not take the change, or others change the key: try again.');
    return { row: current, isChanged: false };
  }

  /** What is written of the row is in the trail, and so is all before it. */
  async function awaitRecord({ keyId, seq }: KeyRow): Promise<void> {
    for (let tries = 1; tries <= mostTries; tries += 1) {
      if (await trail.has({ keyId, seq })) return;
      await pause(tries);
    }
    leave(auditRecordId(keyId, seq), 'The trail does not have it yet: give the same again later.');
  }

  /** A look at the whole trail: how many records named the person. */
  async function eraseFromTrail(): Promise<number> {
    let found = 0;
    await eachInFlight(allRecords(), mostInFlight, async (stored) => {
      const placed = placedRecord(stored);
      const parsed = auditRecord.safeParse(stored);
      if (placed === null || !parsed.success) {
        if (names.inText(stored)) leaveOnce(idOf(stored), damaged);
        return;
      }
      const record = parsed.data;
      for (const image of [record.before, record.after]) noteAddress(image);
      const naming = partsNaming(record, names);
      if (naming.length > 0 && checkedRecord(placed.record, 0, placed.fault).fault !== null) {
        leaveOnce(record.id, damaged);
        return;
      }
      const after = redacted(record, naming);
      if (after.redacted !== undefined && after.seq >= (lastErased.get(after.key_id)?.seq ?? 0)) {
        lastErased.set(after.key_id, after);
      }
      if (names.is(after.changed_by) || partsNaming(after, names).length > 0) {
        leaveOnce(record.id, 'They are named in what cannot be erased of it.');
      }
      if (naming.length === 0) return;
      found += 1;
      if (isApplied && !(await trail.redact(record, after))) return;
      records += 1;
      for (const part of naming) parts[part] += 1;
      for (const image of [record.before, record.after]) noteOther(image);
      run.onFound({ kind: 'record', id: record.id, parts: naming });
    });
    return found;
  }

  async function* allRecords(): AsyncGenerator<object> {
    for await (const page of trail.pages()) {
      looked += page.length;
      run.onLook(looked);
      yield* page;
    }
  }

  /** The row has them too, of its last event. */
  async function dropSalts([keyId, { seq, salts }]: [string, AuditRecord]): Promise<void> {
    const erased = saltedParts.filter((part) => salts[part] === null);
    for (const row of await rowsOf([keyId])) {
      await writeRow(row, (current) =>
        current.seq === seq ? rowWithoutSalts(current, erased) : null,
      );
    }
  }

  function leaveOnce(id: string, reason: string): void {
    if (!left.some((one) => one.id === id && one.reason === reason)) leave(id, reason);
  }

  function noteOther(image: Record<string, unknown> | null): void {
    const userId = image?.['user_id'];
    if (typeof userId === 'string' && !names.is(userId)) others.add(userId);
  }

  function noteAddress(image: Record<string, unknown> | null): void {
    const email = image?.['user_email'];
    if (image?.['user_id'] !== person.userId || typeof email !== 'string') return;
    if (!names.is(email)) addresses.add(email);
  }
}

const theirs = 'It is theirs and live: end it first (npm run revoke), or give it to another owner.';
const damaged = 'It does not verify: look into that first (npm run audit:verify).';

const idOf = (stored: object): string => String(new Map(Object.entries(stored)).get('id'));
