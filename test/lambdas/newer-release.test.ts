/**
 * During a deploy two releases work on the same rows: names that only the newer one knows must not
 * break the older one, nor open what it would have kept shut.
 */
import { describe, expect, it } from 'vitest';
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import { startedService } from '../fakes/service.ts';

async function withRow(change: (row: KeyRow) => KeyRow) {
  const service = await startedService();
  const { body } = await service.generate({ user_id: 'ada', key_alias: 'a' });
  await service.deliver();
  const row = service.table.row(body.key_id);
  if (row === null) throw new Error('No row');
  const newer = change({ ...row, rev: row.rev + 1 });
  await service.table.commit([{ kind: 'replace-row', row: newer }], 'newer', 1000);
  const headers = { authorization: `Bearer ${body.key}` };
  const ask = () => service.send({ method: 'GET', path: '/key/info', headers });
  return { service, ask, keyId: String(body.key_id) };
}

describe('a row of a newer release', () => {
  it('is read, audited and mailed about as far as this release knows', async () => {
    const { service, ask, keyId } = await withRow((row) => ({
      ...row,
      seq: row.seq + 1,
      event: {
        ...row.event,
        action: 'transferred',
        notify: { event: 'key_transferred', to: 'ada@example.com' },
      },
    }));
    expect((await ask()).status).toBe(200);
    await service.deliver();
    expect(service.trail.of(keyId).map(({ action }) => action)).toContain('transferred');
    expect(service.mailer.inbox).toEqual([]);
  });

  it('reminds of nothing that this release does not know', async () => {
    const { service } = await withRow((row) => ({
      ...row,
      reminder: {
        id: 'r',
        event: 'key_idle',
        to: 'ada@example.com',
        days: 1,
        expires: '',
        at: row.event.at,
      },
    }));
    await service.deliver();
    expect(service.mailer.inbox).toEqual([]);
  });

  it('keeps an open step that only the newer release can close', async () => {
    const { service, keyId } = await withRow((row) => {
      const intent = {
        id: 'i',
        kind: 'transfer',
        claim: 0,
        opened: row.event.at,
        at: row.event.at,
        fence: row.event.at,
        notify: null,
        hash: row.cur.hash,
        ver: 'v',
        newName: 'litellm/b',
        newAlias: null,
        names: [],
        idempotencyId: null,
        who: row.event.who,
        request_id: 'r',
      };
      return { ...row, intent };
    });
    service.clock.advance(3_600_000);
    const before = service.table.row(keyId);
    const run = await service.repair();
    expect(run).toMatchObject({ Settled: 0, Undone: 0, Left: 0, Failed: 0 });
    expect(service.table.row(keyId)).toEqual(before);
  });

  it.each([
    ['key type', { key_type: 'audit_only' }],
    ['role', { user_role: 'team_admin' }],
    ['role named like a member of every object', { user_role: 'constructor' }],
  ])('with an unknown %s may do nothing', async (_, fields) => {
    const { ask } = await withRow((row) => ({ ...row, key: { ...row.key, ...fields } }));
    expect((await ask()).status).toBe(403);
  });
});
