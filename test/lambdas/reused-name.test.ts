/** A name whose last secret of ours is in its deletion window, and what a birth makes of it. */
import { describe, expect, it } from 'vitest';
import { tombstone } from '../../lambdas/shared/domain/tombstone.ts';
import { startedService } from '../fakes/service.ts';

const name = 'litellm/a';

/** A service whose alias `a` is free, its last holder's secret scheduled for deletion. */
async function withFreedName() {
  const service = await startedService();
  const { body } = await service.generate({ key_alias: 'a', user_id: 'old', team_id: 'old-team' });
  const row = service.table.row(body.key_id);
  const lease = service.table.lease('a');
  if (row === null || lease === null) throw new Error('The key was not made');
  service.secrets.service.deleteSecret({ SecretId: name, RecoveryWindowInDays: 7 });
  const deleted = { ...row, rev: row.rev + 1, status: 'deleted' } as const;
  const freed = {
    ...lease,
    state: 'free',
    deletedAt: service.clock.now().toISOString(),
    rev: lease.rev + 1,
  } as const;
  await service.table.commit(
    [
      { kind: 'replace-row', row: deleted },
      { kind: 'put-lease', lease: freed },
    ],
    'delete',
    1000,
  );
  return { service, oldKey: String(body.key) };
}

describe('a name in its deletion window', () => {
  it('is used again, with the new value current and the new owner on its tags', async () => {
    const { service } = await withFreedName();
    const { status, body } = await service.generate({ key_alias: 'a', user_id: 'new' });
    expect(status).toBe(200);
    expect(service.secrets.current(name)).toBe(body.key);
    expect(service.secrets.secrets.get(name)?.tags).toMatchObject({
      key_id: body.key_id,
      user_id: 'new',
      team_id: '',
    });
  });

  it("shows the last holder's value under no label", async () => {
    const { service, oldKey } = await withFreedName();
    await service.generate({ key_alias: 'a' });
    const previous = service.secrets.service.getSecretValue({
      SecretId: name,
      VersionStage: 'AWSPREVIOUS',
    });
    expect(previous.SecretString).toBe(tombstone);
    expect(previous.SecretString).not.toBe(oldKey);
  });

  it('is a new secret once the window is over', async () => {
    const { service } = await withFreedName();
    service.secrets.service.purge(name);
    const { status, body } = await service.generate({ key_alias: 'a' });
    expect(status).toBe(200);
    expect(service.secrets.current(name)).toBe(body.key);
  });

  it('is not taken from somebody who has made a secret there since', async () => {
    const { service } = await withFreedName();
    const { service: manager } = service.secrets;
    manager.purge(name);
    const theirs = { Name: name, SecretString: 'theirs', ClientRequestToken: 'f'.repeat(32) };
    manager.createSecret(theirs);
    expect((await service.generate({ key_alias: 'a' })).status).toBe(409);
    expect(service.secrets.current(name)).toBe('theirs');
    expect(service.secrets.secrets.get(name)?.tags).toEqual({});
  });

  it('is left to whoever scheduled a secret there that was never ours', async () => {
    const service = await startedService();
    const { service: manager } = service.secrets;
    const theirs = { Name: name, SecretString: 'theirs', ClientRequestToken: 'f'.repeat(32) };
    manager.createSecret(theirs);
    manager.deleteSecret({ SecretId: name, RecoveryWindowInDays: 7 });
    expect((await service.generate({ key_alias: 'a' })).status).toBe(409);
    expect(service.secrets.secrets.get(name)?.deletedAt).not.toBeNull();
  });

  it('is free again, and still told to be ours, where it cannot be restored now', async () => {
    const { service } = await withFreedName();
    service.secrets.trouble('none', 'throttled');
    const { status, headers } = await service.generate({ key_alias: 'a' });
    expect(status).toBe(503);
    expect(headers['retry-after']).toBeDefined();
    expect(service.table.lease('a')).toMatchObject({ state: 'free' });
    expect(service.table.lease('a')?.deletedAt).not.toBeNull();
    expect((await service.generate({ key_alias: 'a' })).status).toBe(200);
  });

  it.each([
    ['the tombstone', 1],
    ['the value', 2],
  ])('is told to nobody where %s was not stored', async (_, failing) => {
    const { service } = await withFreedName();
    const put = service.secrets.put.bind(service.secrets);
    let puts = 0;
    service.secrets.put = async (...given) => {
      puts += 1;
      return puts === failing ? { kind: 'throttled', reason: 'Injected' } : put(...given);
    };
    const { status, body } = await service.generate({ key_alias: 'a' });
    expect(status).toBe(503);
    expect(body.key).toBeUndefined();
    expect(puts).toBe(failing);
    expect(service.table.rows().some(({ intent }) => intent?.kind === 'generate')).toBe(true);
  });

  it('gets each version once, though the answers to it are lost', async () => {
    const { service } = await withFreedName();
    const put = service.secrets.put.bind(service.secrets);
    const sent: string[] = [];
    service.secrets.put = async (secretId, value, token, limitMs) => {
      const outcome = await put(secretId, value, token, limitMs);
      const isFirst = !sent.includes(value);
      sent.push(value);
      return isFirst ? { kind: 'unanswered', reason: 'Injected' } : outcome;
    };
    const { status, body } = await service.generate({ key_alias: 'a' });
    expect(status).toBe(200);
    expect(sent).toEqual([tombstone, tombstone, body.key, body.key]);
    const stored = service.secrets.secrets.get(name)?.versions;
    expect([...(stored?.values() ?? [])].filter(({ value }) => value === body.key).length).toBe(1);
    expect(service.secrets.current(name)).toBe(body.key);
  });

  it.each([
    ['the restore', ['none', 'unanswered']],
    ['the tags', ['none', 'none', 'throttled']],
  ] as const)(
    'is left to the reconciler where %s went unanswered or failed',
    async (_, troubles) => {
      const { service } = await withFreedName();
      service.secrets.trouble(...troubles);
      expect((await service.generate({ key_alias: 'a' })).status).toBe(503);
      expect(service.table.rows().some(({ intent }) => intent?.kind === 'generate')).toBe(true);
    },
  );
});

describe('a key without a secret whose writing went unanswered twice', () => {
  it('is told where one more look finds it', async () => {
    const service = await startedService();
    let commits = 0;
    const { status, body } = await service.sendThrough(
      {
        ...service.processStores,
        table: {
          load: (wanted, limitMs) => service.table.load(wanted, limitMs),
          countLiveKeys: async () => 0,
          commit: async (writes, token, limitMs) => {
            commits += 1;
            if (commits === 1) await service.table.commit(writes, token, limitMs);
            return { kind: 'unanswered' };
          },
        },
      },
      {
        path: '/key/generate',
        headers: { authorization: 'Bearer sk-1234' },
        body: { store_secret: false },
      },
    );
    expect(status).toBe(200);
    expect(service.table.row(body.key_id)).toMatchObject({ status: 'active', intent: null });
  });
});
