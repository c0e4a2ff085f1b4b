/** Brings a restored keys table to what the audit trail says of each key since. */
import { isDeepStrictEqual } from 'node:util';
import {
  type Item,
  parseLease,
  parsePointer,
  parseRow,
} from '../../lambdas/shared/adapters/table/items.ts';
import {
  keyIdOf,
  keyRowPrefix,
  leasePrefix,
  pointerPrefix,
  sweepKey,
} from '../../lambdas/shared/adapters/table/keys.ts';
import { type AuditRecord, auditRecord } from '../../lambdas/shared/domain/audit-record.ts';
import { rowWithoutSalts } from '../../lambdas/shared/domain/erasure.ts';
import type { AliasLease, KeyRow, TokenPointer } from '../../lambdas/shared/domain/key-row.ts';
import type {
  AuditReads,
  KeyTable,
  KeyWrite,
  Randomness,
  SecretRepairs,
} from '../../lambdas/shared/domain/ports.ts';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import { readPatiently } from '../../lambdas/shared/protocol/import-key.ts';
import { eachInFlight } from '../operator/each-in-flight.ts';
import { Unusable } from '../operator/unusable.ts';
import { followedTrail } from './followed-trail.ts';
import { type Found, type Judged, judgedRow } from './judged-row.ts';
import type { KeyTrail } from './key-trail.ts';
import { agrees, isSameEnd, judgedWithOwn, type OwnRow, ownRow } from './own-row.ts';
import { NotReplayable, replayedRow, versionOf } from './replayed-row.ts';
import type { TableItems } from './table-items.ts';
import { type AliasHolder, holderOf, type LeftAlias, wantedLeases } from './wanted-leases.ts';
import { written } from './written.ts';

/** In the restored table: a key that an adoption has left out, and that stays out. */
export const leftPrefix = 'LEFT#';

/** In the restored table: a key as the environment's own row had it, which an adoption was about to write over. */
export const takenPrefix = 'TAKEN#';

/** A keys table as a whole. */
export interface WholeTable {
  readonly table: KeyTable;
  readonly items: TableItems;
}

export interface RestoreStores {
  readonly restored: WholeTable;
  /** The environment's own table, as it is now. */
  readonly own: WholeTable;
  readonly audit: AuditReads;
  readonly trail: KeyTrail;
  readonly secrets: Pick<SecretRepairs, 'describe'>;
  readonly settings: Settings;
  readonly random: Randomness;
  readonly now: () => Date;
  readonly pause: (tries: number) => Promise<void>;
}

export interface RestoreRun {
  readonly stores: RestoreStores;
  /** The time that the table was restored to, or an earlier one. */
  readonly since: Date;
  /** Keys that are to be adopted although their secret is not as the trail says. */
  readonly accepted: ReadonlySet<string>;
  /** Else nothing is written. */
  readonly isApplied: boolean;
  readonly onKey: (keyId: string, outcome: KeyOutcome) => void;
  readonly onLook: (looked: number) => void;
}

export interface KeyOutcome {
  /** `kept`: as it was restored; `replayed`: brought forward, or would be; `left`: not to be adopted. */
  readonly kind: 'kept' | 'replayed' | 'left';
  /** Actions that were replayed. */
  readonly actions: readonly string[];
  /** What the scheduled repairs put right afterwards; of a key that is left, why. */
  readonly notes: readonly string[];
}

export interface RestoreReplay {
  readonly keys: number;
  readonly replayed: number;
  /** Leases and hash pointers written beside the rows, or to be written. */
  readonly besides: number;
  readonly notes: number;
  /** By key id, with the reason. */
  readonly left: ReadonlyMap<string, string>;
}

/** Clocks are further apart than this nowhere. */
const marginMs = 3_600_000;
const mostInFlight = 8;
const limitMs = 10_000;
const pageSize = 1000;
const batchSize = 100;
const tries = 8;

/**
 * Replays each key of the restored table, and each that was born since, from its own trail, which it
 * verifies first. A key of which the trail does not tell the end, or whose secret says that the trail
 * lacks it, is left: it is never adopted. All that is written follows from trail, secrets and table, so
 * that the same run again, or one that was stopped half way, comes to the same end. Throws `Unusable`
 * where nothing could be promised.
 */
export async function replayRestore(run: RestoreRun): Promise<RestoreReplay> {
  const { stores, since, accepted, isApplied } = run;
  const { restored, own, audit, trail, secrets, settings, random, pause } = stores;
  if (!settings.storeAuditLogs) {
    throw new Unusable(
      'storeAuditLogs is off: without the trail nothing tells what was ended since',
    );
  }
  const left = new Map<string, string>();
  const holders = new Map<string, AliasHolder>();
  const leases = new Map<string, AliasLease>();
  const pointers = new Map<string, string>();
  /** Left out of an adoption that was begun, with the reason. */
  const marked = new Map<string, string>();
  /** Judged by their own rows, of which an adoption may have removed some. */
  const taken = new Set<string>();
  /** Their retention has ended. */
  const retired = new Set<string>();
  let [keys, replayed, besides, notes, looked] = [0, 0, 0, 0, 0];

  const auditedSince = await checkedSwitch();
  const history = await historyOf();
  const heads = await headsOf();
  await readBesides();
  await eachInFlight(restoredRows(), mostInFlight, replayItem);
  await eachInFlight(bornSince(), mostInFlight, (keyId) => replayKey(keyId, null));
  for (const [keyId, head] of heads) {
    if (!isKnown(keyId))
      leave(keyId, `the environment has it with ${head.seq} changes, the trail nothing`);
  }
  await writeLeases();
  return { keys, replayed, besides, notes, left };

  /** When records were turned on again; null where they never were off. */
  async function checkedSwitch(): Promise<string | null> {
    const read = ({ items }: WholeTable) =>
      readPatiently(pause, () => items.read([sweepKey], limitMs));
    // The environment's own may be lost; the restored one does not know what came later.
    const known = [await read(own), await read(restored)];
    const { isAuditOff, auditedSince: at } =
      known.map((found) => found.get(sweepKey)).find((item) => item !== undefined) ?? {};
    if (isAuditOff === true || (typeof at === 'string' && at > since.toISOString())) {
      throw new Unusable('storeAuditLogs was off since then: changes of that time are in no trail');
    }
    return typeof at === 'string' ? at : null;
  }

  /** From the records since then: which keys there are, and when aliases were left. */
  async function historyOf() {
    const keyIds = new Set<string>();
    const leftAliases = new Map<string, LeftAlias[]>();
    const from = new Date(since.getTime() - marginMs).toISOString();
    const list = audit.list({ of: 'all', from, to: null, isOldestFirst: true });
    const read = (after: string | null) =>
      readPatiently(pause, () => list.read(after, pageSize, limitMs));
    for (let page = await read(null); ; page = await read(page.at(-1)?.position ?? null)) {
      for (let at = 0; at < page.length; at += batchSize) {
        const batch = page.slice(at, at + batchSize);
        const found = await readPatiently(pause, () => audit.records(batch, limitMs));
        for (const record of found) {
          if (record === null) continue;
          keyIds.add(record.key_id);
          const alias = record.before?.['key_alias'];
          const isGone = record.action === 'deleted' || record.action === 'generate_undone';
          if (typeof alias !== 'string' || record.at === null) continue;
          if (!isGone && record.after?.['key_alias'] === alias) continue;
          const isRemoved = record.action !== 'generate_undone';
          const leaving = { keyId: record.key_id, at: record.at, isRemoved };
          leftAliases.set(alias, [...(leftAliases.get(alias) ?? []), leaving]);
        }
      }
      look(page.length);
      if (page.length < pageSize) return { keyIds, leftAliases };
    }
  }

  /** What the environment's own rows say, as far as they can be read. */
  async function headsOf() {
    const found = new Map<string, OwnRow>();
    for await (const page of own.items.pages()) {
      look(page.length);
      for (const item of page) {
        const row = readable(item);
        if (row !== null && !isOver(item)) found.set(row.keyId, ownRow(row));
      }
    }
    return found;
  }

  async function readBesides(): Promise<void> {
    for await (const page of restored.items.pages()) {
      for (const item of page) {
        const pk = String(item['pk']);
        if (pk.startsWith(leasePrefix)) {
          const lease = parseLease(item);
          leases.set(lease.alias, lease);
        } else if (pk.startsWith(pointerPrefix)) {
          const { hash, keyId } = parsePointer(item);
          pointers.set(hash, keyId);
        } else if (pk.startsWith(leftPrefix)) {
          marked.set(pk.slice(leftPrefix.length), String(item['reason']));
        } else if (pk.startsWith(takenPrefix)) {
          taken.add(pk.slice(takenPrefix.length));
        } else if (!pk.startsWith(keyRowPrefix) && pk !== sweepKey) {
          throw new Unusable('The table has items of a newer release: take that one');
        }
      }
    }
  }

  async function* restoredRows(): AsyncGenerator<Item> {
    for await (const page of restored.items.pages()) {
      look(page.length);
      for (const item of page) {
        const pk = String(item['pk']);
        if (!pk.startsWith(keyRowPrefix)) continue;
        if (isOver(item)) retired.add(keyIdOf(pk));
        else yield item;
      }
    }
  }

  function isKnown(keyId: string): boolean {
    return holders.has(keyId) || left.has(keyId) || retired.has(keyId);
  }

  async function* bornSince(): AsyncGenerator<string> {
    for (const keyId of history.keyIds) if (!isKnown(keyId)) yield keyId;
  }

  async function replayItem(item: Item): Promise<void> {
    const row = readable(item);
    const keyId = keyIdOf(String(item['pk']));
    if (row === null) {
      keys += 1;
      return leave(keyId, 'its row cannot be read');
    }
    await replayKey(keyId, row);
  }

  async function replayKey(keyId: string, row: KeyRow | null): Promise<void> {
    keys += 1;
    const reason = marked.get(keyId);
    if (reason !== undefined) return leave(keyId, reason);
    if (row !== null && taken.has(keyId) && !heads.has(keyId)) heads.set(keyId, ownRow(row));
    const stored = await trail.from(keyId, row?.seq ?? 1);
    const followed = followedTrail(keyId, row, stored, auditedSince);
    if (followed.kind === 'faulty') return leave(keyId, followed.reason);
    const known = row === null ? null : (rowWithoutSalts(row, followed.erased) ?? row);
    const judged = await judge(keyId, known, followed.records);
    if (judged === null) return;
    const { row: next } = judged;
    const head = heads.get(keyId);
    if (head !== undefined && head.seq > next.seq) {
      return leave(
        keyId,
        `the environment has it with ${head.seq} changes, the trail with ${next.seq}`,
      );
    }
    // The audit would write a record of its own with the copy.
    if (!followed.hasOwn && !isSameEnd(head, next)) {
      return leave(keyId, 'its last change is from before records were kept');
    }
    if (judged.doubt !== null && !agrees(head, next) && !accepted.has(keyId)) {
      return leave(keyId, judged.doubt, true);
    }
    await bring(row, judged, followed.records);
  }

  async function judge(
    keyId: string,
    row: KeyRow | null,
    records: readonly AuditRecord[],
  ): Promise<Judged | null> {
    try {
      const replayedTo = replayedRow(row, records, { settings, random });
      const judging = {
        settings,
        describe,
        versions: async () => new Set((await trail.from(keyId, 1)).flatMap(versionsIn)),
      };
      const head = heads.get(keyId);
      return await (agrees(head, replayedTo.row)
        ? judgedWithOwn(replayedTo, head, judging)
        : judgedRow(replayedTo, judging));
    } catch (error) {
      if (!(error instanceof NotReplayable)) throw error;
      leave(keyId, error.message);
      return null;
    }
  }

  async function bring(
    row: KeyRow | null,
    judged: Judged,
    records: readonly AuditRecord[],
  ): Promise<void> {
    const { row: next, doubt } = judged;
    holders.set(next.keyId, holderOf(next));
    const isChanged = row === null || !isDeepStrictEqual(stripped(row), stripped(next));
    const missing = pointerWrites(judged);
    const told = [...judged.notes, ...(doubt === null ? [] : [`${doubt}: taken all the same`])];
    notes += told.length;
    besides += missing.length;
    if (isChanged) replayed += 1;
    run.onKey(next.keyId, {
      kind: isChanged ? 'replayed' : 'kept',
      actions: records.map(({ action }) => action),
      notes: told,
    });
    if (!isApplied) return;
    // First what finds the key: a hash that is none of its row is refused.
    for (let from = 0; from < missing.length; from += batchSize) {
      await put(missing.slice(from, from + batchSize), async () => false);
    }
    if (!isChanged) return;
    const brought = { ...next, rev: (row?.rev ?? 0) + 1 };
    const write = { kind: row === null ? 'create-row' : 'replace-row', row: brought } as const;
    await put([write], async () => {
      const wanted = { target: { keyId: next.keyId } };
      const { target } = await readPatiently(pause, () => restored.table.load(wanted, limitMs));
      return target !== null && isDeepStrictEqual(stripped(target), stripped(next));
    });
  }

  /** Of hashes that the records tell of, and of those that are let in. */
  function pointerWrites({ row, pointers: told }: Judged): KeyWrite[] {
    const hashes = [row.cur.hash, row.prev?.hash, row.intent?.hash];
    const found = new Map<string, TokenPointer | null>(told);
    for (const hash of hashes) {
      if (hash === undefined || row.status === 'deleted') continue;
      if (!found.has(hash) && pointers.get(hash) !== row.keyId) {
        found.set(hash, { hash, keyId: row.keyId });
      }
    }
    return [...found].flatMap(([hash, pointer]): KeyWrite[] => {
      if (pointer !== null) return [{ kind: 'expire-pointer', pointer }];
      return pointers.has(hash) ? [{ kind: 'delete-pointer', hash }] : [];
    });
  }

  async function writeLeases(): Promise<void> {
    const wanted = wantedLeases({
      holders,
      restored: leases,
      left: history.leftAliases,
      isLeftOut: (keyId) => left.has(keyId),
      settings,
    });
    besides += wanted.length;
    if (!isApplied) return;
    for (const lease of wanted) {
      await put([{ kind: 'put-lease', lease }], async () => {
        const read = { alias: lease.alias };
        const { alias } = await readPatiently(pause, () => restored.table.load(read, limitMs));
        return isDeepStrictEqual(alias, lease);
      });
    }
  }

  function put(writes: readonly KeyWrite[], isDone: () => Promise<boolean>): Promise<void> {
    return written(restored.table, writes, { random, pause, isDone });
  }

  async function describe(secretId: string): Promise<Found> {
    for (let tried = 1; ; tried += 1) {
      const found = await secrets.describe(secretId, limitMs);
      if (found.kind === 'done') return found;
      if (found.kind === 'absent') return { kind: 'absent' };
      if (tried === tries || found.kind === 'refused') {
        throw new Error(`Secrets Manager does not say what it has: ${found.reason}`);
      }
      await pause(tried);
    }
  }

  function leave(keyId: string, reason: string, isForSecret = false): void {
    left.set(keyId, reason);
    const more = isForSecret ? ` (--accept ${keyId} takes it all the same)` : '';
    run.onKey(keyId, { kind: 'left', actions: [], notes: [`${reason}${more}`] });
  }

  function look(count: number): void {
    looked += count;
    run.onLook(looked);
  }

  /** Its retention has ended, and DynamoDB would have removed it, or will. */
  function isOver({ ttl }: Item): boolean {
    return typeof ttl === 'number' && ttl * 1000 <= stores.now().getTime();
  }
}

function readable(item: Item): KeyRow | null {
  if (!String(item['pk']).startsWith(keyRowPrefix)) return null;
  try {
    return parseRow(item);
  } catch {
    return null;
  }
}

/** As it is stored: without members that are undefined, and without what counts its writes. */
const stripped = ({ rev: _rev, ...row }: KeyRow): unknown => JSON.parse(JSON.stringify(row));

function versionsIn(stored: object): string[] {
  const { data } = auditRecord.safeParse(stored);
  return data === undefined ? [] : [versionOf(data)];
}
