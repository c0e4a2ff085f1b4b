/** What an answer of Secrets Manager, or a row that has moved on, does not prove, and who must not act on it. */
import { describe, expect, it } from 'vitest';
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import type { SecretFailure } from '../../lambdas/shared/domain/ports.ts';
import { startedService } from '../fakes/service.ts';
import { ask, atRest, isLetIn, issue, refusalIn, rowOf } from './fixtures/calls.ts';
import { newestRow, type Service } from './fixtures/stored.ts';

const kinds = ['absent', 'scheduled', 'throttled', 'refused', 'unanswered'] as const;

/** The next removal fails so, without effect. */
function failRemoval({ secrets }: Service, kind: SecretFailure['kind']): void {
  const remove = secrets.remove.bind(secrets);
  secrets.remove = async () => {
    secrets.remove = remove;
    return { kind, reason: 'Injected' };
  };
}

/** A secret that somebody else has made and scheduled for deletion. */
function strangersScheduled({ secrets }: Service, name: string) {
  const theirs = { Name: name, SecretString: 'theirs', ClientRequestToken: 'f'.repeat(32) };
  secrets.service.createSecret(theirs);
  secrets.service.deleteSecret({ SecretId: name, RecoveryWindowInDays: 7 });
  return structuredClone(secrets.secrets.get(name));
}

const rename = (service: Service, key: string, key_alias: string | null) =>
  ask(service, { path: '/key/update', body: { key, key_alias } });

describe('a removal that is not truly done', () => {
  it.each(kinds)('keeps the alias of a deleted key: %s', async (kind) => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    failRemoval(service, kind);
    expect((await ask(service, { path: '/key/delete', body: { keys: [key_id] } })).status).toBe(
      200,
    );
    expect(await isLetIn(service, key)).toBe(false);
    const fence = '2026-11-25T13:51:00.000Z';
    expect(rowOf(service, key_id)).toMatchObject({ intent: { kind: 'delete', fence } });
    expect(service.table.lease('a')?.state).toBe('held');
    expect((await service.generate({ key_alias: 'a' })).status).toBe(409);
    expect(await atRest(service)).toEqual([]);
    expect((await service.generate({ key_alias: 'a' })).status).toBe(200);
  });

  it.each(kinds)('keeps the alias that a rename leaves: %s', async (kind) => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    failRemoval(service, kind);
    const { status, headers } = await rename(service, key_id, 'b');
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(rowOf(service, key_id)).toMatchObject({ alias: 'a', intent: { kind: 'rename' } });
    expect(service.table.lease('a')?.state).toBe('held');
    expect(await isLetIn(service, key)).toBe(true);
    expect(await atRest(service)).toEqual([]);
    expect(service.secrets.current('litellm/b')).toBe(key);
  });
});

describe('a store that is refused after a try without answer', () => {
  it.each([
    ['a regenerate', '/key/regenerate', {}],
    ['a regenerate to another alias', '/key/regenerate', { key_alias: 'b' }],
    ['a rename', '/key/update', { key_alias: 'b' }],
  ])('is not the end of %s: the first try may still arrive', async (_, path, fields) => {
    for (const then of ['throttled', 'refused'] as const) {
      const service = await startedService();
      const { key, key_id } = await issue(service, { key_alias: 'a' });
      service.secrets.trouble('unanswered', then);
      const { status, headers } = await ask(service, { path, body: { key: key_id, ...fields } });
      expect([status, headers['retry-after']]).toEqual([503, '5']);
      expect(rowOf(service, key_id).intent).not.toBeNull();
      expect(await isLetIn(service, key)).toBe(true);
      expect(await atRest(service)).toEqual([]);
    }
  });
});

describe('a rename whose value', () => {
  it.each([
    ['is not the key’s', { kind: 'done', value: 'sk-somebody-put-this-there' }],
    ['cannot be read now', { kind: 'throttled', reason: 'Injected' }],
    ['is gone', { kind: 'absent', reason: 'Injected' }],
  ] as const)('%s is taken back at once, and stores nothing', async (_, read) => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    service.secrets.read = async () => read;
    expect((await rename(service, key_id, 'b')).status).toBe(503);
    expect(rowOf(service, key_id)).toMatchObject({ alias: 'a', intent: null, seq: 1 });
    expect(service.table.lease('b')?.state).toBe('free');
    expect(service.secrets.secrets.has('litellm/b')).toBe(false);
    expect(service.secrets.current('litellm/a')).toBe(key);
    expect((await service.generate({ key_alias: 'b' })).status).toBe(200);
    expect(await atRest(service)).toEqual([]);
  });
});

describe('a secret in its deletion window that was never ours', () => {
  it.each([
    ['rename', '/key/update'],
    ['regenerate', '/key/regenerate'],
  ])('is left alone by a %s to its name', async (_, path) => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const theirs = strangersScheduled(service, 'litellm/b');
    const answer = await ask(service, { path, body: { key: key_id, key_alias: 'b' } });
    expect(refusalIn(answer)).toEqual([409, 'key_alias']);
    await atRest(service);
    expect(service.secrets.secrets.get('litellm/b')).toEqual(theirs);
    expect(service.secrets.current('litellm/a')).toBe(key);
  });

  it('is left alone by a rename to no alias too', async () => {
    const service = await startedService();
    const { key_id, token } = await issue(service, { key_alias: 'a' });
    const name = `litellm/virtual-key-${token}`;
    const theirs = strangersScheduled(service, name);
    expect((await rename(service, key_id, null)).status).toBe(409);
    await atRest(service);
    expect(service.secrets.secrets.get(name)).toEqual(theirs);
    expect(rowOf(service, key_id)).toMatchObject({ alias: 'a', intent: null });
  });
});

describe('a secret under a name of ours that is no longer the one that we scheduled', () => {
  const day = 86_400_000;
  const name = 'litellm/a';

  it('is left alone by a birth and a rename, once the window of ours is over', async () => {
    const service = await startedService();
    await issue(service, { key_alias: 'a' });
    await ask(service, { path: '/key/delete', body: { key_aliases: ['a'] } });
    const { key_id } = await issue(service, { key_alias: 'b' });
    service.clock.advance(9 * day);
    service.secrets.service.purge(name);
    const theirs = strangersScheduled(service, name);
    expect((await service.generate({ key_alias: 'a' })).status).toBe(409);
    expect((await rename(service, key_id, 'a')).status).toBe(409);
    expect(service.secrets.secrets.get(name)).toEqual(theirs);
  });

  it('is left alone where it came before ours was removed', async () => {
    const service = await startedService();
    await issue(service, { key_alias: 'a' });
    failRemoval(service, 'throttled');
    await ask(service, { path: '/key/delete', body: { key_aliases: ['a'] } });
    service.secrets.service.purge(name);
    const theirs = strangersScheduled(service, name);
    await atRest(service);
    expect(service.table.lease('a')).toMatchObject({ state: 'free', deletedAt: null });
    expect((await service.generate({ key_alias: 'a' })).status).toBe(409);
    expect(service.secrets.secrets.get(name)).toEqual(theirs);
  });
});

describe('the own name of a key', () => {
  it('is known to be in its window from the last time that it was left, undone or not', async () => {
    const day = 86_400_000;
    const service = await startedService();
    const { key, key_id } = await issue(service);
    expect((await rename(service, key_id, 'b')).status).toBe(200);
    service.clock.advance(6 * day);
    service.secrets.trouble('none', 'none', 'none', 'unanswered', 'unanswered');
    expect((await rename(service, key_id, null)).status).toBe(503);
    expect(await atRest(service)).toEqual([]);
    expect(rowOf(service, key_id)).toMatchObject({ alias: 'b', intent: null });
    service.clock.advance(4 * day);
    expect((await rename(service, key_id, null)).status).toBe(200);
    expect(await isLetIn(service, key)).toBe(true);
    expect(await atRest(service)).toEqual([]);
  });
});

describe('a regenerate or rename that Secrets Manager refuses', () => {
  it.each([
    ['/key/regenerate', {}],
    ['/key/update', { key_alias: 'b' }],
  ])('has the scheduled function look at the secret at once (%s)', async (path, fields) => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    service.secrets.trouble('refused');
    expect((await ask(service, { path, body: { key: key_id, ...fields } })).status).toBe(503);
    expect(rowOf(service, key_id).sweepAt).toBe(service.now().toISOString());
    expect(await atRest(service)).toEqual([]);
    expect(rowOf(service, key_id).sweepAt).toBeUndefined();
  });
});

/** Something writes the row right after the value is stored. */
function afterStore({ secrets, table }: Service, changes: Partial<KeyRow>): void {
  const create = secrets.create.bind(secrets);
  secrets.create = async (secret, limitMs) => {
    const outcome = await create(secret, limitMs);
    secrets.create = create;
    const [row] = table.rows().filter(({ intent }) => intent !== null);
    if (row === undefined) throw new Error('No step is open');
    const changed = { ...row, ...changes, rev: row.rev + 1 };
    await table.commit([{ kind: 'replace-row', row: changed }], 'changed', 1000);
    return outcome;
  };
}

describe('a step that somebody else has closed', () => {
  it('is told where the key is live with the value', async () => {
    const service = await startedService();
    afterStore(service, { intent: null });
    const { status, body } = await service.generate({ key_alias: 'a' });
    expect(status).toBe(200);
    expect(await isLetIn(service, body.key)).toBe(true);
  });

  it.each<[string, Partial<KeyRow>]>([
    ['deleted', { status: 'deleted', intent: null }],
    ['of another value', { intent: null, cur: { hash: 'f'.repeat(64), ver: 'another' } }],
  ])('is not told where the key is %s by then', async (_, changes) => {
    const service = await startedService();
    afterStore(service, changes);
    const { status, body } = await service.generate({ key_alias: 'a' });
    expect([status, body.key]).toEqual([409, undefined]);
    expect(newestRow(service)).toMatchObject(changes);
  });
});
