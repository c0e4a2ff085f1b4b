/** The reconciler over a delete, and at the end of an overlap. */
import { describe, expect, it, vi } from 'vitest';
import { deadlineOf } from '../../../../lambdas/shared/domain/deadline.ts';
import type { SecretFailure } from '../../../../lambdas/shared/domain/ports.ts';
import { reconcile } from '../../../../lambdas/shared/protocol/reconcile.ts';
import { startedService } from '../../../fakes/service.ts';
import { ask, atRest, issue, recordOf, rowOf } from '../../fixtures/calls.ts';

const failures = ['throttled', 'refused', 'unanswered'] as const;
const failing = (kind: SecretFailure['kind']) => async (): Promise<SecretFailure> => ({
  kind,
  reason: 'Injected',
});

/** A key whose step went unanswered twice; `pass` is one of the reconciler over it. */
async function withOpen(
  { path, body }: { readonly path: string; readonly body: object },
  how: 'unanswered' | 'lost-answer',
) {
  const service = await startedService();
  const born = await issue(service, { key_alias: 'a' });
  service.secrets.trouble(how, how);
  expect((await ask(service, { path, body: { key: born.key_id, ...body } })).status).toBe(503);
  const pass = async () =>
    (await reconcile(service, born.key_id, 'run-1', deadlineOf(20, service.now))).result;
  return { service, born, pass };
}

const regenerate = { path: '/key/regenerate', body: {} };
const regenerateToB = { path: '/key/regenerate', body: { key_alias: 'b' } };
const rename = { path: '/key/update', body: { key_alias: 'b' } };

describe('a pass over a delete', () => {
  it.each([
    ['a regenerate', regenerate, 'lost-answer'],
    ['a regenerate that never arrived', regenerate, 'unanswered'],
    ['a regenerate to another alias', regenerateToB, 'lost-answer'],
    ['a rename', rename, 'lost-answer'],
    ['a rename that never arrived', rename, 'unanswered'],
  ] as const)(
    'over %s removes each secret and frees each alias, with one record',
    async (_, step, how) => {
      const { service, born, pass } = await withOpen(step, how);
      expect(
        (await ask(service, { path: '/key/delete', body: { keys: [born.key_id] } })).status,
      ).toBe(200);
      expect(rowOf(service, born.key_id).intent).toMatchObject({ kind: 'delete', claim: 0 });
      expect(await pass()).toBe('nothing');
      service.clock.advance(60_000);
      expect(await pass()).toBe('cleaned');
      const row = rowOf(service, born.key_id);
      expect(row).toMatchObject({ status: 'deleted', intent: null });
      for (const alias of ['a', 'b']) {
        expect(service.secrets.current(`litellm/${alias}`)).toBeNull();
        expect(service.table.lease(alias)?.state ?? 'free').toBe('free');
      }
      await service.deliver();
      expect(service.trail.of(born.key_id).map(({ action }) => action)).toEqual([
        'created',
        'deleted',
        'secret_removed',
      ]);
      expect(await atRest(service)).toEqual([]);
    },
  );

  it.each(failures)('stays open, its alias held, where a call is %s', async (how) => {
    for (const call of ['describe', 'remove'] as const) {
      const service = await startedService();
      const born = await issue(service, { key_alias: 'a' });
      service.secrets.trouble('throttled');
      await ask(service, { path: '/key/delete', body: { keys: [born.key_id] } });
      service.clock.advance(60_000);
      const spied = vi.spyOn(service.secrets, call).mockImplementation(failing(how));
      const pass = () => reconcile(service, born.key_id, 'run-1', deadlineOf(20, service.now));
      expect((await pass()).result).toBe('left');
      expect(service.table.lease('a')?.state).toBe('held');
      spied.mockRestore();
      service.clock.advance(60_000);
      expect((await pass()).result).toBe('cleaned');
      expect(service.table.lease('a')?.state).toBe('free');
    }
  });

  it('touches no secret that somebody else has put under the name', async () => {
    const service = await startedService();
    const born = await issue(service, { key_alias: 'a' });
    service.secrets.trouble('throttled');
    await ask(service, { path: '/key/delete', body: { keys: [born.key_id] } });
    const { service: manager } = service.secrets;
    manager.purge('litellm/a');
    const theirs = { Name: 'litellm/a', SecretString: 'theirs' };
    manager.createSecret({ ...theirs, ClientRequestToken: 'f'.repeat(32) });
    service.clock.advance(60_000);
    await service.repair();
    expect(service.secrets.current('litellm/a')).toBe('theirs');
    expect(rowOf(service, born.key_id).intent).toBeNull();
  });
});

describe('the end of an overlap', () => {
  async function overlapping() {
    const service = await startedService();
    const born = await issue(service, { key_alias: 'a' });
    const body = { key: born.key_id, grace_period: '1h' };
    await ask(service, { path: '/key/regenerate', body });
    const pass = async () =>
      (await reconcile(service, born.key_id, 'run-1', deadlineOf(20, service.now))).result;
    return { service, born, pass };
  }

  it('is recorded at its time and not before, by one of two at once', async () => {
    const { service, born, pass } = await overlapping();
    service.clock.advance(3_599_999);
    expect(await pass()).toBe('nothing');
    service.clock.advance(1);
    expect((await Promise.all([pass(), pass()])).sort()).toEqual(['nothing', 'overlap-ended']);
    expect(rowOf(service, born.key_id)).toMatchObject({ prev: null, seq: 3 });
    expect(await recordOf(service, born.key_id)).toMatchObject({ request_id: 'run-1' });
    expect(await pass()).toBe('nothing');
  });

  it('is recorded while a step is open, which it carries along', async () => {
    const { service, born, pass } = await overlapping();
    service.clock.advance(3_600_000);
    service.secrets.trouble('lost-answer', 'lost-answer');
    await ask(service, { path: '/key/regenerate', body: { key: born.key_id } });
    const { intent } = rowOf(service, born.key_id);
    expect(await pass()).toBe('overlap-ended');
    expect(rowOf(service, born.key_id)).toMatchObject({ prev: null, intent });
    expect(await atRest(service)).toEqual([]);
  });

  it('is none of a deleted key', async () => {
    const { service, born, pass } = await overlapping();
    await ask(service, { path: '/key/delete', body: { keys: [born.key_id] } });
    service.clock.advance(3_600_000);
    expect(await pass()).toBe('nothing');
    expect((await recordOf(service, born.key_id)).action).toBe('deleted');
  });
});
