import { describe, expect, it, vi } from 'vitest';
import { newKey, newKeyId, tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { type Service, stored } from './fixtures/stored.ts';

const { bytes } = seededRandom('unknown');
const unknownKey = newKey(newKeyId(bytes), bytes);

function infoOf(service: Service, identifier: string | null, caller = masterKey) {
  const query = identifier === null ? '' : `?key=${encodeURIComponent(identifier)}`;
  return service.send({
    method: 'GET',
    path: `/key/info${query}`,
    headers: { authorization: `Bearer ${caller}` },
  });
}

async function issue(service: Service, fields: object) {
  const { body } = await service.generate(fields);
  return body;
}

describe('show-key-info', () => {
  it('shows a key by value, hash and id, and repeats the name it was asked by', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { key_alias: 'a', user_id: 'ada' });
    for (const identifier of [key, token, key_id]) {
      const { status, body } = await infoOf(service, identifier);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        key: identifier,
        info: {
          key_id,
          key_alias: 'a',
          user_id: 'ada',
          status: 'active',
          secret_name: 'litellm/a',
        },
      });
    }
  });

  it('shows neither value nor hash of the key', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { key_alias: 'a' });
    const { body } = await infoOf(service, key_id);
    expect(JSON.stringify(body)).not.toContain(key);
    expect(JSON.stringify(body)).not.toContain(token);
  });

  it('shows callers their own key where none is named', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { user_id: 'ada' });
    const { status, body } = await infoOf(service, null, key);
    expect([status, body.key, body.info.key_id]).toEqual([200, token, key_id]);
  });

  it('shows the admin key to itself and to nobody else', async () => {
    const service = await startedService();
    expect((await infoOf(service, null)).status).toBe(200);
    const { key: admin } = await issue(service, { user_role: 'proxy_admin' });
    const { key: user } = await issue(service, { user_id: 'ada' });
    for (const name of [masterKey, tokenHash(masterKey), 'master']) {
      expect((await infoOf(service, name)).status).toBe(200);
      expect((await infoOf(service, name, admin)).status).toBe(404);
      expect((await infoOf(service, name, user)).status).toBe(403);
    }
  });

  it.each([
    ['active', {}],
    ['revoked', { blocked: true }],
    ['expired', { duration: '0s' }],
    ['revoked', { blocked: true, duration: '0s' }],
  ])('says %s of a key made with %o', async (status, fields) => {
    const service = await startedService();
    const { key_id } = await issue(service, fields);
    expect((await infoOf(service, key_id)).body.info.status).toBe(status);
  });

  it('shows a deleted key to admins as deleted', async () => {
    const service = await startedService();
    service.secrets.trouble('refused');
    await service.generate({ key_alias: 'gone' });
    const undone = service.table.rows().find(({ alias }) => alias === 'gone');
    const { status, body } = await infoOf(service, undone?.keyId ?? '');
    expect([status, body.info.status]).toEqual([200, 'deleted']);
  });

  it('reads caller and target in one call where both are found by id', async () => {
    const service = await startedService();
    const { key } = await issue(service, { user_id: 'ada' });
    const load = vi.spyOn(service.table, 'load');
    await infoOf(service, key, key);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('shows what became of the latest mail about the key, to those who see the key', async () => {
    const service = await startedService();
    const { key, key_id, token } = await issue(service, {
      send_invite_email: true,
      user_email: 'ada@example.com',
    });
    const { body: none } = await infoOf(service, key_id);
    expect(none.info.notification_status).toBeNull();
    await service.deliver();
    const sent = { event: 'key_created', state: 'sent', at: '2026-11-25T13:50:00.000Z' };
    for (const identifier of [key_id, token, key]) {
      const { body } = await infoOf(service, identifier);
      expect(body.info.notification_status).toEqual(sent);
    }
    const [notice = expect.fail()] = [...service.notices.states.values()];
    const reason = 'Permanent General';
    await service.notices.advance(notice, { ...sent, state: 'bounced', reason }, 'm');
    const bounced = { ...sent, state: 'bounced', reason };
    for (const [identifier, caller] of [
      [key_id, masterKey],
      [null, key],
    ] as const) {
      const { body } = await infoOf(service, identifier, caller);
      expect(body.info.notification_status).toEqual(bounced);
    }
    const other = await issue(service, {});
    expect((await infoOf(service, key_id, other.key)).status).toBe(403);
    expect((await infoOf(service, other.key_id)).body.info.notification_status).toBeNull();
  });

  it('shows it with a value that was rotated away, in the call that finds that', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, {
      send_invite_email: true,
      user_email: 'ada@example.com',
    });
    await service.asAdmin({ path: '/key/regenerate', body: { key: key_id } });
    await service.deliver();
    const load = vi.spyOn(service.table, 'load');
    const { body } = await infoOf(service, key);
    expect(load).toHaveBeenCalledTimes(2);
    expect(body.info).toMatchObject({
      superseded: true,
      notification_status: { event: 'key_rotated', state: 'sent' },
    });
  });

  it('changes nothing', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, {});
    const before = await stored(service);
    await infoOf(service, key_id);
    await infoOf(service, 'x');
    expect(await stored(service)).toEqual(before);
  });
});

describe('what cannot be shown', () => {
  const nowhere = [
    unknownKey,
    'sk-no-such-custom-key',
    tokenHash('sk-no-such-custom-key'),
    '0123456789ABCDEFG',
    '',
    'x',
    'sk-lk_malformed',
    'a'.repeat(5000),
  ];

  it('is a 404 to an admin, which repeats no identifier', async () => {
    const service = await startedService();
    const expected = await infoOf(service, unknownKey);
    expect(expected.status).toBe(404);
    expect(expected.body).toEqual({
      error: { message: expect.any(String), type: 'not_found_error', param: 'key', code: '404' },
    });
    for (const name of nowhere) expect(await infoOf(service, name)).toEqual(expected);
  });

  it('is one and the same 403 to anybody else, for unknown and foreign keys alike', async () => {
    const service = await startedService();
    const { key: caller } = await issue(service, { user_id: 'ada' });
    const foreign = await issue(service, { user_id: 'bob' });
    const ownerless = await issue(service, {});
    const names = [foreign, ownerless].flatMap(({ key, token, key_id }) => [key, token, key_id]);
    const expected = await infoOf(service, unknownKey, caller);
    expect(expected.status).toBe(403);
    for (const name of [...names, ...nowhere, 'master', masterKey]) {
      expect(await infoOf(service, name, caller)).toEqual(expected);
    }
  });

  it('is somebody else’s key without owner to a caller without user id', async () => {
    const service = await startedService();
    const { key: caller } = await issue(service, {});
    const { key_id } = await issue(service, {});
    expect((await infoOf(service, key_id, caller)).status).toBe(403);
    expect((await infoOf(service, null, caller)).status).toBe(200);
  });

  it('is a known id with a wrong secret', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, {});
    expect((await infoOf(service, newKey(key_id, bytes))).status).toBe(404);
  });
});

describe('who may look', () => {
  it.each([
    ['a user', { user_id: 'ada' }, 200, 403],
    ['a viewing user', { user_id: 'ada', user_role: 'internal_user_viewer' }, 200, 403],
    ['a read-only key', { user_id: 'ada', key_type: 'read_only' }, 200, 403],
    ['a key for models alone', { user_id: 'ada', key_type: 'llm_api' }, 403, 403],
    ['a viewing admin', { user_role: 'proxy_admin_viewer' }, 200, 200],
  ])('%s', async (_, fields, own, foreign) => {
    const service = await startedService();
    const { key } = await issue(service, fields);
    const mine = await issue(service, { user_id: 'ada' });
    const theirs = await issue(service, { user_id: 'bob' });
    expect((await infoOf(service, mine.key_id, key)).status).toBe(own);
    expect((await infoOf(service, theirs.key_id, key)).status).toBe(foreign);
  });

  it('nobody without a valid key, with the same 401 as everywhere', async () => {
    const service = await startedService();
    const { body } = await service.generate({}, 'sk-wrong');
    expect((await infoOf(service, unknownKey, 'sk-wrong')).body).toEqual(body);
  });
});
