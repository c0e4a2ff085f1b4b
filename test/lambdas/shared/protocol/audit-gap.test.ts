/** The daily round's look at audit trails: which gaps it tells, and when. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { logTrouble } from '../../../../lambdas/settle-due/handler.ts';
import { chainAfter } from '../../../../lambdas/shared/domain/audit-chain.ts';
import type { AuditRecord } from '../../../../lambdas/shared/domain/audit-record.ts';
import { deadlineOf } from '../../../../lambdas/shared/domain/deadline.ts';
import { compareTrail } from '../../../../lambdas/shared/protocol/compare-trail.ts';
import { settleDue } from '../../../../lambdas/shared/protocol/settle-due.ts';
import { startedService } from '../../../fakes/service.ts';
import { ask, issue, rowOf } from '../../fixtures/calls.ts';
import type { Service } from '../../fixtures/stored.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** One run; what it told of each key, as `missing 2`, or the trouble's name. */
async function run(service: Service, storeAuditLogs = true) {
  const told: [keyId: string, trouble: string][] = [];
  const counts = await settleDue(
    {
      ...service,
      settings: { ...service.settings, storeAuditLogs },
      onTrouble: (keyId, trouble, { gap } = {}) => {
        told.push([keyId, gap === undefined ? trouble : `${gap.kind} ${gap.seq}`]);
      },
    },
    'run-1',
  );
  return { counts, told };
}

async function change(service: Service, keyId: string): Promise<void> {
  await ask(service, { path: '/key/update', body: { key: keyId, tpm_limit: 1 } });
}

/** A key with four records, a minute apart, the last one as old as is said. */
async function trailed(ageMs: number) {
  const service = await startedService();
  const { key_id: keyId } = await issue(service, { key_alias: 'alpha' });
  for (let seq = 2; seq <= 4; seq += 1) {
    service.clock.advance(minute);
    await change(service, keyId);
  }
  await service.deliver();
  service.clock.advance(ageMs);
  return { service, keyId };
}

const remove = ({ trail }: Service, keyId: string, ...seqs: readonly number[]): void => {
  for (const seq of seqs) expect(trail.records.delete(`${keyId}_${seq}`)).toBe(true);
};

/** Changes a record as somebody who may write the audit table would. */
function edit({ trail }: Service, keyId: string, seq: number, changes: Partial<AuditRecord>): void {
  const record = trail.of(keyId).find((one) => one.seq === seq);
  if (record === undefined) throw new Error('There is no such record');
  trail.records.set(`${keyId}_${seq}`, { ...record, ...changes });
}

/** Another record, whole in itself, in the place of one. */
function forge(service: Service, keyId: string, seq: number, previousChain?: string): void {
  const record = service.trail.of(keyId).find((one) => one.seq === seq);
  const previous_chain = previousChain ?? String(record?.['previous_chain']);
  const digest = 'd'.repeat(64);
  edit(service, keyId, seq, { digest, previous_chain, chain: chainAfter(previous_chain, digest) });
}

/** Writes a row beside the service. */
async function rewrite(service: Service, keyId: string, changes: object): Promise<void> {
  const row = rowOf(service, keyId);
  const write = { kind: 'replace-row', row: { ...row, ...changes, rev: row.rev + 1 } } as const;
  await service.table.commit([write], 'rewritten', 1000);
}

describe('a trail that is whole', () => {
  it('is no trouble: of a live key, a deleted one, one with an open step, and the admin key', async () => {
    const { service } = await trailed(0);
    const deleted = await issue(service, { key_alias: 'beta' });
    await ask(service, { path: '/key/delete', body: { keys: [deleted.key_id] } });
    service.secrets.trouble('unanswered', 'unanswered');
    await service.generate({ key_alias: 'gamma' });
    await service.deliver();
    const before = structuredClone(service.trail.records);
    const { counts, told } = await run(service);
    expect(counts.AuditGap).toBe(0);
    expect(told).toEqual([]);
    expect(service.trail.records).toEqual(before);
  });

  it('may have a record of a change since the row was read', async () => {
    const { service, keyId } = await trailed(2 * hour);
    const read = service.trailLinks.newestFirst.bind(service.trailLinks);
    service.trailLinks.newestFirst = async (...wanted) => {
      if (wanted[0] === keyId) await change(service, keyId);
      await service.deliver();
      return read(...wanted);
    };
    expect((await run(service)).told).toEqual([]);
    expect(service.trail.of(keyId)).toHaveLength(5);
  });
});

describe('a record that is missing', () => {
  it.each([1, 2, 3, 4])('is told, and counted once: %i of 4', async (seq) => {
    const { service, keyId } = await trailed(2 * hour);
    remove(service, keyId, seq);
    const { counts, told } = await run(service);
    expect(counts).toMatchObject({ AuditGap: 1, Failed: 0 });
    expect(told).toEqual([[keyId, `missing ${seq}`]]);
  });

  it('is the newest of those that are', async () => {
    const { service, keyId } = await trailed(2 * hour);
    remove(service, keyId, 2, 3);
    expect((await run(service)).told).toEqual([[keyId, 'missing 3']]);
    remove(service, keyId, 1, 4);
    service.clock.advance(day);
    expect((await run(service)).told).toEqual([[keyId, 'missing 4']]);
  });

  it('may be on its way for an hour after its change', async () => {
    const { service, keyId } = await trailed(hour);
    remove(service, keyId, 4);
    expect((await run(service)).told).toEqual([]);
    const later = await trailed(hour + 1);
    remove(later.service, later.keyId, 4);
    expect((await run(later.service)).told).toEqual([[later.keyId, 'missing 4']]);
  });

  it('may be on its way for an hour after the next change, whose record came first', async () => {
    const { service, keyId } = await trailed(hour);
    remove(service, keyId, 3);
    expect((await run(service)).told).toEqual([]);
    const later = await trailed(hour + 1);
    remove(later.service, later.keyId, 3);
    expect((await run(later.service)).told).toEqual([[later.keyId, 'missing 3']]);
  });

  it.each(['9999-01-01T00:00:00.000Z', ''])('is told though the next one claims %j', async (at) => {
    const { service, keyId } = await trailed(2 * hour);
    remove(service, keyId, 2);
    edit(service, keyId, 3, { at });
    expect((await run(service)).told).toEqual([[keyId, 'missing 2']]);
  });

  it('and may be on its way hides no older one', async () => {
    const { service, keyId } = await trailed(hour);
    remove(service, keyId, 4, 2);
    expect((await run(service)).told).toEqual([[keyId, 'missing 2']]);
  });

  it.each([
    ['a deleted key', '/key/delete'],
    ['a key with an open step', '/key/regenerate'],
  ])('of %s is told too', async (_, path) => {
    const { service, keyId } = await trailed(2 * hour);
    service.secrets.trouble('unanswered', 'unanswered');
    await ask(service, { path, body: { key: keyId, keys: [keyId] } });
    await service.deliver();
    remove(service, keyId, 2);
    const { told } = await run(service);
    expect(told).toEqual([[keyId, 'missing 2']]);
  });

  it('of the admin key is told, whose row is in no list', async () => {
    const { service } = await trailed(2 * hour);
    remove(service, 'master', 1);
    expect((await run(service)).told).toEqual([['master', 'missing 1']]);
    expect((await run(service)).told).toEqual([]);
  });

  it('is told again in each round, until it is there', async () => {
    const { service, keyId } = await trailed(2 * hour);
    const record = service.trail.of(keyId)[1];
    remove(service, keyId, 2);
    await run(service);
    service.clock.advance(day);
    expect((await run(service)).counts.AuditGap).toBe(1);
    if (record !== undefined) await service.trail.append(record);
    service.clock.advance(day);
    expect((await run(service)).counts.AuditGap).toBe(0);
  });
});

describe('a record that differs', () => {
  it.each(['digest', 'chain', 'previous_chain'])('is told at once: another %s', async (field) => {
    const { service, keyId } = await trailed(0);
    edit(service, keyId, 3, { [field]: 'e'.repeat(64) });
    expect((await run(service)).told).toEqual([[keyId, 'differs 3']]);
  });

  it.each([4, 3])('is told though it is whole in itself: %i of 4', async (seq) => {
    const { service, keyId } = await trailed(0);
    forge(service, keyId, seq);
    expect((await run(service)).told).toEqual([[keyId, `differs ${seq}`]]);
  });

  it('is told where nothing vouches for it: below a record that may be on its way', async () => {
    const { service, keyId } = await trailed(0);
    remove(service, keyId, 4);
    edit(service, keyId, 3, { digest: 'e'.repeat(64) });
    expect((await run(service)).told).toEqual([[keyId, 'differs 3']]);
  });

  it('is the first one where the trail does not begin at the key’s id', async () => {
    const service = await startedService();
    const { key_id: keyId } = await issue(service);
    await service.deliver();
    forge(service, keyId, 1, 'a'.repeat(64));
    await rewrite(service, keyId, { chain: service.trail.of(keyId)[0]?.['chain'] });
    expect((await run(service)).told).toEqual([[keyId, 'differs 1']]);
  });
});

describe('a record of a change that the row never had', () => {
  /** One after the last, as whoever may write the audit table can make it. */
  async function forgedAfter(ageMs: number) {
    const { service, keyId } = await trailed(2 * hour);
    const [last] = service.trail.of(keyId).slice(-1);
    if (last === undefined) throw new Error('There is no record');
    const at = new Date(service.now().getTime() - ageMs).toISOString();
    const [previous_chain, digest] = [last['chain'], 'd'.repeat(64)];
    const chain = chainAfter(previous_chain, digest);
    await service.trail.append({ ...last, seq: 5, at, digest, chain, previous_chain });
    return { service, keyId };
  }

  it.each([hour + 1, -hour - 1])('is told when it is no recent one: %i ms old', async (ageMs) => {
    const { service, keyId } = await forgedAfter(ageMs);
    const { counts, told } = await run(service);
    expect(counts.AuditGap).toBe(1);
    expect(told).toEqual([[keyId, 'extra 5']]);
  });

  it('may be younger than the row that was read, by up to an hour', async () => {
    const { service } = await forgedAfter(hour);
    expect((await run(service)).told).toEqual([]);
  });
});

describe('storeAuditLogs', () => {
  /** Seven changes an hour apart, of which those while it was off (3 to 5) have no record. */
  async function switched() {
    const service = await startedService();
    const { key_id: keyId } = await issue(service);
    await service.deliver();
    await run(service);
    for (let seq = 2; seq <= 7; seq += 1) {
      service.clock.advance(hour);
      if (seq === 3) await run(service, false);
      if (seq === 6) await run(service);
      await change(service, keyId);
      await service.deliver();
    }
    remove(service, keyId, 3, 4, 5);
    service.clock.advance(day);
    return { service, keyId };
  }

  it('while it is off no trail is looked at', async () => {
    const { service, keyId } = await trailed(2 * hour);
    remove(service, keyId, 2);
    edit(service, keyId, 3, { digest: '' });
    const read = vi.spyOn(service.trailLinks, 'newestFirst');
    expect((await run(service, false)).told).toEqual([]);
    expect(read).not.toHaveBeenCalled();
  });

  it('turned on again demands no record of what was changed while it was off', async () => {
    const { service } = await switched();
    expect((await run(service)).told).toEqual([]);
    service.clock.advance(day);
    expect((await run(service)).told).toEqual([]);
  });

  it('turned on again demands what came later: the newest record', async () => {
    const { service, keyId } = await switched();
    remove(service, keyId, 6, 7);
    expect((await run(service)).told).toEqual([[keyId, 'missing 7']]);
  });

  it('turned on again demands what came later: one between two', async () => {
    const { service, keyId } = await switched();
    await change(service, keyId);
    await service.deliver();
    service.clock.advance(2 * hour);
    remove(service, keyId, 7);
    expect((await run(service)).told).toEqual([[keyId, 'missing 7']]);
  });

  it('turned on again demands all of a key that was born later', async () => {
    const { service } = await switched();
    const { key_id: later } = await issue(service);
    await change(service, later);
    await service.deliver();
    service.clock.advance(2 * hour);
    remove(service, later, 1);
    expect((await run(service)).told).toEqual([[later, 'missing 1']]);
  });

  it('is noted when it changes, between two rounds too, and else once a round', async () => {
    const { service } = await trailed(0);
    await run(service);
    const noted = vi.spyOn(service.due, 'writeSweep');
    await run(service);
    expect(noted).not.toHaveBeenCalled();
    service.clock.advance(minute);
    for (let time = 0; time < 3; time += 1) await run(service, false);
    expect(noted).toHaveBeenCalledTimes(1);
    expect(await service.due.readSweep()).toMatchObject({ isAuditOff: true, auditedSince: null });
    service.clock.advance(minute);
    const auditedSince = service.now().toISOString();
    for (let time = 0; time < 3; time += 1) await run(service);
    expect(noted).toHaveBeenCalledTimes(2);
    service.clock.advance(day);
    await run(service);
    expect(await service.due.readSweep()).toMatchObject({ isAuditOff: false, auditedSince });
  });

  it('that was off from the first run on counts from when it is turned on', async () => {
    const { service, keyId } = await trailed(2 * hour);
    await run(service, false);
    remove(service, keyId, 1, 2, 3, 4);
    service.clock.advance(day);
    expect((await run(service)).told).toEqual([]);
    await change(service, keyId);
    await service.deliver();
    service.clock.advance(day);
    expect((await run(service)).told).toEqual([]);
  });
});

describe('a round', () => {
  it('goes on where a trail cannot be read, with that row’s secret and with the others', async () => {
    const { service, keyId } = await trailed(2 * hour);
    const { key_id: other } = await issue(service, { key_alias: 'beta' });
    await service.deliver();
    service.clock.advance(2 * hour);
    remove(service, other, 1);
    service.secrets.service.deleteSecret({ SecretId: 'litellm/alpha', RecoveryWindowInDays: 7 });
    const read = service.trailLinks.newestFirst.bind(service.trailLinks);
    service.trailLinks.newestFirst = async (of, ...wanted) => {
      if (of === keyId) throw new Error('unreadable');
      return read(of, ...wanted);
    };
    const describeSecret = service.secrets.describe.bind(service.secrets);
    service.secrets.describe = async (id, limitMs) => {
      if (id.includes('alpha')) await sleep(50);
      return describeSecret(id, limitMs);
    };
    const { counts, told } = await run(service);
    expect(counts).toMatchObject({ Failed: 1, AuditGap: 1 });
    const expected = { [keyId]: 'failed', [other]: 'missing 1' };
    expect(Object.fromEntries(told)).toEqual(expected);
    // Nothing of it goes on behind the run.
    expect(rowOf(service, keyId).suspicion?.kind).toBe('restore');
  });

  it('leaves the trails of rows alone that are only due', async () => {
    const { service, keyId } = await trailed(2 * hour);
    await run(service);
    remove(service, keyId, 2);
    await rewrite(service, keyId, { sweepAt: service.now().toISOString() });
    expect((await run(service)).told).toEqual([]);
    expect(rowOf(service, keyId).sweepAt).toBeUndefined();
  });

  /** A key whose trail has grown to this length. */
  async function grown(length: number) {
    const { service, keyId } = await trailed(0);
    let { chain } = rowOf(service, keyId);
    const [last] = service.trail.of(keyId).slice(-1);
    if (last === undefined) throw new Error('There is no record');
    for (let seq = 5; seq <= length; seq += 1) {
      const [previous_chain, digest] = [chain, `digest ${seq}`];
      chain = chainAfter(previous_chain, digest);
      await service.trail.append({ ...last, seq, digest, chain, previous_chain });
    }
    await rewrite(service, keyId, { seq: length, chain });
    service.clock.advance(2 * hour);
    return { service, keyId };
  }

  it('follows a trail over its pages', async () => {
    const { service, keyId } = await grown(450);
    const read = vi.spyOn(service.trailLinks, 'newestFirst');
    expect((await run(service)).told).toEqual([]);
    expect(read.mock.calls.filter(([of]) => of === keyId)).toHaveLength(3);
    service.clock.advance(day);
    remove(service, keyId, 3);
    expect((await run(service)).told).toEqual([[keyId, 'missing 3']]);
  });

  it('looks at the newest 2,000 records of a key and at no others, and tells that it was not all', async () => {
    const { service, keyId } = await grown(2005);
    remove(service, keyId, 5);
    const { counts, told } = await run(service);
    expect(told).toEqual([[keyId, 'audit-unfinished']]);
    expect(counts).toMatchObject({ AuditGap: 0, TrailsUnfinished: 1, Failed: 0 });
    service.clock.advance(day);
    remove(service, keyId, 7);
    expect((await run(service)).told).toEqual([[keyId, 'missing 7']]);
  });

  it('stops in time, though a trail takes long', async () => {
    const { service, keyId } = await grown(1000);
    const newestFirst = service.trailLinks.newestFirst.bind(service.trailLinks);
    const read = vi.spyOn(service.trailLinks, 'newestFirst').mockImplementation((...wanted) => {
      if (wanted[0] === keyId) service.clock.advance(8000);
      return newestFirst(...wanted);
    });
    const { counts, told } = await run(service);
    expect(counts).toMatchObject({ Failed: 0, TrailsUnfinished: 1 });
    expect(told).toEqual([[keyId, 'audit-unfinished']]);
    expect(read.mock.calls.filter(([of]) => of === keyId)).toHaveLength(2);
  });
});

it('a trail for which there was no time at all is not said to be whole', async () => {
  const { service, keyId } = await trailed(0);
  remove(service, keyId, 2);
  service.clock.advance(2 * hour);
  const facts = { row: rowOf(service, keyId), now: service.now(), auditedSince: null };
  const late = deadlineOf(1, service.now);
  expect(await compareTrail(service.trailLinks, facts, late)).toBe('unfinished');
});

it('the log names key, record and what is wrong with it', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  logTrouble('key-1', 'audit-gap', { gap: { kind: 'missing', seq: 3 } });
  logTrouble('key-2', 'failed', { error: new Error('broken') });
  logTrouble('key-3', 'audit-unfinished');
  const lines = write.mock.calls.map(([line]) => JSON.parse(String(line)));
  write.mockRestore();
  expect(lines).toEqual([
    {
      level: 'error',
      message: 'repair audit-gap',
      operation: 'settle-due',
      key_id: 'key-1',
      seq: 3,
      gap: 'missing',
    },
    expect.objectContaining({ key_id: 'key-2', error: expect.stringContaining('broken') }),
    expect.objectContaining({ level: 'info', message: 'repair audit-unfinished', key_id: 'key-3' }),
  ]);
});
