/** `POST /key/block` and `/key/unblock`. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import {
  actionsOf,
  ask,
  isLetIn,
  issue,
  recordOf,
  refusalIn,
  rowOf,
  unknownNames,
  untouched,
} from './fixtures/calls.ts';
import { type Service, stored } from './fixtures/stored.ts';

const block = (service: Service, key: unknown) =>
  ask(service, { path: '/key/block', body: { key } });
const unblock = (service: Service, key: unknown) =>
  ask(service, { path: '/key/unblock', body: { key } });

describe('block-key', () => {
  it('refuses the key at once, and unblocked lets it in again', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { user_id: 'ada', organization_id: 'o' });
    const blocked = await block(service, key);
    expect(blocked.status).toBe(200);
    expect(blocked.body).toMatchObject({ token, key_id, blocked: true, org_id: 'o' });
    const refused = await service.generate({}, key);
    expect([refused.status, refused.body.error.message]).toEqual([
      401,
      expect.stringContaining('blocked'),
    ]);
    const unblocked = await unblock(service, key);
    expect([unblocked.status, unblocked.body.blocked]).toEqual([200, false]);
    expect(await isLetIn(service, key)).toBe(true);
  });

  it('leaves a record of each with both images, and touches no secret', async () => {
    const service = await startedService();
    const { token, key_id } = await issue(service, { key_alias: 'a' });
    const before = structuredClone(service.secrets.secrets);
    await block(service, key_id);
    expect(await recordOf(service, key_id)).toMatchObject({
      action: 'blocked',
      object_id: token,
      changed_by: 'default_user_id',
      after: { blocked: true },
    });
    await unblock(service, key_id);
    expect(await recordOf(service, key_id)).toMatchObject({
      action: 'unblocked',
      before: { blocked: true },
      after: { blocked: false },
    });
    expect(service.secrets.secrets).toEqual(before);
    expect(service.mailer.inbox).toEqual([]);
  });

  it('may be repeated: each repeat succeeds, and has a record', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    for (const call of [block, block, unblock, unblock]) {
      expect((await call(service, key_id)).status).toBe(200);
    }
    expect(await actionsOf(service, key_id)).toEqual([
      'created',
      'blocked',
      'blocked',
      'unblocked',
      'unblocked',
    ]);
  });

  it.each([
    ['an issued key', {}],
    ['a chosen key', { key: 'sk-chosen-by-somebody' }],
  ])('finds %s by value, hash and id', async (_, fields) => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, fields);
    for (const name of [key, token, key_id]) {
      expect((await block(service, name)).status).toBe(200);
      expect(rowOf(service, key_id).blocked).toBe(true);
      expect((await unblock(service, name)).status).toBe(200);
      expect(rowOf(service, key_id).blocked).toBe(false);
    }
  });

  it('blocks both values of an overlap, and the one that an open regenerate is storing', async () => {
    const service = await startedService();
    const old = await issue(service);
    const { body: young } = await ask(service, {
      path: '/key/regenerate',
      body: { key: old.key_id, grace_period: '1h' },
    });
    const offered: string[] = [];
    const { secrets } = service;
    const put = secrets.put.bind(secrets);
    secrets.put = async (id, value, token, limitMs) => {
      offered.push(value);
      return put(id, value, token, limitMs);
    };
    secrets.trouble('lost-answer', 'lost-answer');
    await ask(service, { path: '/key/regenerate', body: { key: old.key_id } });
    const values = [old.key, young.key, ...offered.slice(0, 1)];
    expect(values).toHaveLength(3);
    for (const value of values) expect(await isLetIn(service, value)).toBe(true);
    await block(service, old.key);
    for (const value of values) expect(await isLetIn(service, value)).toBe(false);
  });

  it('leaves an expired key expired', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { duration: '0s' });
    await block(service, key_id);
    await unblock(service, key_id);
    expect(await isLetIn(service, key)).toBe(false);
  });

  it('wins against any number of updates', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service);
    const commit = service.table.commit.bind(service.table);
    let overtaken = 0;
    service.table.commit = async (writes, token, limitMs) => {
      overtaken += 1;
      if (overtaken > 5) return commit(writes, token, limitMs);
      const row = rowOf(service, key_id);
      await commit([{ kind: 'replace-row', row: { ...row, rev: row.rev + 1 } }], token, limitMs);
      return commit(writes, token, limitMs);
    };
    expect((await block(service, key_id)).status).toBe(200);
    expect(await isLetIn(service, key)).toBe(false);
  });

  it('keeps an update that came at the same time', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const answers = await Promise.all([
      block(service, key_id),
      ask(service, { path: '/key/update', body: { key: key_id, tpm_limit: 7 } }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(rowOf(service, key_id)).toMatchObject({ blocked: true, key: { tpm_limit: 7 } });
  });
});

describe.each(['/key/block', '/key/unblock'])('%s that is refused changes nothing:', (path) => {
  it.each([
    ['no body', undefined, 422, null],
    ['no JSON', '{', 422, null],
    ['no key', {}, 422, 'key'],
    ['null', { key: null }, 422, 'key'],
    ['a number', { key: 1 }, 422, 'key'],
    ['an alias', { key_alias: 'a' }, 422, 'key'],
    ['an empty key', { key: '' }, 400, 'key'],
    ['what is no key', { key: 'a' }, 400, 'key'],
    ['a key that is too long', { key: `sk-${'x'.repeat(600)}` }, 400, 'key'],
    ['too much', { key: 'x'.repeat(270_000) }, 413, null],
    ['the admin key', { key: 'master' }, 404, 'key'],
    ['the admin key by its value', { key: 'sk-1234' }, 404, 'key'],
  ])('%s', async (_, body, status, param) => {
    const service = await startedService();
    const answer = await untouched(service, () => ask(service, { path, body }));
    expect(refusalIn(answer)).toEqual([status, param]);
  });

  it.each(unknownNames)('an unknown key (%s)', async (key) => {
    const service = await startedService();
    const answer = await untouched(service, () => ask(service, { path, body: { key } }));
    expect(refusalIn(answer)).toEqual([404, 'key']);
    expect(JSON.stringify(answer.body)).not.toContain(key);
  });

  it('a deleted key, and a value that was rotated away', async () => {
    const service = await startedService();
    const gone = await issue(service);
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
    const rotated = await issue(service);
    await ask(service, { path: '/key/regenerate', body: { key: rotated.key } });
    const before = await stored(service);
    for (const key of [gone.key, gone.token, gone.key_id, rotated.key, rotated.token]) {
      expect((await ask(service, { path, body: { key } })).status).toBe(404);
    }
    expect(await stored(service)).toEqual(before);
  });
});
