/** Copies a replayed table into the environment's own, which keeps its stream and its readers. */
import { isDeepStrictEqual } from 'node:util';
import {
  type Item,
  parseLease,
  parsePointer,
  parseRow,
  rowItem,
} from '../../lambdas/shared/adapters/table/items.ts';
import {
  keyIdOf,
  keyRowPrefix,
  leasePrefix,
  sweepKey,
} from '../../lambdas/shared/adapters/table/keys.ts';
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import type { KeyWrite } from '../../lambdas/shared/domain/ports.ts';
import { readPatiently } from '../../lambdas/shared/protocol/import-key.ts';
import { eachInFlight } from '../operator/each-in-flight.ts';
import { Unusable } from '../operator/unusable.ts';
import { leftPrefix, type RestoreRun, replayRestore, takenPrefix } from './replay-restore.ts';
import type { TableItems } from './table-items.ts';
import { written } from './written.ts';

export interface AdoptRun extends Omit<RestoreRun, 'isApplied'> {
  /** Keys that the operator leaves out: they are refused from then on. */
  readonly without: ReadonlySet<string>;
  /** Names of functions that may write to the environment's table. */
  readonly running: () => Promise<readonly string[]>;
  readonly wait: (ms: number) => Promise<void>;
  /** Told how many items have been written or removed. */
  readonly onWrite: (count: number) => void;
}

export interface Adoption {
  readonly written: number;
  readonly removed: number;
  readonly leftOut: number;
}

const mostInFlight = 8;
const pageSize = 100;
const limitMs = 10_000;

/**
 * Makes the environment's own table have what the restored one has, item by item, each over the item as
 * it was read, and nothing else. Only a table that is replayed to the end is copied, only while no
 * function writes, and no key that is left: those the operator has to name. Nothing that was announced
 * is announced again. Killed half way it goes on when it is given again. Throws `Unusable` with nothing
 * written where one of these does not hold, and where somebody else writes on the way.
 */
export async function adoptRestored(run: AdoptRun): Promise<Adoption> {
  const { stores, without } = run;
  const { restored, own, settings, random, pause, now } = stores;
  await checkStopped();
  await run.wait(settings.timing.functionTimeoutSeconds * 1000);
  const replay = await replayRestore({ ...run, isApplied: false });
  if (replay.replayed + replay.besides > 0) {
    throw new Unusable('The table is not replayed to the end: give it with --apply first');
  }
  const unnamed = [...replay.left.keys()].filter((keyId) => !without.has(keyId));
  if (unnamed.length > 0) {
    throw new Unusable(`Not adopted while keys are left, named above: ${unnamed.length}`);
  }
  const leftOut = new Set([...replay.left.keys(), ...without]);
  for (const keyId of leftOut) await mark(keyId);

  let [count, removed] = [0, 0];
  await eachInFlight(missing(), mostInFlight, async ({ item, current }) => {
    await put(item, current);
    count += 1;
    run.onWrite(count + removed);
  });
  await eachInFlight(surplus(), mostInFlight, async (item) => {
    if (!(await own.items.remove(item, limitMs))) throw overtaken();
    removed += 1;
    run.onWrite(count + removed);
  });
  await compare();
  return { written: count, removed, leftOut: leftOut.size };

  async function checkStopped(): Promise<void> {
    const names = await run.running();
    if (names.length === 0) return;
    throw new Unusable(`Functions that may write have to be stopped first: ${names.join(', ')}`);
  }

  /** So that it stays out, whatever the environment's table tells by then. */
  async function mark(keyId: string): Promise<void> {
    const reason = replay.left.get(keyId) ?? 'it was left out by the operator';
    await restored.items.put({ pk: `${leftPrefix}${keyId}`, reason }, limitMs);
  }

  /** Items that the environment lacks or has otherwise. */
  async function* missing(): AsyncGenerator<Missing> {
    for await (const page of restored.items.pages()) {
      const items = page.filter(isAdopted);
      for (let from = 0; from < items.length; from += pageSize) {
        const batch = items.slice(from, from + pageSize);
        const found = await readOf(own.items, batch);
        for (const item of batch) {
          const current = found.get(String(item['pk'])) ?? null;
          const isDone = current !== null && (isSame(item, current) || staysTaken(item, current));
          if (!isDone) yield { item, current };
        }
      }
    }
  }

  /** Items that only the environment has. */
  async function* surplus(): AsyncGenerator<Item> {
    for await (const page of own.items.pages()) {
      const items = page.filter(
        (item) => item['pk'] !== sweepKey && !isOver(item) && !isHeldByLeftOut(item),
      );
      for (let from = 0; from < items.length; from += pageSize) {
        const batch = items.slice(from, from + pageSize);
        const found = await readOf(restored.items, batch);
        for (const item of batch) {
          const wanted = found.get(String(item['pk']));
          if (wanted === undefined || !isAdopted(wanted)) yield item;
        }
      }
    }
  }

  function readOf(items: TableItems, batch: readonly Item[]) {
    const pks = batch.map(({ pk }) => String(pk));
    return readPatiently(pause, () => items.read(pks, limitMs));
  }

  function isAdopted(item: Item): boolean {
    const pk = String(item['pk']);
    const isLeftOut = pk.startsWith(keyRowPrefix) && leftOut.has(keyIdOf(pk));
    const isNote = pk.startsWith(leftPrefix) || pk.startsWith(takenPrefix);
    return !isLeftOut && pk !== sweepKey && !isNote && !isOver(item);
  }

  /** An alias of a key that is left out, which the restore knows as free or not at all. */
  function staysTaken({ state }: Item, current: Item): boolean {
    return state === 'free' && isHeldByLeftOut(current);
  }

  function isHeldByLeftOut({ pk, state, keyId }: Item): boolean {
    return String(pk).startsWith(leasePrefix) && state === 'held' && leftOut.has(String(keyId));
  }

  function isOver({ ttl }: Item): boolean {
    return typeof ttl === 'number' && ttl * 1000 <= now().getTime();
  }

  async function put(item: Item, current: Item | null): Promise<void> {
    const pk = String(item['pk']);
    if (pk.startsWith(keyRowPrefix)) return putRow(parseRow(item), current);
    if (pk.startsWith(leasePrefix)) return putLease(item, current);
    return write({ kind: 'expire-pointer', pointer: parsePointer(item) }, item);
  }

  /** One that cannot be read goes first. */
  async function putLease(item: Item, current: Item | null): Promise<void> {
    const read = current?.['rev'];
    const known = typeof read === 'number' && read > 0 ? read : 0;
    if (current !== null && known === 0) await removeFirst(current);
    return write({ kind: 'put-lease', lease: { ...parseLease(item), rev: known + 1 } }, item);
  }

  async function removeFirst(current: Item): Promise<void> {
    if (!(await own.items.remove(current, limitMs))) throw overtaken();
  }

  /** A mail of the end of a step would be of what the environment has now: such a row goes first. */
  async function putRow(restoredRow: KeyRow, current: Item | null): Promise<void> {
    const row = quiet(restoredRow);
    const known = current === null ? null : readable(current);
    if (known !== null && known.intent === null) {
      return write({ kind: 'replace-row', row: { ...row, rev: known.rev + 1 } }, rowItem(row));
    }
    if (known !== null) {
      // Killed before the next write, the adoption could not ask the row what it is once more.
      await restored.items.put({ pk: `${takenPrefix}${row.keyId}` }, limitMs);
    }
    if (current !== null) await removeFirst(current);
    const rev = Math.max(row.rev, known?.rev ?? 0) + 1;
    return write({ kind: 'create-row', row: { ...row, rev } }, rowItem(row));
  }

  function write(kind: KeyWrite, item: Item): Promise<void> {
    return written(own.table, [kind], {
      random,
      pause,
      isDone: async () => {
        const current = (await readOf(own.items, [item])).get(String(item['pk']));
        return current !== undefined && isSame(item, current);
      },
    });
  }

  async function compare(): Promise<void> {
    const first = [await missing().next(), await surplus().next()];
    if (first.some(({ done }) => done !== true)) throw overtaken();
  }
}

interface Missing {
  readonly item: Item;
  readonly current: Item | null;
}

/** The event as it is, but for the mail, which went out with the write that it is of. */
const quiet = (row: KeyRow): KeyRow => ({ ...row, event: { ...row.event, notify: null } });

/** But for the count of writes, and for the mail of an event that is over. */
const isSame = (one: Item, other: Item): boolean =>
  isDeepStrictEqual(comparable(one), comparable(other));

function comparable(item: Item): unknown {
  const { rev: _rev, ...rest } = item;
  const event = rest['event'];
  return typeof event === 'object' && event !== null
    ? { ...rest, event: { ...event, notify: null } }
    : rest;
}

function readable(item: Item): KeyRow | null {
  try {
    return parseRow(item);
  } catch {
    return null;
  }
}

const overtaken = (): Unusable =>
  new Unusable('Somebody else writes to the table: find out who, and give the same again');
