/** A service, a time at which its table is remembered, what happens since, and the restore of that table. */
import type { Item } from '../../../lambdas/shared/adapters/table/items.ts';
import {
  keyRowPrefix,
  leasePrefix,
  sweepKey,
} from '../../../lambdas/shared/adapters/table/keys.ts';
import { type AdoptRun, adoptRestored } from '../../../scripts/restore/adopt-restored.ts';
import {
  type RestoreRun,
  type RestoreStores,
  replayRestore,
} from '../../../scripts/restore/replay-restore.ts';
import { adoptedOf, lineOf, sumOf } from '../../../scripts/restore/restore-report.ts';
import { memoryAuditReads } from '../../fakes/memory-audit-reads.ts';
import { MemoryKeyTable } from '../../fakes/memory-key-table.ts';
import { memoryKeyTrail, memoryTableItems } from '../../fakes/memory-table-items.ts';
import { seededChoice } from '../../fakes/seeded-choice.ts';
import { Died } from '../../faults/fault-port.ts';
import { isLetIn } from '../../faults/invariants.ts';
import type { Service } from '../../lambdas/fixtures/stored.ts';

export type Items = ReadonlyMap<string, Item>;

export const remembered = ({ table }: Pick<Service, 'table'>): Items =>
  structuredClone(table.items);

/** As a restore makes it: another table with the items of that time. */
export function restoredTable(items: Items, now: () => Date): MemoryKeyTable {
  const table = new MemoryKeyTable(now);
  for (const [pk, item] of items) table.items.set(pk, structuredClone(item));
  return table;
}

export function restoreStores(service: Service, restored: MemoryKeyTable): RestoreStores {
  const { table, trail, secrets, settings, random, now } = service;
  return {
    restored: { table: restored, items: memoryTableItems(restored) },
    own: { table, items: memoryTableItems(table) },
    audit: memoryAuditReads(trail),
    trail: memoryKeyTrail(trail),
    secrets,
    settings,
    random,
    now,
    pause: async () => undefined,
  };
}

export async function replaying(
  stores: RestoreStores,
  since: Date,
  changes: Partial<RestoreRun> = {},
) {
  const said: string[] = [];
  const replay = await replayRestore({
    stores,
    since,
    accepted: new Set(),
    isApplied: true,
    onKey: (keyId, outcome) => said.push(lineOf(keyId, outcome) ?? ''),
    onLook: () => undefined,
    ...changes,
  });
  said.push(sumOf(replay, changes.isApplied ?? true));
  return { ...replay, said: said.filter((line) => line !== '').join('\n') };
}

export async function adopting(
  stores: RestoreStores,
  since: Date,
  changes: Partial<AdoptRun> = {},
) {
  const adoption = await adoptRestored({
    stores,
    since,
    accepted: new Set(),
    without: new Set(),
    running: async () => [],
    wait: async () => undefined,
    onKey: () => undefined,
    onLook: () => undefined,
    onWrite: () => undefined,
    ...changes,
  });
  return { ...adoption, said: adoptedOf(adoption) };
}

/** The stores of a process that is killed at one of its writes, before it or after. */
export function mortal(stores: RestoreStores, dieAt: number): RestoreStores {
  let writes = 0;
  let isDead = false;
  const write = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isDead) throw new Died();
    writes += 1;
    const isLast = writes === Math.ceil(dieAt / 2);
    isDead = isLast;
    if (isLast && dieAt % 2 === 1) throw new Died();
    const result = await work();
    if (isLast) throw new Died();
    return result;
  };
  const over = ({ table, items }: RestoreStores['own']): RestoreStores['own'] => ({
    table: {
      load: (...given) => table.load(...given),
      countLiveKeys: (...given) => table.countLiveKeys(...given),
      commit: (...given) => write(() => table.commit(...given)),
    },
    items: {
      ...items,
      put: (...given) => write(() => items.put(...given)),
      remove: (...given) => write(() => items.remove(...given)),
    },
  });
  return { ...stores, restored: over(stores.restored), own: over(stores.own) };
}

/** A value that somebody was told, with its key. */
export interface Told {
  readonly keyId: string;
  readonly value: string;
}

/** So many requests of all kinds, chosen by a seed, with time between them; tells every value. */
export async function work(service: Service, seed: number, count: number, told: Told[]) {
  const choose = seededChoice(seed);
  const one = <T>(of: readonly T[]): T | undefined => of[choose(of.length)];
  const counts = new Map<string, number>();
  const alias = () => `team/${choose(6)}`;
  const keyIds = () => [...new Set(told.map(({ keyId }) => keyId))];
  const requests: readonly (readonly [string, (key: string) => { path: string; body?: object }])[] =
    [
      [
        'generate',
        () => ({ path: '/key/generate', body: { user_id: `user-${choose(3)}@example.com` } }),
      ],
      [
        'generate',
        () => ({
          path: '/key/generate',
          body: { key_alias: alias(), send_invite_email: true, user_email: 'ada@example.com' },
        }),
      ],
      [
        'generate',
        () => ({ path: '/key/generate', body: { store_secret: false, key_alias: alias() } }),
      ],
      [
        'generate',
        () => ({
          path: '/key/generate',
          body: { auto_rotate: true, rotation_interval: '2h', blocked: choose(2) === 0 },
        }),
      ],
      ['update', (key) => ({ path: '/key/update', body: { key, max_budget: choose(100) } })],
      [
        'update',
        (key) => ({
          path: '/key/update',
          body: { key, user_id: `user-${choose(3)}@example.com`, duration: '30d' },
        }),
      ],
      ['rename', (key) => ({ path: '/key/update', body: { key, key_alias: alias() } })],
      ['rename', (key) => ({ path: '/key/update', body: { key, key_alias: null } })],
      ['block', (key) => ({ path: '/key/block', body: { key } })],
      ['unblock', (key) => ({ path: '/key/unblock', body: { key } })],
      ['regenerate', (key) => ({ path: '/key/regenerate', body: { key, grace_period: '0s' } })],
      ['regenerate', (key) => ({ path: '/key/regenerate', body: { key, grace_period: '20m' } })],
      [
        'regenerate',
        (key) => ({
          path: '/key/regenerate',
          body: { key, grace_period: '2h', key_alias: alias() },
        }),
      ],
      ['delete', (key) => ({ path: '/key/delete', body: { keys: [key] } })],
      ['reset-spend', (key) => ({ path: `/key/${key}/reset_spend`, body: { reset_to: 0 } })],
      ['claim-link', (key) => ({ path: `/key/${key}/claim-link` })],
    ];
  for (let n = 0; n < count; n += 1) {
    const chosen = one(requests);
    const keyId = one(keyIds()) ?? '';
    if (chosen === undefined) continue;
    const [what, request] = chosen;
    const { status, body } = await service.asAdmin(request(keyId));
    const name = status === 200 ? what : `${what} ${status}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    if (status >= 500) throw new Error(JSON.stringify(body));
    if (status === 200 && typeof body.key === 'string') {
      told.push({ keyId: body.key_id, value: body.key });
    }
    service.clock.advance(choose(5) === 0 ? 600_000 : choose(20_000));
    if (choose(8) === 0) await service.repair();
    if (choose(30) === 0) await service.rotate();
  }
  return counts;
}

/** Which of the values are let in. */
export const letIn = (service: Pick<Service, 'table' | 'now'>, told: readonly Told[]): string[] =>
  told.filter(({ value }) => isLetIn(service, value)).map(({ value }) => value);

/**
 * An item without what a replay does not bring back: how often it was written, whether a mail was due,
 * when the scheduled repairs have looked or are to look, how many values were stored that day, the exact
 * time at which a name was left, and of a deleted row the ARN of its secret and the salt of an image that
 * is shown nowhere any more.
 */
export function comparable(item: Item): Item {
  const pk = String(item['pk']);
  const { rev: _rev, stores: _stores, ...rest } = item;
  if (pk.startsWith(leasePrefix)) {
    return { ...rest, deletedAt: rest['deletedAt'] === null ? null : 'then' };
  }
  if (!pk.startsWith(keyRowPrefix)) return rest;
  const { sweepAt: _sweepAt, due_pk: _duePk, due_sk: _dueSk, reminder: _reminder, ...row } = rest;
  const { salt, secretArn, event, leftNames: _left, ownNameLeftAt: leftAt, ...more } = row;
  return {
    ...more,
    ...(typeof leftAt === 'string' ? { ownNameLeftAt: 'then' } : {}),
    ...(more['status'] === 'deleted' ? {} : { salt, secretArn }),
    event: { ...Object(event), notify: null },
  };
}

export const comparables = (items: Items): Record<string, Item> =>
  Object.fromEntries(
    [...items].filter(([pk]) => pk !== sweepKey).map(([pk, item]) => [pk, comparable(item)]),
  );
