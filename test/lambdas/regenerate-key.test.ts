/** `POST /key/regenerate` and `/key/{key}/regenerate`: what a key keeps, what it gets, and who is told. */
import { describe, expect, it } from 'vitest';
import { maskedName, tokenHash } from '../../lambdas/shared/domain/key-format.ts';
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
import { type Service, storedText } from './fixtures/stored.ts';

const path = '/key/regenerate';
const regenerated = (service: Service, key: string, fields: object = {}) =>
  ask(service, { path, body: { key, ...fields } });

describe('regenerate-key', () => {
  it('gives the same key a new value, and answers it once', async () => {
    const service = await startedService();
    const old = await issue(service, { key_alias: 'a' });
    const { status, body } = await regenerated(service, old.key_id);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      key_id: old.key_id,
      key_alias: 'a',
      token: tokenHash(body.key),
      token_id: tokenHash(body.key),
      key_name: maskedName(body.key),
      overlap_until: null,
      ended_overlap: false,
    });
    expect(body.key).not.toBe(old.key);
    expect(await isLetIn(service, body.key)).toBe(true);
    expect(await isLetIn(service, old.key)).toBe(false);
    expect(service.secrets.current('litellm/a')).toBe(body.key);
    expect(rowOf(service, old.key_id)).toMatchObject({
      intent: null,
      prev: null,
      seq: 2,
      cur: { hash: body.token },
      key: { token: body.token, key_name: maskedName(body.key) },
    });
    const text = await storedText(service);
    for (const key of [old.key, body.key]) expect(text).not.toContain(key);
    expect(await atRest(service)).toEqual([]);
  });

  it('keeps id, alias, owner, team, budget, spend, expiry and birth', async () => {
    const service = await startedService();
    const fields = {
      key_alias: 'a',
      user_id: 'ada',
      team_id: 't',
      max_budget: 5,
      spend: 2,
      budget_duration: '30d',
      models: ['gpt-4o'],
      metadata: { a: 1 },
      tpm_limit: 7,
      duration: '90d',
      auto_rotate: true,
      rotation_interval: '10d',
    };
    const { key_id } = await issue(service, fields);
    const before = rowOf(service, key_id);
    service.clock.advance(60_000);
    await regenerated(service, key_id);
    const after = rowOf(service, key_id);
    const { token, key_name, updated_at, settings_updated_at, ...kept } = after.key;
    expect(before.key).toMatchObject(kept);
    expect(after).toMatchObject({
      alias: before.alias,
      secretName: before.secretName,
      secretArn: before.secretArn,
      first_token: before.first_token,
      expires: before.expires,
    });
    expect([updated_at, settings_updated_at]).toEqual([
      '2026-11-25T13:51:00.000Z',
      '2026-11-25T13:51:00.000Z',
    ]);
    expect([token, key_name]).not.toEqual([before.key.token, before.key.key_name]);
  });

  it('leaves a record under the old hash, with both images and who did it', async () => {
    const service = await startedService();
    const { key_id, token } = await issue(service);
    const headers = { 'litellm-changed-by': 'ci' };
    const { body } = await ask(service, { path, headers, body: { key: key_id } });
    const record = await recordOf(service, key_id);
    expect(record).toMatchObject({
      action: 'rotated',
      object_id: token,
      changed_by: 'ci',
      before: { token },
      after: { token: body.token },
    });
    expect(record['ended_overlap']).toBeUndefined();
    expect(await actionsOf(service, key_id)).toEqual(['created', 'rotated']);
  });

  it.each([
    ['an issued key', {}],
    ['a chosen key', { key: 'sk-chosen-by~somebody!' }],
    ['a key without a secret', { store_secret: false }],
  ])('finds %s by value, hash and id, in the body and in the path', async (_, fields) => {
    for (const by of ['key', 'token', 'key_id'] as const) {
      const service = await startedService();
      const born = await issue(service, fields);
      const first = await regenerated(service, born[by]);
      expect([by, first.status]).toEqual([by, 200]);
      const name = encodeURIComponent(first.body[by]);
      const second = await ask(service, { path: `/key/${name}/regenerate` });
      expect([by, second.status]).toEqual([by, 200]);
      expect(await isLetIn(service, second.body.key)).toBe(true);
      expect(await isLetIn(service, first.body.key)).toBe(false);
      expect(await actionsOf(service, born.key_id)).toEqual(['created', 'rotated', 'rotated']);
    }
  });

  it('takes the key of the body before the one of the path', async () => {
    const service = await startedService();
    const [one, two] = [await issue(service), await issue(service)];
    const { body } = await ask(service, {
      path: `/key/${one.key_id}/regenerate`,
      body: { key: two.key_id },
    });
    expect(body.key_id).toBe(two.key_id);
    expect(await isLetIn(service, one.key)).toBe(true);
  });

  it('takes no body, an empty one, and nulls as left out', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a', max_budget: 5 });
    const body = { new_key: null, grace_period: null, send_invite_email: null };
    for (const sent of [undefined, {}, body, { no_such_field: 1 }]) {
      const answer = await ask(service, { path: `/key/${key_id}/regenerate`, body: sent });
      expect(answer.body).toMatchObject({ key_alias: 'a', max_budget: 5 });
    }
  });

  it('keeps the name of the secret of a key without alias, and adds one version to it', async () => {
    const service = await startedService();
    const { token, key_id } = await issue(service);
    const name = `litellm/virtual-key-${token}`;
    for (const versions of [2, 3]) {
      const { body } = await regenerated(service, key_id);
      expect(service.secrets.current(name)).toBe(body.key);
      expect(service.secrets.secrets.get(name)?.versions.size).toBe(versions);
    }
    expect(service.secrets.secrets.size).toBe(1);
  });

  it('of a key that names no secret is one write, and calls no Secrets Manager', async () => {
    const service = await startedService({ storeVirtualKeys: false });
    const { key, key_id } = await issue(service, { key_alias: 'a', user_email: 'a@example.com' });
    const { body } = await regenerated(service, key_id, { key_alias: 'b' });
    expect([await isLetIn(service, key), await isLetIn(service, body.key)]).toEqual([false, true]);
    expect(service.secrets.calls).toBe(0);
    expect(rowOf(service, key_id)).toMatchObject({
      rev: 2,
      alias: 'b',
      intent: null,
      cur: { ver: null },
      secretName: null,
    });
    expect(service.table.lease('a')?.state).toBe('free');
    await service.deliver();
    expect(service.mailer.inbox).toHaveLength(1);
  });

  it('leaves a blocked key blocked', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { blocked: true });
    const { status, body } = await regenerated(service, key_id);
    expect([status, body.blocked]).toEqual([200, true]);
    expect(await isLetIn(service, body.key)).toBe(false);
    await ask(service, { path: '/key/unblock', body: { key: body.key } });
    expect(await isLetIn(service, body.key)).toBe(true);
  });

  it('takes new settings and a new alias in one call, under one record', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a', max_budget: 5, rpm_limit: 1 });
    const { status, body } = await regenerated(service, key_id, {
      key_alias: 'b',
      max_budget: 9,
      rpm_limit: null,
      duration: '1h',
      metadata: { a: 1 },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      key_alias: 'b',
      max_budget: 9,
      rpm_limit: null,
      expires: '2026-11-25T14:50:00.000Z',
      metadata: { a: 1 },
    });
    expect(service.secrets.current('litellm/b')).toBe(body.key);
    expect(service.secrets.current('litellm/a')).toBeNull();
    expect(await isLetIn(service, key)).toBe(false);
    expect(service.table.lease('a')?.state).toBe('free');
    expect(await actionsOf(service, key_id)).toEqual(['created', 'rotated']);
    expect(await atRest(service)).toEqual([]);
  });

  it('to another alias with a grace period still lets the old value in', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const { body } = await regenerated(service, key_id, { key_alias: 'b', grace_period: '1h' });
    expect([await isLetIn(service, key), await isLetIn(service, body.key)]).toEqual([true, true]);
    expect(await atRest(service)).toEqual([]);
  });

  it('under a name in its deletion window shows the last holder’s value nowhere', async () => {
    const service = await startedService();
    const gone = await issue(service, { key_alias: 'b' });
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
    const { key_id } = await issue(service, { key_alias: 'a' });
    const { body } = await regenerated(service, key_id, { key_alias: 'b' });
    expect(labelled(service, 'litellm/b', 'AWSCURRENT')).toBe(body.key);
    expect(labelled(service, 'litellm/b', 'AWSPREVIOUS')).not.toBe(gone.key);
    expect(service.secrets.secrets.get('litellm/b')?.tags['key_id']).toBe(key_id);
  });
});

describe('a chosen new value', () => {
  const new_key = 'sk-chosen-by-somebody';

  it('becomes the key’s value, found by its hash', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const { status, body } = await regenerated(service, key, { new_key });
    expect([status, body.key, body.key_id]).toEqual([200, new_key, key_id]);
    expect(service.table.pointer(tokenHash(new_key))).toBe(key_id);
    expect(await isLetIn(service, new_key)).toBe(true);
    expect(await storedText(service)).not.toContain(new_key);
    const again = await regenerated(service, new_key);
    expect([again.status, await isLetIn(service, new_key)]).toEqual([200, false]);
  });

  it('does not come as new_master_key, which is for the admin key alone', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const { body } = await regenerated(service, key_id, { new_master_key: new_key });
    expect(body.key).toMatch(/^sk-lk_/);
  });
});
