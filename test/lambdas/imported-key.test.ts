/** A key that was brought in with its old value: what it can do, and how it comes by a secret. */
import { describe, expect, it } from 'vitest';
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { checkImport } from '../../lambdas/shared/protocol/import-key.ts';
import { startedService } from '../fakes/service.ts';
import {
  actionsOf,
  ask,
  atRest,
  isLetIn,
  issue,
  labelled,
  recordOf,
  rowOf,
} from './fixtures/calls.ts';
import { bringIn, importStoresOf, litellmKey } from './fixtures/imports.ts';
import { type Service, storedText } from './fixtures/stored.ts';

async function imported(fields: Parameters<typeof bringIn>[1] = { key_alias: 'a' }) {
  const service = await startedService();
  const { keyId } = await bringIn(service, fields);
  return { service, keyId };
}

const regenerate = (service: Service, key: string, body: object = {}) =>
  ask(service, { path: '/key/regenerate', body: { key, ...body } });

describe('an imported key', () => {
  it('is let in at once by its old value, which is stored nowhere', async () => {
    const { service, keyId } = await imported();
    expect(await isLetIn(service, litellmKey)).toBe(true);
    expect(rowOf(service, keyId)).toMatchObject({
      secretName: null,
      cur: { hash: tokenHash(litellmKey), ver: null },
      intent: null,
    });
    expect(service.secrets.secrets.size).toBe(0);
    expect(await storedText(service)).not.toContain(litellmKey);
    expect(await atRest(service)).toEqual([]);
  });

  it('is recorded as imported, by whoever did it, in a chain that goes on', async () => {
    const { service, keyId } = await imported();
    expect(await recordOf(service, keyId)).toMatchObject({
      seq: 1,
      action: 'imported',
      changed_by: 'ops',
      who: { principal: 'import', changed_by_api_key: null },
      object_id: tokenHash(litellmKey),
      before: null,
      after: rowOf(service, keyId).key,
      request_id: 'run-1',
      operation_id: 'run-1',
    });
    await ask(service, { path: '/key/update', body: { key: keyId, rpm_limit: 3 } });
    expect(await actionsOf(service, keyId)).toEqual(['imported', 'updated']);
    expect(await atRest(service)).toEqual([]);
  });

  it('mails nobody, and is in the lists', async () => {
    const { service, keyId } = await imported({ key_alias: 'a', user_email: 'ada@example.com' });
    await service.deliver();
    expect(service.mailer.inbox).toEqual([]);
    const list = await service.asAdmin({
      method: 'GET',
      path: '/key/list?return_full_object=true',
    });
    expect(list.body.keys).toMatchObject([
      { key_id: keyId, key_alias: 'a', created_at: '2026-01-02T03:04:05.678Z', created_by: 'root' },
    ]);
  });

  it('comes in blocked or expired as it is', async () => {
    const { service, keyId } = await imported({ blocked: true });
    expect(await isLetIn(service, litellmKey)).toBe(false);
    await ask(service, { path: '/key/unblock', body: { key: keyId } });
    expect(await isLetIn(service, litellmKey)).toBe(true);
    const late = await imported({ expires: '2026-11-25T13:49:59.999Z' });
    expect(await isLetIn(late.service, litellmKey)).toBe(false);
  });

  it('keeps its alias for itself, and gives it back when it is deleted, for good', async () => {
    const { service, keyId } = await imported();
    const row = rowOf(service, keyId);
    expect((await service.generate({ key_alias: 'a' })).status).toBe(400);
    const { status } = await ask(service, { path: '/key/delete', body: { keys: [litellmKey] } });
    expect(status).toBe(200);
    expect(await isLetIn(service, litellmKey)).toBe(false);
    expect((await service.generate({ key_alias: 'a' })).status).toBe(200);
    expect(await checkImport(importStoresOf(service), row)).toBe('present');
    expect(await isLetIn(service, litellmKey)).toBe(false);
  });

  it('is renamed in one write, without a secret', async () => {
    const { service, keyId } = await imported();
    const body = { key: keyId, key_alias: 'b' };
    expect((await ask(service, { path: '/key/update', body })).status).toBe(200);
    expect(rowOf(service, keyId)).toMatchObject({ alias: 'b', secretName: null, rev: 2 });
    expect([service.table.lease('a')?.state, service.secrets.calls]).toEqual(['free', 0]);
    expect(await isLetIn(service, litellmKey)).toBe(true);
  });
});

describe('the next value of a key without a secret', () => {
  it.each([
    ['its alias', { key_alias: 'a', team_id: 'engines' }, 'litellm/a'],
    ['its hash', { team_id: 'engines' }, `litellm/virtual-key-${tokenHash(litellmKey)}`],
  ])(
    'goes into the mirror under %s, and the one after that in its place',
    async (_, fields, name) => {
      const { service, keyId } = await imported(fields);
      const { status, body } = await regenerate(service, keyId);
      expect(status).toBe(200);
      expect(service.secrets.current(name)).toBe(body.key);
      expect(service.secrets.secrets.get(name)?.tags).toMatchObject({
        key_id: keyId,
        team_id: 'engines',
      });
      const row = rowOf(service, keyId);
      expect(row).toMatchObject({ secretName: name, intent: null, stores: { count: 1 } });
      expect(service.secrets.secrets.get(name)?.versions.get(row.cur.ver ?? '')?.value).toBe(
        body.key,
      );
      expect(row.ownNameLeftAt).toBeUndefined();
      expect([await isLetIn(service, litellmKey), await isLetIn(service, body.key)]).toEqual([
        false,
        true,
      ]);
      const again = await regenerate(service, keyId);
      expect(service.secrets.current(name)).toBe(again.body.key);
      expect(service.secrets.secrets.get(name)?.versions.size).toBe(2);
      expect(await actionsOf(service, keyId)).toEqual(['imported', 'rotated', 'rotated']);
      expect(await atRest(service)).toEqual([]);
    },
  );

  it('lets the old one in for the grace period', async () => {
    const { service, keyId } = await imported();
    const { body } = await regenerate(service, keyId, { grace_period: '1h' });
    expect([await isLetIn(service, litellmKey), await isLetIn(service, body.key)]).toEqual([
      true,
      true,
    ]);
  });

  it('goes under another alias that is asked for, and leaves no trace under the old one', async () => {
    const { service, keyId } = await imported();
    const { body } = await regenerate(service, keyId, { key_alias: 'b' });
    expect(service.secrets.current('litellm/b')).toBe(body.key);
    // No secret was ever under it, so none in its deletion window there is ours.
    expect(service.table.lease('a')).toMatchObject({ state: 'free', deletedAt: null });
    expect(await atRest(service)).toEqual([]);
  });

  it('to another alias does not say that a secret was left under its own name', async () => {
    const { service, keyId } = await imported({});
    await regenerate(service, keyId, { key_alias: 'b' });
    expect(rowOf(service, keyId).ownNameLeftAt).toBeUndefined();
  });

  it('stays without one where its creator wished so, or keys are not mirrored', async () => {
    const wished = await imported({ key_alias: 'a', store_secret: false });
    await regenerate(wished.service, wished.keyId);
    const unmirrored = await startedService({ storeVirtualKeys: false });
    const { key_id } = await issue(unmirrored, { key_alias: 'a' });
    await regenerate(unmirrored, key_id);
    for (const [service, keyId] of [
      [wished.service, wished.keyId],
      [unmirrored, key_id],
    ] as const) {
      expect(rowOf(service, keyId)).toMatchObject({ secretName: null, cur: { ver: null }, seq: 2 });
      expect(service.secrets.calls).toBe(0);
    }
  });

  it('takes the secret over that the last key of its alias left in its deletion window', async () => {
    const service = await startedService();
    const gone = await issue(service, { key_alias: 'a' });
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
    const { keyId } = await bringIn(service, { key_alias: 'a' });
    const { status, body } = await regenerate(service, keyId);
    expect(status).toBe(200);
    expect(labelled(service, 'litellm/a', 'AWSCURRENT')).toBe(body.key);
    expect(labelled(service, 'litellm/a', 'AWSPREVIOUS')).not.toBe(gone.key);
    expect(service.secrets.secrets.get('litellm/a')?.tags['key_id']).toBe(keyId);
    expect(await atRest(service)).toEqual([]);
  });

  it('counts on where that secret has had its values of the day', async () => {
    const service = await startedService();
    const gone = await issue(service, { key_alias: 'a' });
    for (let count = 0; count < 20; count += 1) await regenerate(service, gone.key_id);
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
    const { keyId } = await bringIn(service, { key_alias: 'a' });
    expect((await regenerate(service, keyId)).status).toBe(429);
  });

  it('is refused where somebody else’s secret has the name, and nothing happened', async () => {
    const { service, keyId } = await imported();
    service.secrets.service.createSecret({
      Name: 'litellm/a',
      SecretString: 'theirs',
      ClientRequestToken: 'f'.repeat(32),
    });
    expect((await regenerate(service, keyId)).status).toBe(409);
    expect(await isLetIn(service, litellmKey)).toBe(true);
    expect(await atRest(service)).toEqual([]);
    expect(service.secrets.current('litellm/a')).toBe('theirs');
    expect(await actionsOf(service, keyId)).toEqual(['imported']);
  });

  it('is repeated with its Idempotency-Key from the secret', async () => {
    const { service, keyId } = await imported();
    const asked = {
      path: '/key/regenerate',
      headers: { 'idempotency-key': 'once' },
      body: { key: keyId },
    };
    const first = await ask(service, asked);
    expect(await ask(service, asked)).toMatchObject({ status: 200, body: { key: first.body.key } });
  });
});

describe('a first secret that is taken back', () => {
  /** A secret that was restored for the key, whose value never arrived; the reconciler took it back. */
  async function takenBack(alias: string | null) {
    const service = await startedService();
    const { keyId } = await bringIn(service, { key_alias: alias });
    const name = rowName(alias);
    service.secrets.trouble('unanswered', 'unanswered');
    await regenerate(service, keyId);
    const { intent } = rowOf(service, keyId);
    const late = (key_id = keyId) =>
      service.secrets.service.createSecret({
        Name: name,
        SecretString: 'sk-late-0123456789abcdef',
        ClientRequestToken: intent?.ver ?? '',
        Tags: Object.entries({ 'latchkey:env': 'test', key_id }).map(([Key, Value]) => ({
          Key,
          Value,
        })),
      });
    service.clock.advance(60_000);
    await service.repair();
    expect(rowOf(service, keyId)).toMatchObject({ intent: null, seq: 1, secretName: null });
    return { service, keyId, name, late };
  }
  const rowName = (alias: string | null) =>
    `litellm/${alias ?? `virtual-key-${tokenHash(litellmKey)}`}`;

  it.each(['a', null])(
    'and arrives late is removed, the alias %s stays, and the next value takes it over',
    async (alias) => {
      const { service, keyId, name, late } = await takenBack(alias);
      late();
      expect(await atRest(service)).toEqual([]);
      expect(service.secrets.current(name)).toBeNull();
      expect(await actionsOf(service, keyId)).toEqual(['imported', 'secret_removed']);
      if (alias !== null) {
        expect(service.table.lease(alias)).toMatchObject({ state: 'held', keyId });
      }
      expect(await isLetIn(service, litellmKey)).toBe(true);
      const { status, body } = await regenerate(service, keyId);
      expect([status, service.secrets.current(name)]).toEqual([200, body.key]);
      expect(await atRest(service)).toEqual([]);
    },
  );

  it('is none of its business where it is somebody else’s', async () => {
    const { service, name, late } = await takenBack('a');
    late('ZZZZZZZZZZZZZZZZZ');
    await atRest(service);
    expect(service.secrets.current(name)).not.toBeNull();
  });

  it('after it was restored for it leaves the name to the next value', async () => {
    const service = await startedService();
    const gone = await issue(service, { key_alias: 'a' });
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
    const { keyId } = await bringIn(service, { key_alias: 'a' });
    // RestoreSecret comes after CreateSecret; its answer gets lost.
    service.secrets.trouble('none', 'lost-answer');
    expect((await regenerate(service, keyId)).status).toBe(503);
    service.clock.advance(6 * 86_400_000);
    expect(await atRest(service)).toEqual([]);
    expect(service.secrets.current('litellm/a')).toBeNull();
    // The window of the first deletion is over, that of the second is not.
    service.clock.advance(3 * 86_400_000);
    const { status, body } = await regenerate(service, keyId);
    expect([status, service.secrets.current('litellm/a')]).toEqual([200, body.key]);
  });
});

it('tags of a first secret follow an owner that changes on the way', async () => {
  const { service, keyId } = await imported({ key_alias: 'a', team_id: 'engines' });
  // The round of the day is over.
  await service.repair();
  const create = service.secrets.create.bind(service.secrets);
  service.secrets.create = async (...of) => {
    const created = await create(...of);
    await ask(service, { path: '/key/update', body: { key: keyId, team_id: 'wheels' } });
    return created;
  };
  const team = () => service.secrets.secrets.get('litellm/a')?.tags['team_id'];
  expect((await regenerate(service, keyId)).status).toBe(200);
  expect(team()).toBe('engines');
  service.clock.advance(60_000);
  await service.repair();
  expect(team()).toBe('wheels');
  expect(await atRest(service)).toEqual([]);
});

it('a key that is deleted while its first secret is on the way leaves its alias with that told', async () => {
  const { service, keyId } = await imported();
  service.secrets.trouble('unanswered', 'lost-answer');
  await regenerate(service, keyId);
  await ask(service, { path: '/key/delete', body: { keys: [keyId] } });
  expect(await atRest(service)).toEqual([]);
  expect(service.secrets.current('litellm/a')).toBeNull();
  expect(service.table.lease('a')).toMatchObject({ state: 'free', deletedAt: expect.any(String) });
  const { status, body } = await service.generate({ key_alias: 'a' });
  expect([status, service.secrets.current('litellm/a')]).toEqual([200, body.key]);
});
