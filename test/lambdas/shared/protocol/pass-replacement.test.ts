/** The reconciler over a regenerate or a rename that its handler left open. */
import { describe, expect, it, vi } from 'vitest';
import { deadlineOf } from '../../../../lambdas/shared/domain/deadline.ts';
import type { SecretFailure } from '../../../../lambdas/shared/domain/ports.ts';
import { tombstone } from '../../../../lambdas/shared/domain/tombstone.ts';
import { reconcile } from '../../../../lambdas/shared/protocol/reconcile.ts';
import { startedService } from '../../../fakes/service.ts';
import { ask, atRest, isLetIn, issue, recordOf, rowOf } from '../../fixtures/calls.ts';

const failures = ['throttled', 'refused', 'unanswered'] as const;
const failing = (kind: SecretFailure['kind']) => async (): Promise<SecretFailure> => ({
  kind,
  reason: 'Injected',
});
const headers = { 'idempotency-key': 'once', 'litellm-changed-by': 'ci' };
const regenerate = { path: '/key/regenerate', headers, body: {} };
const regenerateToB = { ...regenerate, body: { key_alias: 'b' } };
const rename = { path: '/key/update', headers, body: { key_alias: 'b' } };

/**
 * A step whose call to store the value was sent twice and never answered, its fence behind.
 */
async function due(
  { path, body }: { readonly path: string; readonly body: object },
  how: 'unanswered' | 'lost-answer',
) {
  const service = await startedService();
  const born = await issue(service, { key_alias: 'a' });
  service.secrets.trouble(how, how);
  const asked = { path, headers, body: { key: born.key_id, ...body } };
  expect((await ask(service, asked)).status).toBe(503);
  const { intent } = rowOf(service, born.key_id);
  if (intent === null) throw new Error('No intent');
  service.clock.advance(60_000);
  const pass = async () =>
    (await reconcile(service, born.key_id, 'run-1', deadlineOf(20, service.now))).result;
  return { service, born, intent, pass, asked };
}

describe('a pass over a regenerate in place', () => {
  it('does nothing before the fence', async () => {
    const { service, born, pass } = await due(regenerate, 'lost-answer');
    service.clock.advance(-1);
    const before = rowOf(service, born.key_id);
    expect(await pass()).toBe('nothing');
    expect(rowOf(service, born.key_id)).toEqual(before);
  });

  it('takes it back where the tombstone is accepted: the value never can arrive', async () => {
    const { service, born, intent, pass } = await due(regenerate, 'unanswered');
    expect(await pass()).toBe('undone');
    expect(rowOf(service, born.key_id)).toMatchObject({
      intent: null,
      seq: 1,
      cur: { hash: born.token },
      sweepAt: '2026-11-25T13:52:00.000Z',
    });
    expect(service.table.pointer(intent.hash)).toBeNull();
    expect(service.table.records.size).toBe(0);
    expect(service.secrets.current('litellm/a')).toBe(born.key);
    const { versions } = service.secrets.secrets.get('litellm/a') ?? {};
    expect(versions?.get(intent.ver)).toMatchObject({
      value: tombstone,
      stages: new Set(['LATCHKEY_VOID']),
    });
    const late = { SecretId: 'litellm/a', SecretString: 'late', ClientRequestToken: intent.ver };
    expect(() => service.secrets.service.putSecretValue(late)).toThrow();
    expect(service.secrets.current('litellm/a')).toBe(born.key);
    expect(await atRest(service)).toEqual([]);
  });

  it('settles it where the tombstone is refused, with its actor and who settled it', async () => {
    const { service, born, intent, pass } = await due(regenerate, 'lost-answer');
    expect(await pass()).toBe('settled');
    expect(rowOf(service, born.key_id)).toMatchObject({
      intent: null,
      seq: 2,
      prev: null,
      cur: { hash: intent.hash, ver: intent.ver },
    });
    expect(await recordOf(service, born.key_id)).toMatchObject({
      action: 'rotated',
      object_id: born.token,
      changed_by: 'ci',
      at: '2026-11-25T13:51:00.000Z',
      who: { principal: 'master', settled_by: 'system' },
    });
    expect(await isLetIn(service, born.key)).toBe(false);
    expect(service.secrets.secrets.get('litellm/a')?.versions.get(intent.ver)?.value).not.toBe(
      tombstone,
    );
    expect(await atRest(service)).toEqual([]);
  });

  it('counts the grace period from the settle: the old value had no end until then', async () => {
    const grace = { ...regenerate, body: { grace_period: '1h' } };
    const { service, born, pass } = await due(grace, 'lost-answer');
    expect(await pass()).toBe('settled');
    expect(rowOf(service, born.key_id).prev?.until).toBe('2026-11-25T14:51:00.000Z');
    expect(await isLetIn(service, born.key)).toBe(true);
  });

  it.each(failures)('leaves it open where the tombstone is %s', async (how) => {
    const { service, born, intent, pass } = await due(regenerate, 'lost-answer');
    service.secrets.putTombstone = failing(how);
    expect(await pass()).toBe('left');
    expect(rowOf(service, born.key_id).intent).toMatchObject({ id: intent.id, claim: 1 });
    expect(await isLetIn(service, born.key)).toBe(true);
  });

  it.each([
    ['unanswered', 'undone'],
    ['lost-answer', 'settled'],
  ] as const)(
    'restores a secret that somebody scheduled, and finds out at the next pass (%s)',
    async (how, result) => {
      const { service, born, pass } = await due(regenerate, how);
      service.secrets.service.deleteSecret({ SecretId: 'litellm/a', RecoveryWindowInDays: 7 });
      expect(await pass()).toBe('left');
      expect(service.secrets.secrets.get('litellm/a')?.deletedAt).toBeNull();
      service.clock.advance(60_000);
      expect(await pass()).toBe(result);
      expect(await isLetIn(service, born.key)).toBe(result === 'undone');
      expect(await atRest(service)).toEqual([]);
    },
  );

  it('leaves a secret scheduled that somebody has tagged as theirs', async () => {
    const { service, pass } = await due(regenerate, 'unanswered');
    const { service: manager } = service.secrets;
    const SecretId = 'litellm/a';
    manager.tagResource({ SecretId, Tags: [{ Key: 'key_id', Value: 'anotherkey0000000' }] });
    manager.deleteSecret({ SecretId, RecoveryWindowInDays: 7 });
    expect(await pass()).toBe('left');
    expect(service.secrets.secrets.get(SecretId)?.deletedAt).not.toBeNull();
  });

  it('takes it back where the secret is gone for good', async () => {
    const { service, born, pass } = await due(regenerate, 'unanswered');
    service.secrets.service.purge('litellm/a');
    expect(await pass()).toBe('undone');
    expect(await isLetIn(service, born.key)).toBe(true);
  });

  it('of two at once asks once', async () => {
    const { service, pass } = await due(regenerate, 'lost-answer');
    const bury = vi.spyOn(service.secrets, 'putTombstone');
    expect((await Promise.all([pass(), pass()])).sort()).toEqual(['left', 'settled']);
    expect(bury).toHaveBeenCalledTimes(1);
  });

  it('keeps what was changed while it was open', async () => {
    const { service, born, pass } = await due(regenerate, 'lost-answer');
    await ask(service, { path: '/key/block', body: { key: born.key_id } });
    expect(await pass()).toBe('settled');
    expect(rowOf(service, born.key_id)).toMatchObject({ blocked: true, key: { blocked: true } });
    expect(await atRest(service)).toEqual([]);
  });

  it('lets the retry have the value that the first attempt made', async () => {
    const { service, pass, asked } = await due(regenerate, 'lost-answer');
    expect(await pass()).toBe('settled');
    const { status, body } = await ask(service, asked);
    expect([status, body.key]).toEqual([200, service.secrets.current('litellm/a')]);
  });
});

describe.each([
  ['a regenerate to another alias', regenerateToB, 'rotated'],
  ['a rename', rename, 'updated'],
] as const)('a pass over %s', (_, step, action) => {
  it('settles it where the new name has the version: the old secret goes, its alias is free', async () => {
    const { service, born, intent, pass } = await due(step, 'lost-answer');
    expect(await pass()).toBe('settled');
    expect(rowOf(service, born.key_id)).toMatchObject({
      alias: 'b',
      intent: null,
      cur: { hash: intent.hash, ver: intent.ver },
      secretName: 'litellm/b',
      leftNames: [{ name: 'litellm/a', alias: 'a' }],
    });
    expect(service.secrets.current('litellm/a')).toBeNull();
    expect(service.table.lease('a')).toMatchObject({
      state: 'free',
      deletedAt: '2026-11-25T13:51:00.000Z',
    });
    expect(await recordOf(service, born.key_id)).toMatchObject({
      action,
      changed_by: 'ci',
      who: { settled_by: 'system' },
      after: { key_alias: 'b' },
    });
    expect(await atRest(service)).toEqual([]);
  });

  it('takes it back where there is no such secret, and remembers the name for a look', async () => {
    const { service, born, pass } = await due(step, 'unanswered');
    expect(await pass()).toBe('undone');
    expect(rowOf(service, born.key_id)).toMatchObject({
      alias: 'a',
      intent: null,
      seq: 1,
      leftNames: [{ name: 'litellm/b', alias: 'b' }],
      sweepAt: '2026-11-25T13:52:00.000Z',
    });
    expect(service.table.lease('b')).toMatchObject({ state: 'free', deletedAt: null });
    expect(service.table.records.size).toBe(0);
    expect(service.secrets.current('litellm/a')).toBe(born.key);
    expect(await atRest(service)).toEqual([]);
  });

  it('takes it back where the new secret was scheduled meanwhile', async () => {
    const { service, born, pass } = await due(step, 'lost-answer');
    service.secrets.service.deleteSecret({ SecretId: 'litellm/b', RecoveryWindowInDays: 7 });
    expect(await pass()).toBe('undone');
    expect(service.secrets.current('litellm/a')).toBe(born.key);
  });

  it('takes it back and touches nothing where the name is somebody else’s', async () => {
    const { service, born, pass } = await due(step, 'unanswered');
    const theirs = { Name: 'litellm/b', SecretString: 'theirs' };
    service.secrets.service.createSecret({ ...theirs, ClientRequestToken: 'f'.repeat(32) });
    const before = structuredClone(service.secrets.secrets);
    expect(await pass()).toBe('undone');
    expect(service.secrets.secrets).toEqual(before);
    expect(rowOf(service, born.key_id).alias).toBe('a');
  });

  it.each(failures)('leaves it open where a look or the removal is %s', async (how) => {
    for (const call of ['describe', 'remove'] as const) {
      const { service, born, pass } = await due(step, 'lost-answer');
      vi.spyOn(service.secrets, call).mockImplementation(failing(how));
      expect([call, await pass()]).toEqual([call, 'left']);
      expect(rowOf(service, born.key_id)).toMatchObject({ alias: 'a', intent: { claim: 1 } });
      expect(service.table.lease('a')?.state).toBe('held');
      expect(service.table.lease('b')?.state).toBe('held');
    }
  });

  it.each(['purged', 'scheduled'])('settles it where the old secret is %s already', async (how) => {
    const { service, pass } = await due(step, 'lost-answer');
    const { service: manager } = service.secrets;
    if (how === 'purged') manager.purge('litellm/a');
    else manager.deleteSecret({ SecretId: 'litellm/a', RecoveryWindowInDays: 7 });
    expect(await pass()).toBe('settled');
  });
});

/** The name `b` is in its deletion window, its last holder deleted; the step has restored it, and no more. */
async function restoredOnly(step: typeof rename | typeof regenerateToB) {
  const service = await startedService();
  const gone = await issue(service, { key_alias: 'b' });
  await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
  const born = await issue(service, { key_alias: 'a' });
  service.secrets.trouble('none', 'none', 'throttled');
  const asked = { ...step, body: { key: born.key_id, ...step.body } };
  expect((await ask(service, asked)).status).toBe(503);
  expect(service.secrets.current('litellm/b')).toBe(gone.key);
  service.clock.advance(60_000);
  const pass = async () =>
    (await reconcile(service, born.key_id, 'run-1', deadlineOf(20, service.now))).result;
  return { service, born, gone, pass };
}

describe.each([
  ['a regenerate', regenerateToB],
  ['a rename', rename],
])('the last holder’s secret, restored by %s and not written', (_, step) => {
  it('is closed to the value and scheduled again, then the step is taken back', async () => {
    const { service, born, pass } = await restoredOnly(step);
    const ver = rowOf(service, born.key_id).intent?.ver ?? '';
    expect(await pass()).toBe('undone');
    const secret = service.secrets.secrets.get('litellm/b');
    expect(secret?.deletedAt).not.toBeNull();
    expect(secret?.versions.get(ver)?.value).toBe(tombstone);
    expect(service.table.lease('b')).toMatchObject({
      state: 'free',
      deletedAt: '2026-11-25T13:51:00.000Z',
    });
    expect(await isLetIn(service, born.key)).toBe(true);
    expect(await atRest(service)).toEqual([]);
    expect((await service.generate({ key_alias: 'b' })).status).toBe(200);
  });

  it('goes with the key where that is deleted meanwhile', async () => {
    const { service, born, pass } = await restoredOnly(step);
    await ask(service, { path: '/key/delete', body: { keys: [born.key_id] } });
    service.clock.advance(60_000);
    expect(await pass()).toBe('cleaned');
    for (const alias of ['a', 'b']) {
      expect(service.secrets.current(`litellm/${alias}`)).toBeNull();
      expect(service.table.lease(alias)?.state).toBe('free');
    }
    expect(await atRest(service)).toEqual([]);
  });
});
