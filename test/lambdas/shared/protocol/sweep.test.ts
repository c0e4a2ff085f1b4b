/** The sweep's looks at one row: when it opens a repair, and when it must not. */
import { describe, expect, it, vi } from 'vitest';
import { deadlineOf } from '../../../../lambdas/shared/domain/deadline.ts';
import type { KeyRow } from '../../../../lambdas/shared/domain/key-row.ts';
import { sweepRow } from '../../../../lambdas/shared/protocol/sweep.ts';
import { startedService } from '../../../fakes/service.ts';
import { newestRow, type Service } from '../../fixtures/stored.ts';

const name = 'litellm/alpha';

const look = (service: Service) =>
  sweepRow(service, newestRow(service), 'run-1', deadlineOf(20, service.now));

/** A service with one live key, whose row has these changes. */
async function withKey(changes: Partial<KeyRow> = {}) {
  const service = await startedService();
  const { body } = await service.generate({ key_alias: 'alpha' });
  const row = newestRow(service);
  const changed = { ...row, ...changes, rev: row.rev + 1 };
  await service.table.commit([{ kind: 'replace-row', row: changed }], 'changed', 1000);
  return { service, value: String(body.key) };
}

/** A service with an undone birth, and a live secret under its name. */
async function withUndone(tagsFor: (keyId: string) => Readonly<Record<string, string>>) {
  const service = await startedService();
  service.secrets.trouble('refused');
  await service.generate({ key_alias: 'alpha' });
  service.secrets.service.createSecret({
    Name: name,
    SecretString: 'late',
    ClientRequestToken: 'f'.repeat(32),
    Tags: Object.entries(tagsFor(newestRow(service).keyId)).map(([Key, Value]) => ({ Key, Value })),
  });
  return service;
}

const ours = (keyId: string) => ({ 'latchkey:env': 'test', key_id: keyId });

const removeSecret = ({ secrets }: Service) =>
  secrets.service.deleteSecret({ SecretId: name, RecoveryWindowInDays: 7 });

function failDescribe({ secrets }: Service, kind: 'throttled' | 'refused' | 'unanswered'): void {
  secrets.describe = async () => ({ kind, reason: 'Injected' });
}

describe('a look of the sweep', () => {
  it('finds nothing and writes nothing where row and secret agree', async () => {
    const { service } = await withKey();
    const before = newestRow(service);
    expect(await look(service)).toBe('fine');
    expect(newestRow(service)).toEqual(before);
  });

  it('opens nothing until a second one, a stale read later, has found the same', async () => {
    const { service } = await withKey();
    removeSecret(service);
    expect(await look(service)).toBe('suspected');
    expect(newestRow(service)).toMatchObject({
      intent: null,
      suspicion: { kind: 'restore', at: '2026-11-25T13:50:00.000Z' },
      sweepAt: '2026-11-25T13:50:15.000Z',
    });
    service.clock.advance(14_999);
    expect(await look(service)).toBe('suspected');
    service.clock.advance(1);
    expect(await look(service)).toBe('opened');
    expect(newestRow(service)).toMatchObject({ intent: { kind: 'restore', claim: 0 } });
    expect(newestRow(service).suspicion).toBeUndefined();
  });

  it('opens nothing over a step that somebody else has opened meanwhile', async () => {
    const { service } = await withKey();
    removeSecret(service);
    expect(await look(service)).toBe('suspected');
    service.clock.advance(15_000);
    const { keyId } = newestRow(service);
    const describeNow = service.secrets.describe.bind(service.secrets);
    vi.spyOn(service.secrets, 'describe').mockImplementationOnce(async (...asked) => {
      await service.asAdmin({ path: '/key/delete', body: { keys: [keyId] } });
      return describeNow(...asked);
    });
    expect(await look(service)).toBe('unknown');
    expect(newestRow(service)).toMatchObject({ status: 'deleted', intent: { kind: 'delete' } });
  });

  it('forgets a suspicion that a second one does not confirm', async () => {
    const { service } = await withKey();
    removeSecret(service);
    await look(service);
    service.secrets.service.restoreSecret({ SecretId: name });
    service.clock.advance(15_000);
    expect(await look(service)).toBe('fine');
    const row = newestRow(service);
    expect([row.intent, row.suspicion, row.sweepAt]).toEqual([null, undefined, undefined]);
  });

  it('finds AWSCURRENT on another version than the row’s', async () => {
    const { service, value } = await withKey();
    const other = { SecretId: name, SecretString: value, ClientRequestToken: 'e'.repeat(32) };
    service.secrets.service.putSecretValue(other);
    expect(await look(service)).toBe('suspected');
    expect(newestRow(service).suspicion?.kind).toBe('restore');
  });

  it('tells that the only copy of a live key’s value is gone, and opens nothing', async () => {
    const { service } = await withKey();
    service.secrets.service.purge(name);
    // The first look may have seen a copy from before the secret was made.
    expect(await look(service)).toBe('suspected');
    service.clock.advance(15_000);
    expect(await look(service)).toBe('missing');
    const row = newestRow(service);
    expect([row.intent, row.suspicion, row.sweepAt]).toEqual([null, undefined, undefined]);
  });

  it('is not taken in by another secret under the name, whatever its tags', async () => {
    const { service } = await withKey();
    service.secrets.service.purge(name);
    service.secrets.service.createSecret({
      Name: name,
      SecretString: 'theirs',
      ClientRequestToken: newestRow(service).cur.ver ?? '',
      Tags: Object.entries(ours(newestRow(service).keyId)).map(([Key, Value]) => ({ Key, Value })),
    });
    expect(await look(service)).toBe('suspected');
    service.clock.advance(15_000);
    expect(await look(service)).toBe('missing');
  });

  it('leaves a row with an open intent to the reconciler, and asks nobody', async () => {
    const service = await startedService();
    service.secrets.trouble('unanswered', 'unanswered');
    await service.generate({ key_alias: 'alpha' });
    const before = newestRow(service);
    const asked = vi.spyOn(service.secrets, 'describe');
    expect(await look(service)).toBe('fine');
    expect(asked).not.toHaveBeenCalled();
    expect(newestRow(service)).toEqual(before);
  });

  it.each(['throttled', 'refused', 'unanswered'] as const)(
    'that is %s has found nothing, of a live key and of a deleted one',
    async (how) => {
      for (const service of [(await withKey()).service, await withUndone(ours)]) {
        failDescribe(service, how);
        const before = newestRow(service);
        expect(await look(service)).toBe('unknown');
        expect(newestRow(service)).toEqual(before);
      }
    },
  );
});

describe('a look that was asked for', () => {
  const sweepAt = '2026-11-25T13:51:00.000Z';

  it('is still to come after the daily round has found nothing', async () => {
    const { service } = await withKey({ sweepAt });
    expect(await look(service)).toBe('fine');
    expect(newestRow(service).sweepAt).toBe(sweepAt);
    service.clock.advance(60_000);
    expect(await look(service)).toBe('fine');
    expect(newestRow(service).sweepAt).toBeUndefined();
  });

  it('is still to come where the daily round suspects something', async () => {
    const { service } = await withKey({ sweepAt });
    removeSecret(service);
    expect(await look(service)).toBe('suspected');
    expect(newestRow(service).sweepAt).toBe(sweepAt);
  });
});

describe('a live secret under the name of a deleted key', () => {
  it('that is its own is cleaned up, and nobody may take the name meanwhile', async () => {
    const service = await withUndone(ours);
    expect(await look(service)).toBe('suspected');
    service.clock.advance(15_000);
    expect(await look(service)).toBe('opened');
    const { keyId, intent } = newestRow(service);
    expect(intent).toMatchObject({ kind: 'cleanup', names: [name] });
    expect(service.table.lease('alpha')).toMatchObject({ state: 'held', keyId });
    expect((await service.generate({ key_alias: 'alpha' })).status).toBe(409);
    expect(service.secrets.current(name)).toBe('late');
  });

  it('is left alone where another key has taken the alias since', async () => {
    const service = await withUndone(ours);
    const { keyId } = newestRow(service);
    service.secrets.service.purge(name);
    expect((await service.generate({ key_alias: 'alpha' })).status).toBe(200);
    const deadline = deadlineOf(20, service.now);
    expect(await sweepRow(service, service.table.row(keyId), 'run-1', deadline)).toBe('fine');
  });

  it.each([
    ['without our tags', () => ({})],
    ['of another key', () => ours('anotherkey0000000')],
    ['of another environment', (keyId: string) => ({ ...ours(keyId), 'latchkey:env': 'prod' })],
  ])('%s is left alone', async (_, tagsFor) => {
    const service = await withUndone(tagsFor);
    expect(await look(service)).toBe('fine');
    expect(newestRow(service).suspicion).toBeUndefined();
  });
});
