/** A name that a closed step gave up: a call of that step may still arrive there, and is cleaned up. */
import { describe, expect, it, vi } from 'vitest';
import { deadlineOf } from '../../../../lambdas/shared/domain/deadline.ts';
import { reconcile } from '../../../../lambdas/shared/protocol/reconcile.ts';
import { sweepRow } from '../../../../lambdas/shared/protocol/sweep.ts';
import { startedService } from '../../../fakes/service.ts';
import { ask, atRest, isLetIn, issue, recordOf, rowOf } from '../../fixtures/calls.ts';
import type { Service } from '../../fixtures/stored.ts';

const steps = [
  ['a rename', '/key/update'],
  ['a regenerate', '/key/regenerate'],
] as const;

/** A step from `a` to `b` that the reconciler has taken back, its CreateSecret still under way. */
async function takenBack(path: string, fields: object = { key_alias: 'a' }) {
  const service = await startedService();
  const born = await issue(service, fields);
  service.secrets.trouble('unanswered', 'unanswered');
  await ask(service, { path, body: { key: born.key_id, key_alias: 'b' } });
  const ver = rowOf(service, born.key_id).intent?.ver ?? '';
  service.clock.advance(60_000);
  await service.repair();
  expect(rowOf(service, born.key_id)).toMatchObject({
    intent: null,
    leftNames: [{ name: 'litellm/b', alias: 'b' }],
  });
  const arrives = (tags: Readonly<Record<string, string>> = ours(born.key_id)) =>
    service.secrets.service.createSecret({
      Name: 'litellm/b',
      SecretString: 'sk-late-0123456789abcdef',
      ClientRequestToken: ver,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    });
  const look = () =>
    sweepRow(service, rowOf(service, born.key_id), 'run-1', deadlineOf(20, service.now));
  const pass = async () =>
    (await reconcile(service, born.key_id, 'run-1', deadlineOf(20, service.now))).result;
  return { service, born, arrives, look, pass };
}

const ours = (key_id: string) => ({ 'latchkey:env': 'test', key_id });
const isLive = ({ secrets }: Service, name: string) => secrets.current(name) !== null;

describe.each(steps)('a late secret of %s that was taken back', (_, path) => {
  it('is looked at twice, a stale read apart, then removed; the key lives on', async () => {
    const { service, born, arrives, look, pass } = await takenBack(path);
    arrives();
    service.clock.advance(60_000);
    expect(await look()).toBe('suspected');
    service.clock.advance(14_999);
    expect(await look()).toBe('suspected');
    service.clock.advance(1);
    expect(await look()).toBe('opened');
    expect(rowOf(service, born.key_id).intent).toMatchObject({
      kind: 'cleanup',
      names: ['litellm/b'],
      newAlias: 'b',
    });
    expect(service.table.lease('b')).toMatchObject({ state: 'held', keyId: born.key_id });
    expect((await service.generate({ key_alias: 'b' })).status).toBe(409);
    expect(await pass()).toBe('cleaned');
    expect(isLive(service, 'litellm/b')).toBe(false);
    expect(service.table.lease('b')).toMatchObject({
      state: 'free',
      deletedAt: service.now().toISOString(),
    });
    expect(await recordOf(service, born.key_id)).toMatchObject({
      action: 'secret_removed',
      changed_by: 'system',
    });
    expect(rowOf(service, born.key_id)).toMatchObject({ status: 'active', alias: 'a' });
    expect(service.secrets.current('litellm/a')).toBe(born.key);
    expect(await atRest(service)).toEqual([]);
    expect((await service.generate({ key_alias: 'b' })).status).toBe(200);
  });

  it('is found by the scheduled runs alone', async () => {
    const { service, born, arrives } = await takenBack(path);
    arrives();
    expect(await atRest(service)).toEqual([]);
    expect(isLive(service, 'litellm/b')).toBe(false);
    expect(await isLetIn(service, born.key)).toBe(true);
  });

  it('is not touched where another key holds the alias by now', async () => {
    const { service, arrives, look } = await takenBack(path);
    const other = await issue(service, { key_alias: 'b' });
    expect(() => arrives()).toThrow();
    service.clock.advance(60_000);
    const asked = vi.spyOn(service.secrets, 'describe');
    expect(await look()).toBe('fine');
    expect(asked).not.toHaveBeenCalledWith('litellm/b', expect.anything());
    expect(service.secrets.current('litellm/b')).toBe(other.key);
    expect(await atRest(service)).toEqual([]);
  });

  it('is the key’s own where it has moved there meanwhile', async () => {
    const { service, born, look } = await takenBack(path);
    const body = { key: born.key_id, key_alias: 'b' };
    expect((await ask(service, { path: '/key/update', body })).status).toBe(200);
    service.clock.advance(60_000);
    expect(await look()).toBe('fine');
    expect(service.secrets.current('litellm/b')).toBe(born.key);
    expect(await atRest(service)).toEqual([]);
  });

  it.each([
    ['without our tags', () => ({})],
    ['of another key', () => ours('anotherkey0000000')],
    ['of another environment', (keyId: string) => ({ ...ours(keyId), 'latchkey:env': 'prod' })],
  ])('is none of ours %s', async (__, tagsFor) => {
    const { service, born, arrives, look } = await takenBack(path);
    arrives(tagsFor(born.key_id));
    service.clock.advance(60_000);
    expect(await look()).toBe('fine');
    expect(isLive(service, 'litellm/b')).toBe(true);
    expect(rowOf(service, born.key_id).leftNames).toBeUndefined();
  });

  it('that never comes is forgotten after one look', async () => {
    const { service, born, look } = await takenBack(path);
    service.clock.advance(59_999);
    expect(await look()).toBe('fine');
    expect(rowOf(service, born.key_id).leftNames).toBeDefined();
    service.clock.advance(1);
    expect(await look()).toBe('fine');
    const { leftNames, sweepAt } = rowOf(service, born.key_id);
    expect([leftNames, sweepAt]).toEqual([undefined, undefined]);
  });

  it.each(['throttled', 'refused', 'unanswered'] as const)(
    'is looked for again where the look is %s',
    async (kind) => {
      const { service, born, arrives, look } = await takenBack(path);
      arrives();
      service.clock.advance(60_000);
      const failed = vi.spyOn(service.secrets, 'describe');
      failed.mockImplementation(async () => ({ kind, reason: 'Injected' }));
      expect(await look()).toBe('unknown');
      expect(rowOf(service, born.key_id).leftNames).toBeDefined();
      failed.mockRestore();
      expect(await atRest(service)).toEqual([]);
      expect(isLive(service, 'litellm/b')).toBe(false);
    },
  );

  it('is found too where a step in place was closed before the look', async () => {
    const { service, born, arrives } = await takenBack(path);
    service.secrets.trouble('lost-answer', 'lost-answer');
    await ask(service, { path: '/key/regenerate', body: { key: born.key_id } });
    service.clock.advance(60_000);
    await service.repair();
    arrives();
    expect(await atRest(service)).toEqual([]);
    expect(isLive(service, 'litellm/b')).toBe(false);
  });

  it('is found too where another step was taken back before the look', async () => {
    const { service, born, arrives } = await takenBack(path);
    service.secrets.trouble('unanswered', 'unanswered');
    await ask(service, { path, body: { key: born.key_id, key_alias: 'c' } });
    service.clock.advance(60_000);
    await service.repair();
    expect(rowOf(service, born.key_id).leftNames).toEqual([
      { name: 'litellm/b', alias: 'b' },
      { name: 'litellm/c', alias: 'c' },
    ]);
    arrives();
    expect(await atRest(service)).toEqual([]);
    expect(isLive(service, 'litellm/b')).toBe(false);
  });

  it('is found too where the key is deleted before the look', async () => {
    const { service, born, arrives } = await takenBack(path);
    await ask(service, { path: '/key/delete', body: { keys: [born.key_id] } });
    arrives();
    expect(await atRest(service)).toEqual([]);
    expect(isLive(service, 'litellm/b')).toBe(false);
  });
});

describe('the name of a key without alias', () => {
  it('is not cleaned up where the key has come back to it', async () => {
    const service = await startedService();
    const born = await issue(service, { key_alias: 'a' });
    const own = `litellm/virtual-key-${born.token}`;
    const body = { key: born.key_id, key_alias: null };
    service.secrets.trouble('unanswered', 'unanswered');
    await ask(service, { path: '/key/update', body });
    service.clock.advance(60_000);
    await service.repair();
    expect(rowOf(service, born.key_id)).toMatchObject({ leftNames: [{ name: own, alias: null }] });
    expect((await ask(service, { path: '/key/update', body })).status).toBe(200);
    expect(await atRest(service)).toEqual([]);
    expect(service.secrets.current(own)).toBe(born.key);
    expect(await isLetIn(service, born.key)).toBe(true);
  });

  it('that a settled step gave up is cleaned up likewise', async () => {
    const service = await startedService();
    const born = await issue(service);
    const own = `litellm/virtual-key-${born.token}`;
    service.secrets.trouble('lost-answer', 'lost-answer');
    await ask(service, { path: '/key/update', body: { key: born.key_id, key_alias: 'b' } });
    service.clock.advance(60_000);
    await service.repair();
    expect(rowOf(service, born.key_id)).toMatchObject({
      alias: 'b',
      leftNames: [{ name: own, alias: null }],
    });
    // Somebody brings it back, or a RestoreSecret that was under way does.
    service.secrets.service.restoreSecret({ SecretId: own });
    expect(await atRest(service)).toEqual([]);
    expect(isLive(service, own)).toBe(false);
    expect(service.secrets.current('litellm/b')).toBe(born.key);
  });
});
