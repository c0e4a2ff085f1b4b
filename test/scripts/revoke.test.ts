/** All keys of an owner ended at once, over the fakes of a whole service. */
import { describe, expect, it } from 'vitest';
import { rowItem } from '../../lambdas/shared/adapters/table/items.ts';
import { rowKey } from '../../lambdas/shared/adapters/table/keys.ts';
import type { KeyLists, KeyTable } from '../../lambdas/shared/domain/ports.ts';
import {
  type KeyOutcome,
  type Revoked,
  type RevokeRun,
  type RevokeStores,
  revokeKeys,
  type SeenKey,
} from '../../scripts/revoke/revoke-keys.ts';
import { lineOf, sumOf } from '../../scripts/revoke/revoke-report.ts';
import { masterKey, type ProcessStores, startedService } from '../fakes/service.ts';
import { FaultyProcess, faultKinds } from '../faults/fault-port.ts';
import { faultyStores } from '../faults/faulty-stores.ts';
import {
  actionsOf,
  atRest,
  isLetIn,
  issue,
  recordOf,
  rowOf,
  untouched,
} from '../lambdas/fixtures/calls.ts';
import { type Service, storedText } from '../lambdas/fixtures/stored.ts';

const ada = { userId: 'ada' } as const;

function storesOf(service: Service, seen: ProcessStores = service.processStores): RevokeStores {
  const { random, now, settings } = service;
  const { table, lists, secrets } = seen;
  return { table, lists, secrets, random, now, settings, pause: async () => undefined };
}

async function revoking(service: Service, of: Revoked, changes: Partial<RevokeRun> = {}) {
  const how = changes.how ?? 'delete';
  const isApplied = changes.isApplied ?? true;
  const said: string[] = [];
  const revocation = await revokeKeys({
    stores: storesOf(service),
    of,
    how,
    isApplied,
    by: 'ops',
    runId: 'run-1',
    wait: async (ms) => service.clock.advance(ms),
    onKey: (key: SeenKey, outcome: KeyOutcome) => said.push(lineOf(key, outcome, how)),
    ...changes,
  });
  return { ...revocation, said: [...said, sumOf(revocation, how, isApplied)].join('\n') };
}

const kinds = ({ keys }: { readonly keys: ReadonlyMap<string, KeyOutcome> }) =>
  Object.fromEntries([...keys].map(([keyId, { kind }]) => [keyId, kind]));

describe('a revocation', () => {
  it('names the keys, and writes nothing until it is told to', async () => {
    const service = await startedService();
    const one = await issue(service, { user_id: 'ada', team_id: 'engines', key_alias: 'a' });
    await issue(service, { user_id: 'bob' });
    const dry = await untouched(service, () => revoking(service, ada, { isApplied: false }));
    expect(dry.said).toBe(
      `${one.key_id}, alias "a", user "ada", team "engines"\n1 would be deleted; --apply does it\n0 deleted already`,
    );
    expect(dry.said).not.toContain(one.token);
  });

  it('ends every key of a user, audited, with its secret, and no other', async () => {
    const service = await startedService();
    const own = [];
    for (let n = 0; n < 120; n += 1) own.push(await issue(service, { user_id: 'ada' }));
    const others = await issue(service, { user_id: 'bob' });
    const done = await revoking(service, ada);
    expect(done.said).toContain('120 deleted\n0 deleted already');
    for (const { key } of own.slice(0, 5)) expect(await isLetIn(service, key)).toBe(false);
    expect(await isLetIn(service, others.key)).toBe(true);
    const [first] = own;
    expect(await recordOf(service, first?.key_id ?? '')).toMatchObject({
      action: 'deleted',
      changed_by: 'ops',
      request_id: 'run-1',
      operation_id: 'run-1',
      who: { principal: 'revoke', changed_by_api_key: null, source_ip: null },
    });
    expect(service.table.rows().filter(({ intent }) => intent !== null)).toEqual([]);
    expect(await atRest(service)).toEqual([]);
  });

  it('ends the keys of a team, whoever owns them', async () => {
    const service = await startedService();
    const one = await issue(service, { team_id: 'engines', user_id: 'bob' });
    const other = await issue(service, { team_id: 'works', user_id: 'bob' });
    expect(kinds(await revoking(service, { teamId: 'engines' }))).toEqual({
      [one.key_id]: 'ended',
    });
    expect(await isLetIn(service, other.key)).toBe(true);
  });

  it('blocks where that is asked for, which can be taken back', async () => {
    const service = await startedService();
    const one = await issue(service, { user_id: 'ada' });
    const blocked = await issue(service, { user_id: 'ada', blocked: true });
    const done = await revoking(service, ada, { how: 'block' });
    expect(kinds(done)).toEqual({ [one.key_id]: 'ended', [blocked.key_id]: 'already' });
    expect(await isLetIn(service, one.key)).toBe(false);
    expect(rowOf(service, one.key_id).key.updated_by).toBe('ops');
    expect(await actionsOf(service, one.key_id)).toEqual(['created', 'blocked']);
    await service.asAdmin({ path: '/key/unblock', body: { key: one.key_id } });
    expect(await isLetIn(service, one.key)).toBe(true);
    expect(await atRest(service)).toEqual([]);
  });

  it('ends named keys, and names what is none, and the admin key', async () => {
    const service = await startedService();
    const one = await issue(service);
    const gone = await issue(service);
    await service.asAdmin({ path: '/key/delete', body: { keys: [gone.key_id] } });
    const keyIds = [one.key_id, gone.key_id, 'master', '0123456789ABCDEFG'];
    const done = await revoking(service, { keyIds });
    expect(kinds(done)).toEqual({
      [one.key_id]: 'ended',
      [gone.key_id]: 'already',
      master: 'left',
      '0123456789ABCDEFG': 'left',
    });
    expect(done.said).toContain('master: LEFT: The admin key cannot be ended, only rotated.');
    expect(done.said).toContain('0123456789ABCDEFG: LEFT: There is no such key.');
    expect(await isLetIn(service, masterKey)).toBe(true);
    const blocking = await revoking(service, { keyIds: ['master'] }, { how: 'block' });
    expect(kinds(blocking)).toEqual({ master: 'left' });
    expect(await isLetIn(service, masterKey)).toBe(true);
  });

  it('given again it changes nothing', async () => {
    for (const how of ['delete', 'block'] as const) {
      const service = await startedService();
      await issue(service, { user_id: 'ada' });
      await revoking(service, ada, { how });
      const again = await untouched(service, () => revoking(service, ada, { how }));
      expect([...again.keys.values()].every(({ kind }) => kind === 'already')).toBe(true);
    }
  });

  it('leaves a key that is given away meanwhile, and names it', async () => {
    for (const how of ['delete', 'block'] as const) {
      const service = await startedService();
      const [one, before] = [await issue(service, { user_id: 'ada' }), service.table];
      let hasMoved = false;
      const move = async () => {
        if (hasMoved) return;
        hasMoved = true;
        await service.asAdmin({ path: '/key/update', body: { key: one.key_id, user_id: 'bob' } });
      };
      // After it was read, and before it is written over.
      const table: KeyTable = {
        load: (wanted, limitMs) => before.load(wanted, limitMs),
        countLiveKeys: (userId, bound, limitMs) => before.countLiveKeys(userId, bound, limitMs),
        commit: async (writes, token, limitMs) => {
          await move();
          return before.commit(writes, token, limitMs);
        },
      };
      const stores = { ...storesOf(service), table };
      const done = await revoking(service, ada, { how, stores });
      expect(done.said).toContain('LEFT: It has been given to another owner.');
      expect(done.said).toContain('1 LEFT, named above');
      expect(await isLetIn(service, one.key)).toBe(true);
      expect(await actionsOf(service, one.key_id)).toEqual(['created', 'updated']);
    }
  });

  it('looks again until nothing is left: the index is behind, and a call was under way', async () => {
    const service = await startedService();
    const first = await issue(service, { user_id: 'ada' });
    const behind = await issue(service, { user_id: 'ada' });
    let isLate = true;
    const { lists } = service.processStores;
    const lagging: KeyLists = {
      ...lists,
      keys: (listing) => ({
        ...lists.keys(listing),
        read: async (after, count, limitMs) =>
          (await lists.keys(listing).read(after, count, limitMs)).filter(
            ({ keyId }) => !isLate || keyId !== behind.key_id,
          ),
      }),
    };
    let waits = 0;
    const made: string[] = [];
    const done = await revoking(service, ada, {
      stores: { ...storesOf(service), lists: lagging },
      wait: async (ms) => {
        expect(ms).toBe(20_000);
        waits += 1;
        isLate = false;
        if (waits <= 2) made.push((await issue(service, { user_id: 'ada' })).key_id);
      },
    });
    const ended = [first.key_id, behind.key_id, ...made];
    expect(kinds(done)).toEqual(Object.fromEntries(ended.map((keyId) => [keyId, 'ended'])));
    expect(waits).toBe(3);
  });

  it('leaves a secret that does not go to the scheduled repairs, and says so', async () => {
    const service = await startedService();
    await issue(service, { user_id: 'ada' });
    service.secrets.trouble('refused');
    const done = await revoking(service, ada);
    expect(done.said).toContain('1 deleted');
    expect(done.said).toContain('1 of them have a secret yet');
    expect(await atRest(service)).toEqual([]);
  });

  it('names what cannot be ended, and ends the others', async () => {
    const service = await startedService();
    const [one, stuck] = [
      await issue(service, { user_id: 'ada' }),
      await issue(service, { user_id: 'ada' }),
    ];
    const { table } = service;
    const stores: RevokeStores = {
      ...storesOf(service),
      table: {
        load: (wanted, limitMs) => table.load(wanted, limitMs),
        countLiveKeys: (userId, bound, limitMs) => table.countLiveKeys(userId, bound, limitMs),
        commit: async (writes, token, limitMs) =>
          writes.some((write) => 'row' in write && write.row.keyId === stuck.key_id)
            ? { kind: 'throttled' }
            : table.commit(writes, token, limitMs),
      },
    };
    const done = await revoking(service, ada, { stores });
    expect(kinds(done)).toEqual({ [one.key_id]: 'ended', [stuck.key_id]: 'left' });
    expect(done.said).toContain('A store did not take the change');
    expect(await isLetIn(service, one.key)).toBe(false);
  });

  it('stopped at any call, and given again, it ends all, each with one record', async () => {
    const ran = async (how: 'delete' | 'block', at: number, fault: (typeof faultKinds)[number]) => {
      const service = await startedService();
      const keys = [
        await issue(service, { user_id: 'ada', key_alias: 'a' }),
        await issue(service, { user_id: 'ada' }),
      ];
      const { clock, settings } = service;
      const process = new FaultyProcess(
        new Map([[at, fault]]),
        clock,
        settings.timing.lateCallSeconds * 1000,
      );
      const seen = faultyStores(service.processStores, process);
      await revoking(service, ada, { how, stores: storesOf(service, seen) }).catch(() => undefined);
      const after = await revoking(service, ada, { how });
      const name = `${how}, ${fault} at ${at}`;
      expect(
        [...after.keys.values()].map(({ kind }) => kind),
        name,
      ).not.toContain('left');
      for (const { key } of keys) expect(await isLetIn(service, key), name).toBe(false);
      expect(await atRest(service), name).toEqual([]);
      for (const { key_id } of keys) {
        const actions = await actionsOf(service, key_id);
        expect(
          actions.filter((action) => action === 'deleted' || action === 'blocked').length,
          name,
        ).toBe(1);
      }
      return process.calls;
    };
    for (const how of ['delete', 'block'] as const) {
      const calls = await ran(how, 1000, 'die-before');
      for (let at = 1; at <= calls; at += 1) {
        for (const fault of faultKinds) await ran(how, at, fault);
      }
    }
  }, 60_000);

  it('two at once end each key once', async () => {
    for (const how of ['delete', 'block'] as const) {
      const service = await startedService();
      const ids = [];
      for (let n = 0; n < 12; n += 1) ids.push((await issue(service, { user_id: 'ada' })).key_id);
      const [one, other] = await Promise.all(
        ['run-1', 'run-2'].map((runId) => revoking(service, ada, { how, runId })),
      );
      const ended = [one, other].flatMap((done) =>
        Object.entries(done === undefined ? {} : kinds(done)).filter(
          ([, kind]) => kind === 'ended',
        ),
      );
      expect(ended.map(([keyId]) => keyId).sort()).toEqual(ids.toSorted());
      for (const keyId of ids) {
        expect(await actionsOf(service, keyId)).toEqual([
          'created',
          how === 'delete' ? 'deleted' : 'blocked',
        ]);
      }
      expect(await atRest(service)).toEqual([]);
    }
  });

  it('ends what a step is open on, and keeps values and hashes to itself', async () => {
    const service = await startedService();
    const one = await issue(service, { user_id: 'ada', key_alias: 'a' });
    service.secrets.trouble('unanswered', 'lost-answer');
    await service.asAdmin({ path: '/key/regenerate', body: { key: one.key_id } });
    expect(rowOf(service, one.key_id).intent).not.toBeNull();
    const done = await revoking(service, ada);
    expect(kinds(done)).toEqual({ [one.key_id]: 'ended' });
    expect(done.said).not.toMatch(/sk-|[0-9a-f]{64}/);
    expect(await atRest(service)).toEqual([]);
    expect(await storedText(service)).not.toContain(one.key);
  });

  it('writes no control characters of an owner to the terminal', async () => {
    const service = await startedService();
    const one = await issue(service, { user_id: 'ada' });
    const row = rowOf(service, one.key_id);
    service.table.putItem({
      ...rowItem({ ...row, key: { ...row.key, team_id: 'a\u009bc' } }),
      pk: rowKey(one.key_id),
    });
    const done = await revoking(service, ada, { isApplied: false });
    expect(done.said).toContain('team "a?c"');
  });
});
