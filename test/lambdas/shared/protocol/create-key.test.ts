/** The order of the steps, and the lease on a name. What becomes of each failure: generate-key-trouble. */
import { describe, expect, it } from 'vitest';
import type { AliasLease, KeyRow } from '../../../../lambdas/shared/domain/key-row.ts';
import type { KeyWrite } from '../../../../lambdas/shared/domain/ports.ts';
import { startedService } from '../../../fakes/service.ts';
import { newestRow, type Service } from '../../fixtures/stored.ts';

/** Every call that a birth makes, in order, with the rows as they are when it is made. */
function watched(service: Service) {
  const { table, secrets } = service;
  const calls: { call: string; writes?: readonly KeyWrite[]; rows: KeyRow[] }[] = [];
  const commit = table.commit.bind(table);
  const create = secrets.create.bind(secrets);
  table.commit = async (writes, token, limitMs) => {
    calls.push({ call: 'commit', writes, rows: table.rows() });
    return commit(writes, token, limitMs);
  };
  secrets.create = async (secret, limitMs) => {
    calls.push({ call: 'create', rows: table.rows() });
    return create(secret, limitMs);
  };
  return calls;
}

const free: AliasLease = {
  alias: 'alpha',
  state: 'free',
  keyId: 'formerholder00000',
  secretName: 'litellm/alpha',
  secretArn: null,
  deletedAt: null,
  rev: 4,
};

/** Writes a lease as some other operation would. */
async function put({ table }: Service, lease: AliasLease): Promise<void> {
  const current = table.lease(lease.alias)?.rev ?? 0;
  for (let rev = current + 1; rev <= lease.rev; rev += 1) {
    await table.commit([{ kind: 'put-lease', lease: { ...lease, rev } }], `rev-${rev}`, 1000);
  }
}

describe('the steps of a birth', () => {
  it('are: row with event and intent, secret, settle', async () => {
    const service = await startedService();
    const calls = watched(service);
    const { body } = await service.generate({ key_alias: 'alpha' });
    expect(calls.map(({ call }) => call)).toEqual(['commit', 'create', 'commit']);
    const [opening, storing, settling] = calls;
    expect(opening?.writes?.map(({ kind }) => kind)).toEqual([
      'create-row',
      'create-pointer',
      'put-lease',
    ]);
    const atStore = storing?.rows.find(({ keyId }) => keyId === body.key_id);
    expect(atStore).toMatchObject({
      status: 'active',
      seq: 1,
      event: { action: 'created' },
      intent: { kind: 'generate', claim: 0 },
    });
    expect(atStore?.intent?.ver).toBe(atStore?.event.id);
    expect(settling?.writes).toMatchObject([
      { kind: 'replace-row', row: { rev: 2, seq: 1, intent: null } },
    ]);
  });

  it('use a fresh version id for each birth', async () => {
    const service = await startedService();
    await Promise.all([service.generate({}), service.generate({})]);
    const versions = service.table.rows().map(({ cur }) => cur.ver);
    expect(new Set(versions).size).toBe(3);
    for (const version of versions) expect(version).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('end after the first where the key names no secret', async () => {
    const service = await startedService();
    const calls = watched(service);
    await service.generate({ store_secret: false });
    expect(calls.map(({ call }) => call)).toEqual(['commit']);
  });
});

describe('the lease on a name', () => {
  it('is taken over where it is free, as it was read', async () => {
    const service = await startedService();
    await put(service, free);
    const { status, body } = await service.generate({ key_alias: 'alpha' });
    expect(status).toBe(200);
    expect(service.table.lease('alpha')).toMatchObject({
      state: 'held',
      keyId: body.key_id,
      rev: 5,
    });
  });

  it('still tells of the last holder’s secret once a birth that took it over is undone', async () => {
    const service = await startedService();
    const former = { secretArn: 'arn', deletedAt: '2026-11-25T13:00:00.000Z' };
    await put(service, { ...free, ...former });
    service.secrets.trouble('refused');
    expect((await service.generate({ key_alias: 'alpha' })).status).toBe(503);
    expect(service.table.lease('alpha')).toMatchObject({ state: 'free', ...former });
  });

  it('that changed since it was read is read again before it is taken', async () => {
    const service = await startedService();
    await put(service, free);
    const { table } = service;
    const load = table.load.bind(table);
    table.load = async (wanted, limitMs) => {
      const loaded = await load(wanted, limitMs);
      if (wanted.caller !== undefined) await put(service, { ...free, rev: 5 });
      return loaded;
    };
    expect((await service.generate({ key_alias: 'alpha' })).status).toBe(200);
    expect(table.lease('alpha')?.rev).toBe(6);
  });

  it('that somebody took since it was read is left to its holder', async () => {
    const service = await startedService();
    const { table } = service;
    let holder = await service.generate({});
    const load = table.load.bind(table);
    table.load = async (wanted, limitMs) => {
      const loaded = await load(wanted, limitMs);
      if (wanted.caller !== undefined) {
        table.load = load;
        holder = await service.generate({ key_alias: 'alpha', store_secret: false });
      }
      return loaded;
    };
    const { status, body } = await service.generate({ key_alias: 'alpha' });
    expect([status, body.error.param]).toEqual([400, 'key_alias']);
    expect(table.lease('alpha')?.keyId).toBe(holder.body.key_id);
    expect(service.secrets.secrets.size).toBe(1);
  });

  it('is not free while its deleted holder’s name is still being cleaned up: 409', async () => {
    const service = await startedService();
    service.secrets.trouble('refused');
    await service.generate({});
    const { keyId } = newestRow(service);
    await put(service, { ...free, rev: 1, state: 'held', keyId });
    const { status, headers } = await service.generate({ key_alias: 'alpha' });
    expect([status, headers['retry-after']]).toEqual([409, '5']);
    expect(service.secrets.secrets.size).toBe(0);
  });
});
