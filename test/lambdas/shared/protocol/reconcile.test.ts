/** One pass of the reconciler over one row: what it looks at, what it does, and what it leaves alone. */
import { describe, expect, it, vi } from 'vitest';
import { deadlineOf } from '../../../../lambdas/shared/domain/deadline.ts';
import type { AliasLease } from '../../../../lambdas/shared/domain/key-row.ts';
import type { SecretFailure } from '../../../../lambdas/shared/domain/ports.ts';
import { tombstone } from '../../../../lambdas/shared/domain/tombstone.ts';
import { reconcile } from '../../../../lambdas/shared/protocol/reconcile.ts';
import { sweepRow } from '../../../../lambdas/shared/protocol/sweep.ts';
import { startedService } from '../../../fakes/service.ts';
import { newestRow, offeredValues, type Service } from '../../fixtures/stored.ts';

const name = 'litellm/alpha';
const failures = ['throttled', 'refused', 'unanswered'] as const;
const failing = (kind: SecretFailure['kind']) => async (): Promise<SecretFailure> => ({
  kind,
  reason: 'Injected',
});

/** A birth whose handler got no answer to CreateSecret, sent twice, and left its intent open. */
async function leftOpen(service: Service, how: 'unanswered' | 'lost-answer') {
  service.secrets.trouble(how, how);
  expect((await service.generate({ key_alias: 'alpha' })).status).toBe(503);
  const { keyId, intent } = newestRow(service);
  if (intent === null) throw new Error('No intent');
  return { keyId, intent };
}

/** The same, with its fence behind. */
async function due(service: Service, how: 'unanswered' | 'lost-answer') {
  const open = await leftOpen(service, how);
  service.clock.advance(60_000);
  return open;
}

const pass = (service: Service, keyId: string) =>
  reconcile(service, keyId, 'run-1', deadlineOf(20, service.now));

const resultOf = async (service: Service, keyId: string) => (await pass(service, keyId)).result;

const sweep = (service: Service, keyId: string) =>
  sweepRow(service, service.table.row(keyId), 'run-1', deadlineOf(20, service.now));

/** Has the sweep look twice, far enough apart to open what it finds. */
async function sweptTwice(service: Service, keyId: string) {
  expect(await sweep(service, keyId)).toBe('suspected');
  service.clock.advance(60_000);
  expect(await sweep(service, keyId)).toBe('opened');
}

/** A secret made beside the service. */
function putSecret({ secrets }: Service, tags: Readonly<Record<string, string>>): void {
  secrets.service.createSecret({
    Name: name,
    SecretString: 'theirs',
    ClientRequestToken: 'f'.repeat(32),
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  });
}

/** The lease goes to another key, as no operation should do while it is held. */
async function leaseTaken({ table }: Service): Promise<AliasLease> {
  const lease = table.lease('alpha');
  if (lease === null) throw new Error('No lease');
  const taken = {
    ...lease,
    state: 'held',
    keyId: 'anotherkey0000000',
    rev: lease.rev + 1,
  } as const;
  await table.commit([{ kind: 'put-lease', lease: taken }], 'taken', 1000);
  return taken;
}

describe('a pass over an open birth', () => {
  it('does and asks nothing before the fence', async () => {
    const service = await startedService();
    const { keyId, intent } = await leftOpen(service, 'lost-answer');
    const look = vi.spyOn(service.secrets, 'describe');
    service.clock.advance(59_999);
    expect(await resultOf(service, keyId)).toBe('nothing');
    expect(look).not.toHaveBeenCalled();
    expect(newestRow(service).intent).toEqual(intent);
  });

  it('is the only one of two at once that looks', async () => {
    const service = await startedService();
    const { keyId } = await due(service, 'lost-answer');
    const look = vi.spyOn(service.secrets, 'describe');
    const both = await Promise.all([resultOf(service, keyId), resultOf(service, keyId)]);
    expect(both.sort()).toEqual(['left', 'settled']);
    expect(look).toHaveBeenCalledTimes(1);
  });

  it('counts its claim, and the next one comes a fence later', async () => {
    const service = await startedService();
    const { keyId } = await due(service, 'lost-answer');
    vi.spyOn(service.secrets, 'describe').mockImplementationOnce(failing('throttled'));
    expect(await resultOf(service, keyId)).toBe('left');
    const fence = '2026-11-25T13:52:00.000Z';
    expect(newestRow(service).intent).toMatchObject({ claim: 1, fence });
    service.clock.advance(59_999);
    expect(await resultOf(service, keyId)).toBe('nothing');
    service.clock.advance(1);
    expect(await resultOf(service, keyId)).toBe('settled');
  });

  it('keeps a change that came after its claim, and leaves the end to the next one', async () => {
    const service = await startedService();
    const { keyId } = await due(service, 'lost-answer');
    const describeNow = service.secrets.describe.bind(service.secrets);
    vi.spyOn(service.secrets, 'describe').mockImplementationOnce(async (...asked) => {
      await service.asAdmin({ path: '/key/block', body: { key: keyId } });
      return describeNow(...asked);
    });
    expect(await resultOf(service, keyId)).toBe('left');
    expect(newestRow(service)).toMatchObject({ blocked: true, intent: { claim: 1 } });
    service.clock.advance(60_000);
    expect(await resultOf(service, keyId)).toBe('settled');
    expect(newestRow(service)).toMatchObject({ blocked: true, intent: null });
  });

  it.each(failures)('takes an answer that is %s for no answer, not for "absent"', async (how) => {
    const service = await startedService();
    const { keyId } = await due(service, 'lost-answer');
    service.secrets.describe = failing(how);
    expect(await resultOf(service, keyId)).toBe('left');
    expect(newestRow(service)).toMatchObject({ status: 'active', intent: { kind: 'generate' } });
    expect(service.secrets.current(name)).not.toBeNull();
  });

  it('settles where the secret has the version, tells so, and asks for one more look', async () => {
    const service = await startedService();
    const { keyId, intent } = await due(service, 'lost-answer');
    expect(await resultOf(service, keyId)).toBe('settled');
    expect(newestRow(service)).toMatchObject({
      status: 'active',
      intent: null,
      seq: 2,
      event: { action: 'generate_settled', request_id: 'run-1' },
      cur: { ver: intent.ver },
      sweepAt: '2026-11-25T13:52:00.000Z',
    });
  });

  it('undoes where there is no secret, and asks for one more look', async () => {
    const service = await startedService();
    const { keyId } = await due(service, 'unanswered');
    expect(await resultOf(service, keyId)).toBe('undone');
    expect(newestRow(service)).toMatchObject({
      status: 'deleted',
      seq: 2,
      event: { action: 'generate_undone' },
      sweepAt: '2026-11-25T13:52:00.000Z',
    });
    expect(service.table.lease('alpha')?.state).toBe('free');
    expect(await resultOf(service, keyId)).toBe('nothing');
  });

  it('undoes where the secret is in its deletion window', async () => {
    const service = await startedService();
    const { keyId } = await due(service, 'lost-answer');
    service.secrets.service.deleteSecret({ SecretId: name, RecoveryWindowInDays: 7 });
    expect(await resultOf(service, keyId)).toBe('undone');
  });

  it.each([
    ['without our tags', () => ({})],
    ['of another key', () => ({ 'latchkey:env': 'test', key_id: 'anotherkey0000000' })],
    ['of another environment', (keyId: string) => ({ 'latchkey:env': 'prod', key_id: keyId })],
  ])('undoes and touches nothing where the name has a secret %s', async (_, tagsFor) => {
    const service = await startedService();
    const { keyId } = await due(service, 'unanswered');
    putSecret(service, tagsFor(keyId));
    const before = structuredClone(service.secrets.secrets);
    expect(await resultOf(service, keyId)).toBe('undone');
    expect(service.secrets.secrets).toEqual(before);
  });

  it('frees no alias that another key holds', async () => {
    const service = await startedService();
    const { keyId } = await due(service, 'unanswered');
    const taken = await leaseTaken(service);
    expect(await resultOf(service, keyId)).toBe('undone');
    expect(service.table.lease('alpha')).toEqual(taken);
  });
});

/** An open birth, due, whose name has a secret of ours without the value; `put` stores that late. */
async function withoutValue() {
  const service = await startedService();
  const values = offeredValues(service);
  const { keyId, intent } = await due(service, 'unanswered');
  putSecret(service, { 'latchkey:env': 'test', key_id: keyId });
  const put = () =>
    service.secrets.service.putSecretValue({
      SecretId: name,
      SecretString: values[0] ?? '',
      ClientRequestToken: intent.ver,
    });
  return { service, keyId, intent, put };
}

describe('a secret of ours without the value', () => {
  it('is closed to the value, then removed, then the birth is undone', async () => {
    const { service, keyId, intent, put } = await withoutValue();
    expect(await resultOf(service, keyId)).toBe('undone');
    const secret = service.secrets.secrets.get(name);
    expect(secret?.versions.get(intent.ver)?.value).toBe(tombstone);
    expect(secret?.deletedAt).not.toBeNull();
    service.secrets.service.restoreSecret({ SecretId: name });
    expect(put).toThrow();
    expect(service.secrets.current(name)).toBe('theirs');
  });

  it('has no value for the next pass either, where this one got no further', async () => {
    const { service, keyId } = await withoutValue();
    vi.spyOn(service.secrets, 'remove').mockImplementationOnce(failing('throttled'));
    expect(await resultOf(service, keyId)).toBe('left');
    service.clock.advance(60_000);
    expect(await resultOf(service, keyId)).toBe('undone');
    expect(service.secrets.secrets.get(name)?.deletedAt).not.toBeNull();
  });

  it('that gets the value after the look is settled', async () => {
    const { service, keyId, put } = await withoutValue();
    const look = service.secrets.describe.bind(service.secrets);
    service.secrets.describe = async (id, limitMs) => {
      const found = await look(id, limitMs);
      put();
      return found;
    };
    expect(await resultOf(service, keyId)).toBe('settled');
    expect(newestRow(service)).toMatchObject({ status: 'active', intent: null });
    expect(service.secrets.secrets.get(name)?.deletedAt).toBeNull();
  });

  it.each(failures)('keeps the intent open where the tombstone is %s', async (how) => {
    const { service, keyId } = await withoutValue();
    service.secrets.putTombstone = failing(how);
    expect(await resultOf(service, keyId)).toBe('left');
    expect(service.secrets.secrets.get(name)?.deletedAt).toBeNull();
    expect(newestRow(service).status).toBe('active');
  });

  it.each(failures)('keeps the intent open where its removal is %s', async (how) => {
    const { service, keyId } = await withoutValue();
    service.secrets.remove = failing(how);
    expect(await resultOf(service, keyId)).toBe('left');
    expect(newestRow(service)).toMatchObject({ status: 'active', intent: { kind: 'generate' } });
  });
});

/**
 * An open birth, due, that took over the name of a key which is gone: it has restored that key's
 * secret and got no further, unless `lease` says that there was no such key.
 */
async function withRestored(tags: Readonly<Record<string, string>>, lease: Partial<AliasLease>) {
  const service = await startedService();
  putSecret(service, { key_id: 'lastholder0000000', ...tags });
  const { keyId, intent } = await due(service, 'unanswered');
  const held = service.table.lease('alpha');
  if (held === null) throw new Error('No lease');
  const taken = { ...held, ...lease, rev: held.rev + 1 };
  await service.table.commit([{ kind: 'put-lease', lease: taken }], 'taken', 1000);
  return { service, keyId, intent };
}

const gone = { deletedAt: '2026-11-25T13:00:00.000Z' };

describe("the last holder's secret, restored and not written", () => {
  it('is closed to the value and removed again, then the birth is undone', async () => {
    const { service, keyId, intent } = await withRestored({ 'latchkey:env': 'test' }, gone);
    expect(await resultOf(service, keyId)).toBe('undone');
    const secret = service.secrets.secrets.get(name);
    expect(secret?.versions.get(intent.ver)?.value).toBe(tombstone);
    expect(secret?.deletedAt).not.toBeNull();
    expect(service.table.lease('alpha')).toMatchObject({
      state: 'free',
      deletedAt: service.now().toISOString(),
    });
  });

  it.each([
    ['the alias tells of no last holder', { 'latchkey:env': 'test' }, { deletedAt: null }],
    ['it is of another environment', { 'latchkey:env': 'prod' }, gone],
    ['it has no environment', {}, gone],
    [
      'the alias is of another key now',
      { 'latchkey:env': 'test' },
      { ...gone, keyId: 'anotherkey0000000' },
    ],
  ])('is no such secret where %s: nobody touches it', async (_, tags, lease) => {
    const { service, keyId } = await withRestored(tags, lease);
    const before = structuredClone(service.secrets.secrets);
    expect(await resultOf(service, keyId)).toBe('undone');
    expect(service.secrets.secrets).toEqual(before);
  });
});

/** A clean-up of an undone birth whose secret came to be nevertheless. */
async function cleanUpOpened() {
  const service = await startedService();
  const { keyId } = await due(service, 'lost-answer');
  vi.spyOn(service.secrets, 'describe').mockImplementationOnce(failing('absent'));
  expect(await resultOf(service, keyId)).toBe('undone');
  await sweptTwice(service, keyId);
  return { service, keyId };
}

describe('a clean-up', () => {
  it('removes the secret, then frees the alias, and says when', async () => {
    const { service, keyId } = await cleanUpOpened();
    expect(await resultOf(service, keyId)).toBe('cleaned');
    expect(service.secrets.secrets.get(name)?.deletedAt).not.toBeNull();
    expect(service.table.lease('alpha')).toMatchObject({
      state: 'free',
      deletedAt: service.now().toISOString(),
    });
    expect(newestRow(service)).toMatchObject({
      status: 'deleted',
      intent: null,
      seq: 3,
      event: { action: 'secret_removed' },
    });
  });

  it('keeps the alias held while the secret is not truly gone', async () => {
    const { service, keyId } = await cleanUpOpened();
    service.secrets.trouble('throttled');
    expect(await resultOf(service, keyId)).toBe('left');
    expect(service.table.lease('alpha')).toMatchObject({ state: 'held', keyId });
  });

  it('leaves the secret of whoever has the name now', async () => {
    const { service, keyId } = await cleanUpOpened();
    service.secrets.service.purge(name);
    putSecret(service, { 'latchkey:env': 'test', key_id: 'anotherkey0000000' });
    expect(await resultOf(service, keyId)).toBe('cleaned');
    expect(service.secrets.current(name)).toBe('theirs');
  });

  it('frees no alias that another key holds', async () => {
    const { service, keyId } = await cleanUpOpened();
    const taken = await leaseTaken(service);
    expect(await resultOf(service, keyId)).toBe('cleaned');
    expect(service.table.lease('alpha')).toEqual(taken);
  });
});

/** A restore of a live key's secret, in which somebody has made another value the current one. */
async function withWrongCurrent() {
  const service = await startedService();
  const { body } = await service.generate({ key_alias: 'alpha' });
  const put = { SecretId: name, SecretString: 'wrong', ClientRequestToken: 'e'.repeat(32) };
  service.secrets.service.putSecretValue(put);
  await sweptTwice(service, body.key_id);
  const stages = () =>
    service.secrets.service.describeSecret({ SecretId: name }).VersionIdsToStages;
  return { service, keyId: String(body.key_id), value: String(body.key), stages };
}

describe('a restore', () => {
  it('leaves a secret scheduled that somebody has tagged as theirs', async () => {
    const service = await startedService();
    const { body } = await service.generate({ key_alias: 'alpha' });
    const { service: manager } = service.secrets;
    const remove = () => manager.deleteSecret({ SecretId: name, RecoveryWindowInDays: 7 });
    remove();
    await sweptTwice(service, body.key_id);
    manager.restoreSecret({ SecretId: name });
    const Tags = [{ Key: 'key_id', Value: 'anotherkey0000000' }];
    manager.tagResource({ SecretId: name, Tags });
    remove();
    expect(await resultOf(service, body.key_id)).toBe('left');
    expect(service.secrets.secrets.get(name)?.deletedAt).not.toBeNull();
  });

  it('makes a removed secret of a live key live again', async () => {
    const service = await startedService();
    const { body } = await service.generate({ key_alias: 'alpha' });
    service.secrets.service.deleteSecret({ SecretId: name, RecoveryWindowInDays: 7 });
    await sweptTwice(service, body.key_id);
    expect(await resultOf(service, body.key_id)).toBe('restored');
    expect(service.secrets.current(name)).toBe(body.key);
    expect(newestRow(service)).toMatchObject({
      intent: null,
      event: { action: 'secret_restored' },
    });
  });

  it('puts the current value back, and leaves the wrong one under no label', async () => {
    const { service, keyId, value, stages } = await withWrongCurrent();
    const restore = vi.spyOn(service.secrets, 'restore');
    expect(await resultOf(service, keyId)).toBe('restored');
    expect(service.secrets.current(name)).toBe(value);
    expect(stages()).toEqual({ [newestRow(service).cur.ver ?? '']: ['AWSCURRENT'] });
    expect(restore).not.toHaveBeenCalled();
  });

  it('takes the label off also where an earlier pass got no further than the move', async () => {
    const { service, keyId, value, stages } = await withWrongCurrent();
    vi.spyOn(service.secrets, 'dropPrevious').mockImplementationOnce(failing('throttled'));
    expect(await resultOf(service, keyId)).toBe('left');
    expect(service.secrets.current(name)).toBe(value);
    service.clock.advance(60_000);
    expect(await resultOf(service, keyId)).toBe('restored');
    expect(stages()).toEqual({ [newestRow(service).cur.ver ?? '']: ['AWSCURRENT'] });
  });

  it('is over where the version of the row is gone, and claims no repair', async () => {
    const { service, keyId } = await withWrongCurrent();
    service.secrets.moveCurrent = failing('absent');
    const { seq } = newestRow(service);
    expect(await resultOf(service, keyId)).toBe('lost');
    expect(newestRow(service)).toMatchObject({ status: 'active', intent: null, seq });
  });

  it.each(failures)('keeps the intent open where a call is %s', async (how) => {
    for (const call of ['describe', 'moveCurrent', 'dropPrevious'] as const) {
      const { service, keyId } = await withWrongCurrent();
      vi.spyOn(service.secrets, call).mockImplementation(failing(how));
      expect([call, await resultOf(service, keyId)]).toEqual([call, 'left']);
      expect(newestRow(service).intent).toMatchObject({ kind: 'restore', claim: 1 });
    }
  });
});
