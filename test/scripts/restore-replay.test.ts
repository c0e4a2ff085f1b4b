/** The restore of a keys table: replayed from the trail, and only then adopted. */
import { describe, expect, it } from 'vitest';
import {
  keyRowPrefix,
  leasePrefix,
  rowKey,
  sweepKey,
} from '../../lambdas/shared/adapters/table/keys.ts';
import { redacted } from '../../lambdas/shared/domain/audit-redaction.ts';
import type { KeyTable } from '../../lambdas/shared/domain/ports.ts';
import { erasePerson } from '../../scripts/erase/erase-person.ts';
import { Unusable } from '../../scripts/operator/unusable.ts';
import { memoryErasableTrail } from '../fakes/memory-erasable-trail.ts';
import { startedService } from '../fakes/service.ts';
import { Died, type FaultKind, faultKinds } from '../faults/fault-port.ts';
import { brokenAtRest } from '../faults/invariants.ts';
import {
  adopting,
  comparables,
  type Items,
  letIn,
  mortal,
  remembered,
  replaying,
  restoredTable,
  restoreStores,
  type Told,
  work,
} from '../fixtures/restore-drill.ts';
import { ask, askUnder, atRest, issue, rowOf } from '../lambdas/fixtures/calls.ts';
import type { Service } from '../lambdas/fixtures/stored.ts';

async function started(changes: Parameters<typeof startedService>[0] = {}) {
  const service = await startedService(changes);
  await service.provisionAdminSecret();
  return service;
}

/** More of them in a long run: `RESTORE_SEEDS`. */
const count = Number(process.env['RESTORE_SEEDS'] ?? 6);
const seeds = Array.from({ length: count }, (_, index) => index + 1);

/** Half an hour of work before the time that is restored to, and two hundred requests since. */
async function drill(seed: number) {
  const service = await started();
  const told: Told[] = [];
  await work(service, seed, 60, told);
  await service.deliver();
  const snapshot = remembered(service);
  const since = service.clock.now();
  service.clock.advance(1000);
  const done = await work(service, seed + 1, 200, told);
  await service.deliver();
  return { service, told, snapshot, since, done };
}

/** The time that is restored to is now; tells of the service as it was then. */
async function now(service: Service) {
  await service.deliver();
  const snapshot = remembered(service);
  const since = service.clock.now();
  service.clock.advance(1000);
  return { snapshot, since };
}

interface Lost {
  readonly service: Service;
  readonly snapshot: Items;
  readonly since: Date;
}

/** The table is lost, and restored to that time beside it. */
async function restore({ service, snapshot, since }: Lost) {
  await service.deliver();
  service.table.items.clear();
  const restored = restoredTable(snapshot, service.now);
  return { restored, stores: restoreStores(service, restored), since };
}

/** Replayed and adopted, with nothing left. */
async function brought(lost: Lost) {
  const { stores, since } = await restore(lost);
  const replay = await replaying(stores, since);
  expect(replay.left).toEqual(new Map());
  await adopting(stores, since);
  return replay;
}

describe('the drill', () => {
  it.each(seeds)('brings two hundred changes back (seed %i)', async (seed) => {
    const { service, told, snapshot, since, done } = await drill(seed);
    expect(done.size).toBeGreaterThan(6);
    const lost = remembered(service);
    const lostLetIn = letIn(service, told);
    expect(lostLetIn.length).toBeLessThan(told.length / 2);
    const mails = service.mailer.inbox.length;
    const records = service.trail.records.size;
    const { restored, stores } = await restore({ service, snapshot, since });

    const dry = await replaying(stores, since, { isApplied: false });
    expect(restored.items).toEqual(snapshot);
    const replay = await replaying(stores, since);
    expect(replay.replayed).toBe(dry.replayed);
    expect(replay.left).toEqual(new Map());
    expect(replay.said).not.toMatch(/sk-|[0-9a-f]{64}/);
    expect(comparables(restored.items)).toEqual(comparables(lost));
    expect(await replaying(stores, since)).toMatchObject({ replayed: 0, besides: 0 });

    // What became of old mails is known for a while only.
    service.table.notices.clear();
    await adopting(stores, since);
    expect(comparables(service.table.items)).toEqual(comparables(lost));
    expect(letIn(service, told)).toEqual(lostLetIn);
    await service.deliver();
    expect(service.mailer.inbox).toHaveLength(mails);
    expect(service.trail.records.size).toBe(records);
    expect(brokenAtRest(service, [])).toEqual([]);
    expect(await atRest(service)).toEqual([]);
  });

  it('killed at any write and given again it comes to the same end', async () => {
    const { service, told, snapshot, since } = await drill(7);
    const lost = remembered(service);
    const lostLetIn = letIn(service, told);
    const { restored, stores } = await restore({ service, snapshot, since });
    let deaths = 0;
    for (let dieAt = 1; ; dieAt += dieAt < 40 ? 1 : 9) {
      const isDead = await replaying(mortal(stores, dieAt), since).then(
        () => false,
        (error: unknown) => error instanceof Died,
      );
      if (!isDead) break;
      deaths += 1;
      // Half of them go on from where the last one was killed, half from the beginning.
      if (deaths % 2 === 0) continue;
      restored.items.clear();
      for (const [pk, item] of snapshot) restored.items.set(pk, structuredClone(item));
    }
    expect(deaths).toBeGreaterThan(40);
    expect(await replaying(stores, since)).toMatchObject({ replayed: 0, besides: 0 });
    expect(comparables(restored.items)).toEqual(comparables(lost));

    deaths = 0;
    for (let dieAt = 1; ; dieAt += dieAt < 20 ? 1 : 13) {
      const isDead = await adopting(mortal(stores, dieAt), since).then(
        () => false,
        (error: unknown) => error instanceof Died,
      );
      const isRevived = letIn(service, told).some((value) => !lostLetIn.includes(value));
      expect(isRevived).toBe(false);
      if (!isDead) break;
      deaths += 1;
      if (deaths % 2 === 0) service.table.items.clear();
    }
    expect(deaths).toBeGreaterThan(20);
    expect(comparables(service.table.items)).toEqual(comparables(lost));
    expect(letIn(service, told)).toEqual(lostLetIn);
  });

  it('given twice at once it comes to the same end', async () => {
    const { service, snapshot, since } = await drill(9);
    const lost = remembered(service);
    const { restored, stores } = await restore({ service, snapshot, since });
    await Promise.all([replaying(stores, since), replaying(stores, since)]);
    expect(comparables(restored.items)).toEqual(comparables(lost));
  });

  it.each([
    ['as it is', () => undefined],
    [
      'as it was at that time',
      (service: Service, snapshot: Items) => {
        for (const [pk, item] of snapshot) service.table.putItem({ ...item, pk });
      },
    ],
    [
      'with rows and leases that nobody can read',
      (service: Service) => {
        for (const { keyId } of service.table.rows()) {
          service.table.putItem({ pk: rowKey(keyId), rev: 1, v: 'damaged' });
        }
        for (const [index, pk] of leasesIn(service.table.items).entries()) {
          const rev = [7, 'damaged', undefined][index % 3];
          service.table.putItem({ pk, state: 'damaged', ...(rev === undefined ? {} : { rev }) });
        }
      },
    ],
  ])('over the environment’s own table %s', async (_what, damage) => {
    const { service, told, snapshot, since } = await drill(11);
    const lost = remembered(service);
    const lostLetIn = letIn(service, told);
    const [mails, records] = [service.mailer.inbox.length, service.trail.records.size];
    const before = service.table.stream.length;
    damage(service, snapshot);
    // What was done to it by hand reaches no reader.
    service.table.stream.splice(before);
    const stores = restoreStores(service, restoredTable(snapshot, service.now));
    await replaying(stores, since);
    await adopting(stores, since);
    expect(comparables(service.table.items)).toEqual(comparables(lost));
    expect(letIn(service, told)).toEqual(lostLetIn);
    await service.deliver();
    expect(service.mailer.inbox).toHaveLength(mails);
    expect(service.trail.records.size).toBe(records);
    expect(await atRest(service)).toEqual([]);
  });

  it.each(seeds)('with steps that nobody finished (seed %i)', async (seed) => {
    const service = await started();
    const told: Told[] = [];
    await work(service, seed, 20, told);
    await interrupted(service, seed);
    await service.deliver();
    const { snapshot, since } = await now(service);
    service.clock.advance(seed % 2 === 0 ? 300_000 : 1000);
    if (seed % 2 === 0) await service.repair();
    await work(service, seed + 50, 60, told);
    await interrupted(service, seed + 3);
    await service.deliver();
    const lostLetIn = letIn(service, told);
    const { stores } = await restore({ service, snapshot, since });
    // A value that was stored by a step without a record: the trail cannot vouch that nothing is missing.
    const first = await replaying(stores, since);
    const accepted = new Set(first.left.keys());
    const replay = await replaying(stores, since, { accepted });
    expect(replay.left).toEqual(new Map());
    await adopting(stores, since, { accepted });
    const isRevived = letIn(service, told).some((value) => !lostLetIn.includes(value));
    expect(isRevived).toBe(false);
    const broken = await atRest(service);
    // A name that a step was about to take, and that no record tells of.
    expect(broken.filter((sentence) => !sentence.startsWith('I11: secret'))).toEqual([]);
    const stillRevived = letIn(service, told).some((value) => !lostLetIn.includes(value));
    expect(stillRevived).toBe(false);
  });
});

const leasesIn = (items: Items) => [...items.keys()].filter((pk) => pk.startsWith(leasePrefix));

/** Keys with a step each that its function did not finish. */
async function interrupted(service: Service, seed: number): Promise<void> {
  const kinds: readonly FaultKind[] = faultKinds;
  for (let call = 2; call <= 5; call += 1) {
    const kind = kinds[(seed + call) % kinds.length] ?? 'die-after';
    const plan = new Map([[call, kind]]);
    const key = await issue(service, { key_alias: `open/${seed}-${call}` });
    const other = await issue(service);
    const gone = await issue(service);
    for (const asked of [
      { path: '/key/generate', body: { key_alias: `born/${seed}-${call}` } },
      { path: '/key/regenerate', body: { key: other.key_id, grace_period: '0s' } },
      { path: '/key/update', body: { key: key.key_id, key_alias: `moved/${seed}-${call}` } },
      { path: '/key/delete', body: { keys: [gone.key_id] } },
    ]) {
      await askUnder(service, plan, asked);
    }
  }
}

describe('what was ended stays ended', () => {
  it('a deleted, a blocked and a rotated key, and one that was born and deleted since', async () => {
    const service = await started();
    const [gone, blocked, rotated, kept] = [
      await issue(service, { key_alias: 'gone' }),
      await issue(service),
      await issue(service),
      await issue(service),
    ];
    const at = await now(service);
    const late = await issue(service, { key_alias: 'late' });
    const born = await issue(service, { key_alias: 'born' });
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id, late.key_id] } });
    await ask(service, { path: '/key/block', body: { key: blocked.key_id } });
    const asked = { path: '/key/regenerate', body: { key: rotated.key_id, grace_period: '0s' } };
    const { body: next } = await ask(service, asked);
    const { said } = await brought({ service, ...at });
    expect(said).toContain(`${gone.key_id}: deleted`);
    expect(said).toContain(`${late.key_id}: created, deleted`);
    expect(said).not.toContain(kept.key_id);
    const values = [gone, blocked, rotated, late, kept, born, next].map(({ key, key_id }) => ({
      keyId: key_id,
      value: key,
    }));
    expect(letIn(service, values)).toEqual([kept.key, born.key, next.key]);
    expect(await atRest(service)).toEqual([]);
  });

  it('an overlap that has ended, and none is longer than it was promised', async () => {
    const service = await started();
    const [ended, running, cut] = [
      await issue(service),
      await issue(service),
      await issue(service),
    ];
    const at = await now(service);
    const regenerate = (key: string, grace_period: string) =>
      ask(service, { path: '/key/regenerate', body: { key, grace_period } });
    await regenerate(ended.key_id, '10m');
    await regenerate(cut.key_id, '5h');
    service.clock.advance(900_000);
    await service.repair();
    await regenerate(running.key_id, '10m');
    await regenerate(cut.key_id, '0s');
    await brought({ service, ...at });
    const told = [ended, running, cut].map(({ key, key_id }) => ({ keyId: key_id, value: key }));
    expect(letIn(service, told)).toEqual([running.key]);
    expect(rowOf(service, ended.key_id).prev).toBe(null);
    service.clock.advance(601_000);
    expect(letIn(service, told)).toEqual([]);
  });

  it('an overlap of a restored row that was ended by a later rotation', async () => {
    const service = await started();
    const key = await issue(service);
    const body = { key: key.key_id, grace_period: '5h' };
    await ask(service, { path: '/key/regenerate', body });
    const at = await now(service);
    await ask(service, { path: '/key/regenerate', body: { ...body, grace_period: '0s' } });
    await brought({ service, ...at });
    expect(letIn(service, [{ keyId: key.key_id, value: key.key }])).toEqual([]);
    expect(rowOf(service, key.key_id)).toMatchObject({ prev: null });
  });

  it('a claim link that was replaced', async () => {
    const service = await started();
    const key = await issue(service, { user_email: 'ada@example.com' });
    const at = await now(service);
    await ask(service, { path: `/key/${key.key_id}/claim-link` });
    const { claimLink } = rowOf(service, key.key_id);
    await brought({ service, ...at });
    expect(claimLink).toMatchObject({ hash: key.token });
    expect(rowOf(service, key.key_id).claimLink).toEqual(claimLink);
  });

  it('a regenerate that was undone: its value, which its caller chose, is let in no more', async () => {
    const service = await started();
    const key = await issue(service);
    const value = 'sk-chosen-value-0123456789';
    const body = { key: key.key_id, new_key: value };
    // The step is on the row, and the function dies before it stores the value.
    await askUnder(service, new Map([[3, 'die-before']]), { path: '/key/regenerate', body });
    expect(rowOf(service, key.key_id).intent?.kind).toBe('regenerate');
    const at = await now(service);
    expect(await atRest(service)).toEqual([]);
    const told = [key.key, value].map((each) => ({ keyId: key.key_id, value: each }));
    expect(letIn(service, told)).toEqual([key.key]);
    await brought({ service, ...at });
    expect(letIn(service, told)).toEqual([key.key]);
    expect(rowOf(service, key.key_id).intent).toBe(null);
  });

  it('a regenerate that was finished since is not finished twice', async () => {
    const service = await started();
    const key = await issue(service);
    const body = { key: key.key_id, grace_period: '0s' };
    await askUnder(service, new Map([[4, 'die-before']]), { path: '/key/regenerate', body });
    const at = await now(service);
    expect(await atRest(service)).toEqual([]);
    expect(rowOf(service, key.key_id).event.action).toBe('rotated');
    const { seq } = rowOf(service, key.key_id);
    await brought({ service, ...at });
    expect(await atRest(service)).toEqual([]);
    expect(rowOf(service, key.key_id)).toMatchObject({ seq, intent: null });
    expect(letIn(service, [{ keyId: key.key_id, value: key.key }])).toEqual([]);
  });
});

/** A key that is restored live and was deleted since. */
async function deletedSince() {
  const service = await started();
  const [gone, kept] = [await issue(service, { key_alias: 'gone' }), await issue(service)];
  const at = await now(service);
  await ask(service, { path: '/key/update', body: { key: gone.key_id, max_budget: 1 } });
  await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
  return { service, gone, kept, ...(await restore({ service, ...at })) };
}

describe('what only the environment’s own row tells', () => {
  it('where a secret is that was made under another prefix, or with mirroring switched otherwise', async () => {
    const service = await started();
    const renamed = await issue(service, { key_alias: 'before' });
    const at = await now(service);
    const [born, gone] = [
      await issue(service, { key_alias: 'born' }),
      await issue(service, { key_alias: 'gone' }),
    ];
    const body = { key: renamed.key_id, key_alias: 'after' };
    await ask(service, { path: '/key/update', body });
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
    await service.deliver();
    const lost = remembered(service);
    for (const changes of [{ secretPrefix: 'other/' }, { storeVirtualKeys: false }]) {
      const given = restoreStores(service, restoredTable(at.snapshot, service.now));
      const stores = { ...given, settings: { ...given.settings, ...changes } };
      expect((await replaying(stores, at.since)).left).toEqual(new Map());
      await adopting(stores, at.since);
      expect(comparables(service.table.items)).toEqual(comparables(lost));
      for (const { key_id } of [born, renamed]) {
        expect(rowOf(service, key_id)).toMatchObject({
          secretName: expect.stringContaining('litellm/'),
        });
      }
      expect(await atRest(service)).toEqual([]);
    }
    const told = [born, renamed].map(({ key, key_id }) => ({ keyId: key_id, value: key }));
    expect(letIn(service, told)).toEqual([born.key, renamed.key]);
  });

  it('is not taken where it does not let the same value in', async () => {
    const service = await started();
    const at = await now(service);
    const born = await issue(service, { key_alias: 'born' });
    await service.deliver();
    const row = rowOf(service, born.key_id);
    const pk = rowKey(born.key_id);
    service.table.putItem({ ...row, pk, cur: { ...row.cur, hash: 'f'.repeat(64) } });
    const given = restoreStores(service, restoredTable(at.snapshot, service.now));
    const stores = { ...given, settings: { ...given.settings, secretPrefix: 'other/' } };
    expect([...(await replaying(stores, at.since)).left.keys()]).toEqual([born.key_id]);
  });

  it.each(seeds)('steps that nobody finished, which are finished then (seed %i)', async (seed) => {
    const service = await started();
    const at = await now(service);
    await interrupted(service, seed);
    await service.deliver();
    const open = service.table.rows().filter(({ intent }) => intent !== null).length;
    expect(open).toBeGreaterThan(0);
    const rows = () =>
      Object.fromEntries(Object.entries(comparables(service.table.items)).filter(isRow));
    const lost = rows();
    const stores = restoreStores(service, restoredTable(at.snapshot, service.now));
    expect((await replaying(stores, at.since)).left).toEqual(new Map());
    await adopting(stores, at.since);
    expect(rows()).toEqual(lost);
    expect(await atRest(service)).toEqual([]);
  });
});

const isRow = ([pk]: readonly [string, object]) => pk.startsWith(keyRowPrefix);

/** Ada is erased from rows and trail. */
async function erase(service: Service): Promise<void> {
  const { table, random, now: clock } = service;
  const erasure = await erasePerson({
    stores: {
      table,
      lists: service.processStores.lists,
      trail: memoryErasableTrail(service.trail),
      random,
      now: clock,
      // The stream's reader goes on meanwhile.
      pause: () => service.deliver(),
    },
    person: { userId: 'ada-lovelace', emails: [] },
    isAudited: true,
    isApplied: true,
    by: 'ops',
    runId: 'run-1',
    onFound: () => undefined,
    onLook: () => undefined,
  });
  expect(erasure.left).toEqual([]);
}

describe('a person who was erased since', () => {
  it('stays erased, from a deleted key too', async () => {
    const service = await started();
    const [gone, given] = [
      await issue(service, { user_id: 'ada-lovelace', metadata: { note: 'for ada-lovelace' } }),
      await issue(service, { user_id: 'ada-lovelace', key_alias: 'given' }),
    ];
    const at = await now(service);
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
    await ask(service, { path: '/key/update', body: { key: given.key_id, user_id: 'bob' } });
    await service.deliver();
    await erase(service);
    expect(JSON.stringify([...at.snapshot])).toContain('ada-lovelace');
    await brought({ service, ...at });
    expect(JSON.stringify([...service.table.items])).not.toContain('ada-lovelace');
    const told = [gone, given].map(({ key, key_id }) => ({ keyId: key_id, value: key }));
    expect(letIn(service, told)).toEqual([given.key]);
    expect(await atRest(service)).toEqual([]);
  });

  it('cannot be guessed from the hash of what was erased, for its salt stays erased', async () => {
    const service = await started();
    const given = await issue(service, { user_id: 'ada-lovelace' });
    await ask(service, { path: '/key/update', body: { key: given.key_id, user_id: 'bob' } });
    const at = await now(service);
    expect(rowOf(service, given.key_id).event.salts.before).not.toBe('');
    await erase(service);
    const { event, salt } = rowOf(service, given.key_id);
    expect(event).toMatchObject({ action: 'updated', salts: { before: '', after: salt } });
    await brought({ service, ...at });
    expect(rowOf(service, given.key_id).event.salts).toEqual(event.salts);
  });
});

describe('a trail that does not tell', () => {
  it.each([
    ['a record that was edited', 2, (record: object) => ({ ...record, action: 'blocked' })],
    ['a last record that was edited', 3, (record: object) => ({ ...record, action: 'unblocked' })],
    [
      'one with another chain',
      3,
      (record: object) => ({ ...record, previous_chain: 'f'.repeat(64) }),
    ],
    ['one that is no record', 2, () => ({ id: 'x' })],
  ])('leaves the key where it has %s', async (_what, seq, damage) => {
    const { service, gone, stores, since } = await deletedSince();
    const id = `${gone.key_id}_${seq}`;
    service.trail.damaged.set(id, damage(Object(service.trail.records.get(id))));
    const replay = await replaying(stores, since);
    expect([...replay.left.keys()]).toEqual([gone.key_id]);
    expect(replay.said).toContain(`${gone.key_id}: LEFT: `);
    await expect(adopting(stores, since)).rejects.toThrow('Not adopted while keys are left');
    expect(service.table.rows()).toEqual([]);
  });

  it('leaves the key where one is missing, or the row’s own is', async () => {
    const { service, gone, kept, stores, since } = await deletedSince();
    service.trail.records.delete(`${gone.key_id}_2`);
    service.trail.records.delete(`${kept.key_id}_1`);
    const { left } = await replaying(stores, since);
    expect(Object.fromEntries(left)).toEqual({
      [gone.key_id]: 'Record 3 does not go on from number 1.',
      [kept.key_id]: 'The trail does not have number 1, which the restored row has.',
    });
  });

  it('leaves the key whose restored row is not the one that its record tells of', async () => {
    const { gone, kept, stores, since } = await deletedSince();
    const { items } = stores.restored;
    const found = await items.read([rowKey(gone.key_id), rowKey(kept.key_id)], 1000);
    const [one, other] = [...found.values()];
    await items.put({ ...one, key: { ...Object(one?.['key']), max_budget: 9 } }, 1000);
    await items.put({ ...other, chain: 'f'.repeat(64) }, 1000);
    const reason = 'Record 1 is not the one that the restored row ends with.';
    expect(Object.fromEntries((await replaying(stores, since)).left)).toEqual({
      [gone.key_id]: reason,
      [kept.key_id]: reason,
    });
  });

  it('leaves the key where the end is missing, which its secret shows', async () => {
    const { service, gone, stores, since } = await deletedSince();
    service.trail.records.delete(`${gone.key_id}_3`);
    const replay = await replaying(stores, since);
    expect(replay.left.get(gone.key_id)).toContain('deletion window');
    expect(replay.said).toContain(`--accept ${gone.key_id}`);
  });

  it('leaves the key where the environment knows of more changes, or of a key that it does not', async () => {
    const { service, gone, kept, stores, since } = await deletedSince();
    const [item] = [...(await stores.restored.items.read([rowKey(kept.key_id)], 1)).values()];
    const late = '0123456789ABCDEFG';
    service.table.putItem({ ...item, pk: rowKey(kept.key_id), seq: 5 });
    service.table.putItem({ ...item, pk: rowKey(late), keyId: late });
    const { left } = await replaying(stores, since);
    expect(Object.fromEntries(left)).toEqual({
      [kept.key_id]: 'the environment has it with 5 changes, the trail with 1',
      [late]: 'the environment has it with 1 changes, the trail nothing',
    });
    expect(left.has(gone.key_id)).toBe(false);
  });

  it('leaves the key where a rotation is missing, unless the environment says that none is', async () => {
    const service = await started();
    const key = await issue(service);
    const at = await now(service);
    const lost = remembered(service);
    const asked = { path: '/key/regenerate', body: { key: key.key_id, grace_period: '0s' } };
    await ask(service, asked);
    // The record of the rotation never came.
    const { restored, stores, since } = await restore({ service, ...at });
    service.trail.records.delete(`${key.key_id}_2`);
    const replay = await replaying(stores, since);
    expect(replay.left.get(key.key_id)).toContain('as after a rotation that the trail lacks');
    const accepted = new Set([key.key_id]);
    expect((await replaying(stores, since, { accepted })).left).toEqual(new Map());
    for (const [pk, item] of lost) service.table.putItem({ ...item, pk });
    expect((await replaying(stores, since)).left).toEqual(new Map());
    expect(restored.row(key.key_id)).toMatchObject({ seq: 1 });
  });

  it('leaves the key where a step was finished, of which the record is missing', async () => {
    const service = await started();
    const key = await issue(service);
    const body = { key: key.key_id, grace_period: '0s' };
    await askUnder(service, new Map([[4, 'die-before']]), { path: '/key/regenerate', body });
    const at = await now(service);
    expect(await atRest(service)).toEqual([]);
    const { stores, since } = await restore({ service, ...at });
    service.trail.records.delete(`${key.key_id}_2`);
    const { left } = await replaying(stores, since);
    expect(left.get(key.key_id)).toContain('no record tells of it');
  });

  it('of a key from before there was one, is taken from then on', async () => {
    const service = await started();
    const [old, changed] = [await issue(service), await issue(service)];
    await service.deliver();
    service.trail.records.clear();
    service.clock.advance(1000);
    const auditedSince = service.clock.now().toISOString();
    const sweep = { pk: sweepKey, cursor: null, startedAt: '', isAuditOff: false, auditedSince };
    service.table.putItem(sweep);
    service.clock.advance(1000);
    const at = await now(service);
    await ask(service, { path: '/key/delete', body: { keys: [changed.key_id] } });
    await service.deliver();
    const stores = restoreStores(service, restoredTable(at.snapshot, service.now));
    expect((await replaying(stores, at.since)).left).toEqual(new Map());
    const lost = await restore({ service, ...at });
    const { left } = await replaying(lost.stores, at.since);
    const reason = 'its last change is from before records were kept';
    expect(Object.fromEntries(left)).toEqual({ [old.key_id]: reason, master: reason });
    expect(lost.restored.row(changed.key_id)).toMatchObject({ status: 'deleted' });
  });

  it('leaves a live key whose last image was erased', async () => {
    const service = await started();
    const key = await issue(service);
    const at = await now(service);
    await ask(service, { path: '/key/update', body: { key: key.key_id, max_budget: 1 } });
    const { stores, since } = await restore({ service, ...at });
    const id = `${key.key_id}_2`;
    const record = service.trail.records.get(id);
    if (record === undefined) throw new Error('There is no record');
    service.trail.records.set(id, redacted(record, ['before', 'after']));
    const { left } = await replaying(stores, since);
    expect(left.get(key.key_id)).toContain('was erased');
  });

  it('is nothing to go by where it was off, now or for a time', async () => {
    const service = await started({ storeAuditLogs: false });
    const at = await now(service);
    const { stores, since } = await restore({ service, ...at });
    await expect(replaying(stores, since)).rejects.toThrow('storeAuditLogs is off');
    const other = await deletedSince();
    const sweep = { pk: sweepKey, cursor: null, startedAt: '', isAuditOff: false };
    const auditedSince = other.service.clock.now().toISOString();
    other.service.table.putItem({ ...sweep, auditedSince });
    await expect(replaying(other.stores, other.since)).rejects.toThrow('storeAuditLogs was off');
    other.service.table.putItem({ ...sweep, isAuditOff: true, auditedSince: null });
    await expect(replaying(other.stores, other.since)).rejects.toThrow('storeAuditLogs was off');
  });
});

describe('the secrets', () => {
  it('one whose AWSCURRENT was moved back is put right after the adoption', async () => {
    const service = await started();
    const key = await issue(service);
    const at = await now(service);
    await ask(service, { path: '/key/regenerate', body: { key: key.key_id, grace_period: '0s' } });
    const { secretName, cur } = rowOf(service, key.key_id);
    const [first] = service.trail.of(key.key_id);
    await service.secrets.moveCurrent(secretName ?? '', cur.ver ?? '', first?.event_id ?? '', 1000);
    const { said } = await brought({ service, ...at });
    expect(said).toContain('AWSCURRENT is on an earlier version, and is moved back');
    expect(await atRest(service)).toEqual([]);
  });

  it('one that Secrets Manager has rotated is on the version that it named', async () => {
    const service = await started();
    const [key, back] = [await issue(service, { key_alias: 'a' }), await issue(service)];
    const at = await now(service);
    const rotate = async (keyId: string) => {
      const { secretName } = rowOf(service, keyId);
      service.beginRotation(secretName ?? '');
      await service.takeSteps(secretName ?? '');
      return rowOf(service, keyId).cur.ver ?? '';
    };
    const version = await rotate(key.key_id);
    const earlier = await rotate(back.key_id);
    const later = await rotate(back.key_id);
    await service.deliver();
    expect(service.trail.of(key.key_id).at(-1)).toMatchObject({ operation_id: version });
    const { secretName } = rowOf(service, back.key_id);
    await service.secrets.moveCurrent(secretName ?? '', later, earlier, 1000);
    const { said } = await brought({ service, ...at });
    expect(said).toContain('AWSCURRENT is on an earlier version, and is moved back');
    expect(rowOf(service, key.key_id).cur.ver).toBe(version);
    expect(rowOf(service, back.key_id).cur.ver).toBe(later);
    expect(await atRest(service)).toEqual([]);
  });

  it('one under another prefix of before is known where its alias was left', async () => {
    const service = await started();
    const gone = await issue(service, { key_alias: 'gone' });
    const renamed = await issue(service, { key_alias: 'before' });
    const at = await now(service);
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
    const body = { key: renamed.key_id, key_alias: 'after' };
    await ask(service, { path: '/key/update', body });
    const { restored, stores } = await restore({ service, ...at });
    const settings = { ...stores.settings, secretPrefix: 'other/' };
    const accepted = new Set([renamed.key_id]);
    await replaying({ ...stores, settings }, at.since, { accepted });
    expect(restored.lease('gone')).toMatchObject({ state: 'free', secretName: 'litellm/gone' });
    expect(restored.lease('before')).toMatchObject({ state: 'free', secretName: 'litellm/before' });
  });

  it('one that could not be removed is removed after the adoption, and its name is free then', async () => {
    const service = await started();
    const key = await issue(service, { key_alias: 'gone' });
    const at = await now(service);
    service.secrets.trouble('throttled');
    await ask(service, { path: '/key/delete', body: { keys: [key.key_id] } });
    const { said } = await brought({ service, ...at });
    expect(said).toContain('its secret is to be removed yet');
    expect(service.table.lease('gone')?.state).toBe('held');
    expect(await atRest(service)).toEqual([]);
    expect(service.table.lease('gone')).toMatchObject({ state: 'free' });
    const next = await issue(service, { key_alias: 'gone' });
    expect(letIn(service, [{ keyId: next.key_id, value: next.key }])).toEqual([next.key]);
  });

  it('a birth without its secret is left, or taken back after the adoption', async () => {
    const service = await started();
    const at = await now(service);
    const body = { key_alias: 'half' };
    await askUnder(service, new Map([[3, 'die-before']]), { path: '/key/generate', body });
    const { stores, since } = await restore({ service, ...at });
    const { left } = await replaying(stores, since);
    expect([...left.values()]).toEqual([expect.stringContaining('its birth was not complete')]);
    const accepted = new Set(left.keys());
    const { said } = await replaying(stores, since, { accepted });
    expect(said).toContain('its birth is finished or taken back');
    await adopting(stores, since, { accepted });
    expect(await atRest(service)).toEqual([]);
    expect(service.table.lease('half')?.state).toBe('free');
  });

  it('Secrets Manager that does not say what it has stops the replay', async () => {
    const service = await started();
    await issue(service);
    const at = await now(service);
    const { stores, since } = await restore({ service, ...at });
    const secrets = {
      describe: async () => ({ kind: 'refused', reason: 'AccessDenied' }) as const,
    };
    await expect(replaying({ ...stores, secrets }, since)).rejects.toThrow('AccessDenied');
  });
});

describe('an adoption', () => {
  it('is refused while functions may write, and while the table is not replayed', async () => {
    const { service, stores, since } = await deletedSince();
    const running = async () => ['latchkey-prod-generate'];
    await expect(adopting(stores, since, { running })).rejects.toThrow('latchkey-prod-generate');
    await expect(adopting(stores, since)).rejects.toThrow('not replayed to the end');
    await replaying(stores, since);
    await expect(adopting(stores, since, { running })).rejects.toThrow(Unusable);
    expect(service.table.rows()).toEqual([]);
  });

  it('waits until calls that were let in before have ended', async () => {
    const { service, stores, since } = await deletedSince();
    await replaying(stores, since);
    const waited: number[] = [];
    const wait = async (ms: number) => {
      waited.push(ms);
      expect(service.table.rows()).toEqual([]);
    };
    await adopting(stores, since, { wait });
    expect(waited).toEqual([20_000]);
  });

  it('leaves out what the operator names, which is refused, also when it is given again', async () => {
    const { service, gone, kept, stores, since } = await deletedSince();
    service.trail.records.delete(`${gone.key_id}_3`);
    await replaying(stores, since);
    const without = new Set([gone.key_id]);
    expect(await adopting(stores, since, { without })).toMatchObject({ leftOut: 1 });
    const told = [gone, kept].map(({ key, key_id }) => ({ keyId: key_id, value: key }));
    expect(letIn(service, told)).toEqual([kept.key]);
    const again = await replaying(stores, since, { accepted: without });
    expect([...again.left.keys()]).toEqual([gone.key_id]);
    await expect(adopting(stores, since)).rejects.toThrow('Not adopted while keys are left');
    expect(service.table.row(gone.key_id)).toBe(null);
  });

  it('leaves the aliases taken that a key which is left out holds, whenever it got them', async () => {
    const service = await started();
    const [free, renamed] = [
      await issue(service, { key_alias: 'free' }),
      await issue(service, { key_alias: 'before' }),
    ];
    await ask(service, { path: '/key/delete', body: { keys: [free.key_id] } });
    const at = await now(service);
    const born = await issue(service, { key_alias: 'born' });
    const body = { key: renamed.key_id, key_alias: 'free' };
    await ask(service, { path: '/key/update', body });
    await service.deliver();
    service.trail.records.delete(`${renamed.key_id}_2`);
    service.trail.records.delete(`${born.key_id}_1`);
    const stores = restoreStores(service, restoredTable(at.snapshot, service.now));
    await replaying(stores, at.since);
    const without = new Set([born.key_id, renamed.key_id]);
    await adopting(stores, at.since, { without });
    await adopting(stores, at.since, { without });
    expect(letIn(service, [{ keyId: born.key_id, value: born.key }])).toEqual([]);
    for (const [alias, keyId] of [
      ['born', born.key_id],
      ['free', renamed.key_id],
    ] as const) {
      expect(service.table.lease(alias)).toMatchObject({ state: 'held', keyId });
      const { status } = await ask(service, { path: '/key/generate', body: { key_alias: alias } });
      expect(status).toBe(409);
    }
  });

  it('stops where somebody else writes', async () => {
    const { service, kept, stores, since } = await deletedSince();
    await replaying(stores, since);
    const row = stores.restored.items.read([rowKey(kept.key_id)], 1000);
    const item = (await row).get(rowKey(kept.key_id));
    const { table } = service;
    const commit: KeyTable['commit'] = (...given) => {
      table.putItem({ ...item, pk: rowKey(kept.key_id), rev: 99, blocked: true });
      return table.commit(...given);
    };
    const load: KeyTable['load'] = (...given) => table.load(...given);
    const countLiveKeys: KeyTable['countLiveKeys'] = (...given) => table.countLiveKeys(...given);
    const own = { ...stores.own, table: { load, commit, countLiveKeys } };
    await expect(adopting({ ...stores, own }, since)).rejects.toThrow('Somebody else writes');
  });

  it('sends no mail of a step that the environment’s table has open', async () => {
    const service = await started();
    const at = await now(service);
    const body = { key_alias: 'half', send_invite_email: true, user_email: 'ada@example.com' };
    // The mail waits for the end of the birth, which nobody has written.
    await askUnder(service, new Map([[4, 'die-before']]), { path: '/key/generate', body });
    await service.deliver();
    const [born] = service.table.rows().filter(({ intent }) => intent !== null);
    if (born === undefined) throw new Error('No birth is open');
    // Spoilt, so that it is written over, with the step at its end.
    const before = service.table.stream.length;
    const cur = { ...born.cur, hash: 'f'.repeat(64) };
    service.table.putItem({ ...born, pk: rowKey(born.keyId), cur });
    service.table.stream.splice(before);
    const stores = restoreStores(service, restoredTable(at.snapshot, service.now));
    await replaying(stores, at.since);
    await adopting(stores, at.since);
    await service.deliver();
    expect(service.mailer.inbox).toEqual([]);
    expect(rowOf(service, born.keyId)).toMatchObject({ cur: born.cur, intent: null });
    expect(await atRest(service)).toEqual([]);
  });

  it('goes on where it was killed over a row that alone told what to take', async () => {
    const service = await started();
    const at = await now(service);
    const body = { key_alias: 'half' };
    await askUnder(service, new Map([[3, 'die-before']]), { path: '/key/generate', body });
    await service.deliver();
    const [born] = service.table.rows().filter(({ intent }) => intent !== null);
    if (born === undefined) throw new Error('No birth is open');
    const pk = rowKey(born.keyId);
    service.table.putItem({ ...born, pk, key: { ...born.key, max_budget: 9 } });
    const spoilt = remembered(service);
    for (let dieAt = 1; dieAt < 12; dieAt += 1) {
      service.table.items.clear();
      for (const [key, item] of spoilt) service.table.items.set(key, structuredClone(item));
      const stores = restoreStores(service, restoredTable(at.snapshot, service.now));
      await replaying(stores, at.since);
      await adopting(mortal(stores, dieAt), at.since).catch((error: unknown) => {
        if (!(error instanceof Died)) throw error;
      });
      await adopting(stores, at.since);
      const { intent, key } = rowOf(service, born.keyId);
      expect(intent).toEqual(born.intent);
      expect(key).toEqual(born.key);
    }
    expect(await atRest(service)).toEqual([]);
  });

  it('refuses items of a newer release', async () => {
    const { stores, since } = await deletedSince();
    await stores.restored.items.put({ pk: 'NEWER#1' }, 1000);
    await expect(replaying(stores, since)).rejects.toThrow('of a newer release');
  });
});
