/** Writes of which the first try took effect though its answer got lost, and calls that were sent twice. */
import { describe, expect, it } from 'vitest';
import type { CommitOutcome } from '../../lambdas/shared/domain/ports.ts';
import { startedService } from '../fakes/service.ts';
import { actionsOf, ask, atRest, isLetIn, issue, rowOf } from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

/** A write, the first or as said, takes effect and is not answered; then something happens, and the next one ends so. */
function loseAnswer(
  { table }: Service,
  {
    meanwhile,
    next,
    of = 1,
  }: { meanwhile?: () => Promise<unknown>; next?: CommitOutcome; of?: number } = {},
): void {
  const commit = table.commit.bind(table);
  let writesLeft = of;
  table.commit = async (writes, token, limitMs) => {
    writesLeft -= 1;
    if (writesLeft > 0) return commit(writes, token, limitMs);
    table.commit = commit;
    await commit(writes, token, limitMs);
    await meanwhile?.();
    if (next !== undefined) {
      table.commit = async () => {
        table.commit = commit;
        return next;
      };
    }
    return { kind: 'unanswered' };
  };
}

describe('a change whose answer got lost', () => {
  it('and that was written over since is not made again: 503, for it is not known', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    const other = { path: '/key/update', body: { key: key_id, tpm_limit: 9 } };
    loseAnswer(service, { meanwhile: () => ask(service, other) });
    const { status, body } = await ask(service, {
      path: '/key/update',
      body: { key: key_id, tpm_limit: 7 },
    });
    expect([status, body.error.message]).toEqual([503, expect.stringContaining('not known')]);
    expect(rowOf(service, key_id).key.tpm_limit).toBe(9);
    expect(await actionsOf(service, key_id)).toEqual(['created', 'updated', 'updated']);
  });

  it('but for a block, which must not lose', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const unblock = { path: '/key/unblock', body: { key: key_id } };
    loseAnswer(service, { meanwhile: () => ask(service, unblock) });
    expect((await ask(service, { path: '/key/block', body: { key: key_id } })).status).toBe(200);
    expect(await isLetIn(service, key)).toBe(false);
  });

  it.each(['/key/update', '/key/block'])(
    'before the key was deleted is not refused as if it had not been made: %s',
    async (path) => {
      const service = await startedService();
      const { key_id } = await issue(service, { key_alias: 'a' });
      const remove = { path: '/key/delete', body: { keys: [key_id] } };
      loseAnswer(service, { meanwhile: () => ask(service, remove) });
      const { status, body } = await ask(service, { path, body: { key: key_id, tpm_limit: 7 } });
      expect([status, body.error.message]).toEqual([503, expect.stringContaining('not known')]);
      expect((await actionsOf(service, key_id)).length).toBe(3);
    },
  );

  it('and whose second try was throttled is not told as not made', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    loseAnswer(service, { next: { kind: 'throttled' } });
    const { status, body } = await ask(service, {
      path: '/key/update',
      body: { key: key_id, tpm_limit: 7 },
    });
    expect([status, body.error.message]).toEqual([503, expect.stringContaining('not known')]);
    expect(rowOf(service, key_id).key.tpm_limit).toBe(7);
  });

  it('is a success where it opened a rename to no alias', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { key_alias: 'a' });
    loseAnswer(service);
    const body = { key: key_id, key_alias: null };
    expect((await ask(service, { path: '/key/update', body })).status).toBe(200);
    expect(service.secrets.current(`litellm/virtual-key-${token}`)).toBe(key);
    expect(await actionsOf(service, key_id)).toEqual(['created', 'updated']);
    expect(await atRest(service)).toEqual([]);
  });
});

describe('a rename whose end was not answered', () => {
  it('before the key was deleted is not told as not made', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const remove = { path: '/key/delete', body: { keys: [key_id] } };
    loseAnswer(service, { meanwhile: () => ask(service, remove), of: 2 });
    const body = { key: key_id, key_alias: 'b' };
    const { status, headers } = await ask(service, { path: '/key/update', body });
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(await actionsOf(service, key_id)).toEqual(['created', 'updated', 'deleted']);
    expect(await atRest(service)).toEqual([]);
  });
});

describe('a delete that is sent twice with one Idempotency-Key', () => {
  it('answers both for all its keys, whichever of the two deletes them', async () => {
    const service = await startedService();
    const one = await issue(service, { key_alias: 'a' });
    const two = await issue(service, { key_alias: 'b' });
    const keys = [one.key_id, two.key_id];
    const headers = { 'idempotency-key': 'once' };
    const asked = { path: '/key/delete', headers, body: { keys } };
    const { table } = service;
    const commit = table.commit.bind(table);
    let second: unknown;
    table.commit = async (writes, token, limitMs) => {
      if (writes[0]?.kind === 'replace-row') {
        table.commit = commit;
        second = (await ask(service, asked)).body;
      }
      return commit(writes, token, limitMs);
    };
    const { status, body } = await ask(service, asked);
    expect([status, body]).toEqual([200, { deleted_keys: keys, failed_tokens: [] }]);
    expect(second).toEqual(body);
    for (const key of keys) expect(await actionsOf(service, key)).toEqual(['created', 'deleted']);
    expect(await atRest(service)).toEqual([]);
  });
});
