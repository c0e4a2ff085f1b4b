/** The admin key: it gets new values by its own hand, and nobody changes it otherwise. */
import { describe, expect, it } from 'vitest';
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { rotatedKeyAnswer } from '../../lambdas/shared/http/key-schema.ts';
import { masterKey, masterSecret, startedService } from '../fakes/service.ts';
import {
  actionsOf,
  ask,
  atRest,
  isLetIn,
  issue,
  recordOf,
  refusalIn,
  untouched,
} from './fixtures/calls.ts';
import { storedText } from './fixtures/stored.ts';

const path = '/key/regenerate';

async function withAdminSecret() {
  const service = await startedService();
  await service.provisionAdminSecret();
  return service;
}

describe('the admin key', () => {
  it.each([masterKey, tokenHash(masterKey), 'master'])(
    'regenerates itself, as %s',
    async (namedBy) => {
      const service = await withAdminSecret();
      const { status, body } = await ask(service, { path, body: { key: namedBy } });
      expect(status).toBe(200);
      expect(body.key).toMatch(/^sk-lk_master_/);
      const name = 'litellm_proxy_master_key';
      expect(body).toMatchObject({ token: name, token_id: name });
      expect(rotatedKeyAnswer.parse(body)).toEqual(body);
      expect(service.secrets.current(masterSecret)).toBe(body.key);
      expect((await service.generate({}, body.key)).status).toBe(200);
      // Five minutes, so that a lost answer can be asked for again.
      expect(body.overlap_until).toBe('2026-11-25T13:55:00.000Z');
      service.clock.advance(300_000);
      expect(await isLetIn(service, masterKey)).toBe(false);
      expect(await isLetIn(service, body.key)).toBe(true);
      expect(await storedText(service)).not.toContain(body.key);
      expect(await atRest(service)).toEqual([]);
      expect(await actionsOf(service, 'master')).toEqual(['created', 'rotated', 'overlap_ended']);
    },
  );

  it('is recorded under its name, never under its hash', async () => {
    const service = await withAdminSecret();
    await ask(service, { path, body: { key: 'master', grace_period: '0s' } });
    expect(await recordOf(service, 'master')).toMatchObject({
      action: 'rotated',
      object_id: 'litellm_proxy_master_key',
      who: { changed_by_api_key: 'litellm_proxy_master_key', principal: 'master' },
    });
    expect(await isLetIn(service, masterKey)).toBe(false);
  });

  it.each(['new_key', 'new_master_key'])('takes a chosen value as %s', async (field) => {
    const service = await withAdminSecret();
    const value = 'sk-the-next-admin-key';
    const { body } = await ask(service, { path, body: { key: 'master', [field]: value } });
    expect(body.key).toBe(value);
    expect(service.secrets.current(masterSecret)).toBe(value);
    expect((await service.generate({}, value)).status).toBe(200);
  });

  it('answers a repeat with the same value, asked for with the old one and the new one', async () => {
    const service = await withAdminSecret();
    const headers = { 'idempotency-key': 'once' };
    const first = await ask(service, { path, headers, body: { key: 'master' } });
    for (const key of [masterKey, first.body.key]) {
      const again = await ask(service, { path, headers, key, body: { key: 'master' } });
      expect([again.status, again.body]).toEqual([200, first.body]);
    }
    expect(await actionsOf(service, 'master')).toEqual(['created', 'rotated']);
  });

  it.each([
    { max_budget: 1 },
    { key_alias: 'admin' },
    { duration: '1h' },
    { duration: null },
    { user_role: 'internal_user' },
    { blocked: true },
    { user_id: 'root' },
    { metadata: {} },
    { send_invite_email: true },
  ])('takes no settings: %j', async (fields) => {
    const service = await withAdminSecret();
    const [param] = Object.keys(fields);
    const answer = await untouched(service, () =>
      ask(service, { path, body: { key: 'master', ...fields } }),
    );
    expect(refusalIn(answer)).toEqual([400, param]);
  });

  it('keeps its value where Secrets Manager does not take the new one', async () => {
    const service = await withAdminSecret();
    service.secrets.trouble('throttled');
    expect((await ask(service, { path, body: { key: 'master' } })).status).toBe(503);
    expect(await isLetIn(service, masterKey)).toBe(true);
    expect(service.secrets.current(masterSecret)).toBe(masterKey);
    expect((await ask(service, { path, body: { key: 'master' } })).status).toBe(200);
  });

  it('is in doubt finished by the reconciler', async () => {
    const service = await withAdminSecret();
    service.secrets.trouble('lost-answer', 'lost-answer');
    expect((await ask(service, { path, body: { key: 'master' } })).status).toBe(503);
    expect(await isLetIn(service, masterKey)).toBe(true);
    expect(await atRest(service)).toEqual([]);
    const value = service.secrets.current(masterSecret) ?? '';
    expect(await isLetIn(service, value)).toBe(true);
  });
});

describe('nobody else', () => {
  const names = ['master', masterKey, tokenHash(masterKey)];
  const changes = names.flatMap((name) => [
    { path, body: { key: name } },
    { path: `/key/${name}/regenerate`, body: {} },
    { path: '/key/update', body: { key: name, tpm_limit: 1 } },
    { path: '/key/delete', body: { keys: [name] } },
    { path: '/key/block', body: { key: name } },
    { path: '/key/unblock', body: { key: name } },
    { path: `/key/${name}/reset_spend`, body: { reset_to: 0 } },
  ]);

  it('who is an admin finds the admin key to change it', async () => {
    const service = await withAdminSecret();
    const { key } = await issue(service, { user_id: 'root', user_role: 'proxy_admin' });
    for (const asked of changes) {
      const answer = await untouched(service, () => ask(service, { ...asked, key }));
      expect([asked.path, answer.status]).toEqual([asked.path, 404]);
    }
  });

  it('who is no admin learns that there is one', async () => {
    const service = await withAdminSecret();
    const { key } = await issue(service, { user_id: 'ada' });
    for (const asked of changes) {
      const answer = await untouched(service, () => ask(service, { ...asked, key }));
      expect([asked.path, answer.status]).toEqual([asked.path, 403]);
    }
  });

  it('the admin key itself changes nothing but its value', async () => {
    const service = await withAdminSecret();
    for (const asked of changes.filter(({ path: of }) => !of.includes('regenerate'))) {
      const answer = await untouched(service, () => ask(service, asked));
      expect([asked.path, answer.status]).toEqual([asked.path, 404]);
    }
  });
});
