import { describe, expect, it } from 'vitest';
import type { KeyTable } from '../../lambdas/shared/domain/ports.ts';
import { startedService } from '../fakes/service.ts';

type Service = Awaited<ReturnType<typeof startedService>>;

const attempt = (service: Service, body: unknown, header = 'first', key = 'sk-1234') =>
  service.send({
    path: '/key/generate',
    headers: { authorization: `Bearer ${key}`, 'idempotency-key': header },
    body,
  });

const liveKeys = (service: Service) =>
  service.table.rows().filter((row) => row.status === 'active' && row.keyId !== 'master');

describe('Idempotency-Key on generate', () => {
  it('answers a repeat with the same key, one event and one secret', async () => {
    const service = await startedService();
    const first = await attempt(service, { key_alias: 'a' });
    const second = await attempt(service, { key_alias: 'a' });
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(liveKeys(service).length).toBe(1);
    expect(service.secrets.secrets.size).toBe(1);
    await service.deliver();
    expect(service.trail.of(first.body.key_id).length).toBe(1);
  });

  it('tells no value again once keys are not mirrored any more', async () => {
    const service = await startedService();
    const { body: first } = await attempt(service, { key_alias: 'a' });
    Object.assign(service.settings, { storeVirtualKeys: false });
    const { status, body } = await attempt(service, { key_alias: 'a' });
    expect([status, body.error.type]).toEqual([409, 'idempotency_superseded']);
    expect(body.error.message).toContain(first.key_id);
  });

  it('keeps no plaintext in its record', async () => {
    const service = await startedService();
    const { body } = await attempt(service, {});
    expect(JSON.stringify([...service.table.records.values()])).not.toContain(body.key);
  });

  it("never answers another caller's same header and body with the first one's key", async () => {
    const service = await startedService();
    const other = await service.generate({ user_id: 'bob', user_role: 'proxy_admin' });
    const first = await attempt(service, {});
    const second = await attempt(service, {}, 'first', other.body.key);
    expect(second.status).toBe(200);
    expect(second.body.key).not.toBe(first.body.key);
  });

  it('refuses another body under the same header', async () => {
    const service = await startedService();
    await attempt(service, { max_budget: 1 });
    const second = await attempt(service, { max_budget: 2 });
    expect(second.status).toBe(422);
    expect(second.body.error.type).toBe('idempotency_key_reused');
    expect(liveKeys(service).length).toBe(1);
  });

  it('runs one of two requests at once; the other gets 409 and can retry', async () => {
    const service = await startedService();
    const answers = await Promise.all([attempt(service, {}), attempt(service, {})]);
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([200, 409]);
    const loser = answers.find(({ status }) => status === 409);
    expect(loser?.headers['retry-after']).toBeDefined();
    const retried = await attempt(service, {});
    expect(retried.body.key).toBe(answers.find(({ status }) => status === 200)?.body.key);
    expect(liveKeys(service).length).toBe(1);
  });

  it('tells a repeat that lost the race for its alias to retry, not that the alias is taken', async () => {
    const service = await startedService();
    const sent = {
      path: '/key/generate',
      headers: { authorization: 'Bearer sk-1234', 'idempotency-key': 'twin' },
      body: { key_alias: 'a' },
    };
    // The twin's transaction is in the way of the first try of this one, and wins.
    let tries = 0;
    const table: KeyTable = {
      load: (wanted, limitMs) => service.table.load(wanted, limitMs),
      countLiveKeys: (userId, bound, limitMs) =>
        service.table.countLiveKeys(userId, bound, limitMs),
      commit: async (writes, token, limitMs) => {
        tries += 1;
        if (tries > 1) return service.table.commit(writes, token, limitMs);
        await service.send(sent);
        return { kind: 'contended' };
      },
    };
    const { status, body } = await service.sendThrough({ ...service.processStores, table }, sent);
    expect({ status, param: body.error.param }).toEqual({ status: 409, param: 'Idempotency-Key' });
    expect((await service.send(sent)).status).toBe(200);
    expect(liveKeys(service).length).toBe(1);
  });

  it('asks for patience while the first attempt is open', async () => {
    const service = await startedService();
    service.secrets.trouble('unanswered', 'unanswered');
    expect((await attempt(service, {})).status).toBe(503);
    const second = await attempt(service, {});
    expect(second.status).toBe(409);
    expect(second.headers['retry-after']).toBeDefined();
  });

  it('runs afresh after an attempt that was undone', async () => {
    const service = await startedService();
    service.secrets.trouble('throttled');
    expect((await attempt(service, { key_alias: 'a' })).status).toBe(503);
    expect(service.table.records.size).toBe(0);
    const second = await attempt(service, { key_alias: 'a' });
    expect(second.status).toBe(200);
    expect(service.secrets.current('litellm/a')).toBe(second.body.key);
  });

  it('never tells a value that was rotated since', async () => {
    const service = await startedService();
    const { body } = await attempt(service, {});
    const row = service.table.row(body.key_id);
    if (row === null) throw new Error('No row');
    const rotated = { ...row, rev: row.rev + 1, cur: { hash: 'f'.repeat(64), ver: 'v2' } };
    await service.table.commit([{ kind: 'replace-row', row: rotated }], 'token', 1000);
    const second = await attempt(service, {});
    expect(second.status).toBe(409);
    expect(second.body.error.type).toBe('idempotency_superseded');
    expect(second.body.error.message).toContain(body.key_id);
  });

  it('answers 410 where the key was deleted since', async () => {
    const service = await startedService();
    const { body } = await attempt(service, {});
    const row = service.table.row(body.key_id);
    if (row === null) throw new Error('No row');
    const deleted = { ...row, rev: row.rev + 1, status: 'deleted' } as const;
    await service.table.commit([{ kind: 'replace-row', row: deleted }], 'token', 1000);
    expect((await attempt(service, {})).status).toBe(410);
  });

  it('starts afresh once the record has expired, deleted or not', async () => {
    const service = await startedService();
    const first = await attempt(service, {});
    service.clock.advance(86_400_000);
    const second = await attempt(service, {});
    expect(second.status).toBe(200);
    expect(second.body.key).not.toBe(first.body.key);
  });

  it('names the key and says regenerate where its value is kept nowhere', async () => {
    for (const [settings, body] of [
      [{ storeVirtualKeys: false }, {}],
      [{}, { store_secret: false }],
    ] as const) {
      const service = await startedService(settings);
      const first = await attempt(service, body);
      const second = await attempt(service, body);
      expect(second.status).toBe(409);
      expect(second.body.error.message).toContain(first.body.key_id);
      expect(second.body.error.message).toContain('regenerate');
      expect(liveKeys(service).length).toBe(1);
    }
  });

  it('answers 503, never a new run, where the secret cannot be read', async () => {
    const service = await startedService();
    await attempt(service, { key_alias: 'a' });
    service.secrets.service.deleteSecret({ SecretId: 'litellm/a', RecoveryWindowInDays: 7 });
    expect((await attempt(service, { key_alias: 'a' })).status).toBe(503);
    expect(liveKeys(service).length).toBe(1);
  });

  it('never tells a value that is not the one of its first answer', async () => {
    const service = await startedService();
    await attempt(service, {});
    service.secrets.read = async () => ({ kind: 'done', value: 'sk-put-there-by-somebody' });
    const { status, body } = await attempt(service, {});
    expect(status).toBe(503);
    expect(JSON.stringify(body)).not.toContain('sk-put-there-by-somebody');
    expect(liveKeys(service).length).toBe(1);
  });

  it('tells no key to a caller who does not own it any more', async () => {
    const service = await startedService();
    const { body: caller } = await service.generate({ user_id: 'ada' });
    const first = await attempt(service, {}, 'first', caller.key);
    expect(first.status).toBe(200);
    const row = service.table.row(caller.key_id);
    if (row === null) throw new Error('No row');
    const moved = { ...row, rev: row.rev + 1, key: { ...row.key, user_id: 'bob' } };
    await service.table.commit([{ kind: 'replace-row', row: moved }], 'token', 1000);
    const second = await attempt(service, {}, 'first', caller.key);
    expect(second.status).toBe(403);
    expect(JSON.stringify(second.body)).not.toContain(first.body.key);
  });

  it.each(['', ' ', 'a b', 'x'.repeat(256), 'é'])('refuses the header %j', async (header) => {
    const service = await startedService();
    expect((await attempt(service, {}, header)).status).toBe(400);
    expect(liveKeys(service).length).toBe(0);
  });
});
