/** What a change does to a step that is open, and that step to the change. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { ask, atRest, isLetIn, issue, refusalIn, rowOf } from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

/** Something happens right after a new value is stored in place. */
function afterPut({ secrets }: Service, happens: () => Promise<unknown>): void {
  const put = secrets.put.bind(secrets);
  secrets.put = async (...args) => {
    const outcome = await put(...args);
    secrets.put = put;
    await happens();
    return outcome;
  };
}

describe('a change while a regenerate is open', () => {
  it('is the later one: its time and author stay', async () => {
    const service = await startedService();
    const caller = await issue(service, { user_id: 'ada' });
    const { key_id } = await issue(service, {}, caller.key);
    afterPut(service, async () => {
      service.clock.advance(1000);
      const body = { key: key_id, tpm_limit: 7 };
      await ask(service, { path: '/key/update', key: caller.key, body });
    });
    const { status } = await ask(service, { path: '/key/regenerate', body: { key: key_id } });
    expect(status).toBe(200);
    expect(rowOf(service, key_id).key).toMatchObject({
      tpm_limit: 7,
      updated_at: '2026-11-25T13:50:01.000Z',
      updated_by: 'ada',
    });
  });

  it('must be right with what that does to the key', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    let answer: unknown;
    afterPut(service, async () => {
      const body = { key: key_id, rotation_interval: null };
      answer = refusalIn(await ask(service, { path: '/key/update', body }));
    });
    const body = { key: key_id, auto_rotate: true, rotation_interval: '30d' };
    expect((await ask(service, { path: '/key/regenerate', body })).status).toBe(200);
    expect(answer).toEqual([400, 'rotation_interval']);
    expect(rowOf(service, key_id).key).toMatchObject({ rotation_interval: '30d' });
    expect(await atRest(service)).toEqual([]);
  });
});

describe('a delete over an open rename', () => {
  it('leaves no record of it: a repeat is not told that it was done', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    const headers = { 'idempotency-key': 'once' };
    const rename = { path: '/key/update', headers, body: { key: key_id, key_alias: 'b' } };
    service.secrets.trouble('unanswered', 'unanswered');
    expect((await ask(service, rename)).status).toBe(503);
    await ask(service, { path: '/key/delete', body: { keys: [key_id] } });
    expect((await ask(service, rename)).status).toBe(404);
    expect(await atRest(service)).toEqual([]);
  });
});

describe('a delete over an open restore', () => {
  it('names the secret of the key, and keeps the name that an earlier step has left', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    service.secrets.service.deleteSecret({ SecretId: 'litellm/a', RecoveryWindowInDays: 7 });
    await service.repair();
    service.clock.advance(60_000);
    await service.repair();
    expect(rowOf(service, key_id).intent?.kind).toBe('restore');
    const leftNames = [{ name: 'litellm/b', alias: 'b' }];
    const row = rowOf(service, key_id);
    const left = { ...row, rev: row.rev + 1, leftNames };
    await service.table.commit([{ kind: 'replace-row', row: left }], 'left', 1000);
    await ask(service, { path: '/key/delete', body: { keys: [key_id] } });
    expect(rowOf(service, key_id).intent?.names).toEqual(['litellm/a']);
    service.clock.advance(60_000);
    await service.repair();
    expect(rowOf(service, key_id)).toMatchObject({ status: 'deleted', intent: null, leftNames });
    expect(await atRest(service)).toEqual([]);
  });
});

describe('what the sweep suspects', () => {
  it.each([
    ['a regenerate', '/key/regenerate', {}],
    ['a rename', '/key/update', { key_alias: 'b' }],
  ])('ends with %s: the secret is another one, or has another version', async (_, path, fields) => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    const row = rowOf(service, key_id);
    const suspicion = { kind: 'restore', at: service.now().toISOString() };
    const changed = { ...row, rev: row.rev + 1, suspicion };
    await service.table.commit([{ kind: 'replace-row', row: changed }], 'suspected', 1000);
    expect((await ask(service, { path, body: { key: key_id, ...fields } })).status).toBe(200);
    expect(rowOf(service, key_id).suspicion).toBeUndefined();
  });
});

describe('an update that blocks', () => {
  it('wins against any number of other updates, as a block does', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service);
    const { table } = service;
    const commit = table.commit.bind(table);
    let overtaken = 0;
    table.commit = async (writes, token, limitMs) => {
      overtaken += 1;
      if (overtaken > 5) return commit(writes, token, limitMs);
      const row = rowOf(service, key_id);
      await commit([{ kind: 'replace-row', row: { ...row, rev: row.rev + 1 } }], token, limitMs);
      return commit(writes, token, limitMs);
    };
    const body = { key: key_id, blocked: true };
    expect((await ask(service, { path: '/key/update', body })).status).toBe(200);
    expect(await isLetIn(service, key)).toBe(false);
  });
});
