/** Settings that change over the life of an environment: what is there goes on, and nothing is lost. */
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import { startedService } from '../fakes/service.ts';
import { actionsOf, ask, atRest, isLetIn, issue, labelled, rowOf } from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

/** A deploy with other settings. */
const deploy = ({ settings }: Service, changes: Partial<Settings>) => {
  Object.assign(settings, changes);
};

const regenerate = (service: Service, key: string, fields: object = {}) =>
  ask(service, { path: '/key/regenerate', body: { key, ...fields } });
const rename = (service: Service, key: string, key_alias: string) =>
  ask(service, { path: '/key/update', body: { key, key_alias } });
const remove = (service: Service, key: string) =>
  ask(service, { path: '/key/delete', body: { keys: [key] } });

describe('storeVirtualKeys, on, off and on again', () => {
  const off = { storeVirtualKeys: false };
  const on = { storeVirtualKeys: true };

  it('a key with a secret goes on with it, whatever is done to it meanwhile', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    deploy(service, off);
    const { body: rotated } = await regenerate(service, key_id);
    expect(service.secrets.current('litellm/a')).toBe(rotated.key);
    expect((await rename(service, key_id, 'b')).status).toBe(200);
    expect(service.secrets.current('litellm/b')).toBe(rotated.key);
    expect(await atRest(service)).toEqual([]);
    deploy(service, on);
    const { body: again } = await regenerate(service, key_id);
    expect(service.secrets.current('litellm/b')).toBe(again.key);
    expect(await atRest(service)).toEqual([]);
    expect(await actionsOf(service, key_id)).toEqual(['created', 'rotated', 'updated', 'rotated']);
  });

  it('a key born without a secret gets one with its next value, and not before', async () => {
    const service = await startedService();
    deploy(service, off);
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    deploy(service, on);
    expect((await rename(service, key_id, 'b')).status).toBe(200);
    expect(service.secrets.secrets.size).toBe(0);
    expect(await isLetIn(service, key)).toBe(true);
    const { body } = await regenerate(service, key_id);
    expect(service.secrets.current('litellm/b')).toBe(body.key);
    expect(await isLetIn(service, key)).toBe(false);
    expect(await atRest(service)).toEqual([]);
  });

  it('a deletion while it is off removes the secret, and its name can be used again', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    deploy(service, off);
    expect((await remove(service, key_id)).status).toBe(200);
    expect(service.secrets.current('litellm/a')).toBeNull();
    const { key_id: unmirrored } = await issue(service, { key_alias: 'a' });
    expect((await remove(service, unmirrored)).status).toBe(200);
    deploy(service, on);
    const { key } = await issue(service, { key_alias: 'a' });
    expect(service.secrets.current('litellm/a')).toBe(key);
    expect(await atRest(service)).toEqual([]);
  });

  it('a step that was open when it was turned off is closed all the same', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    service.secrets.put = async () => ({ kind: 'unanswered', reason: 'silence' });
    expect((await regenerate(service, key_id)).status).toBe(503);
    Reflect.deleteProperty(service.secrets, 'put');
    deploy(service, off);
    expect(await atRest(service)).toEqual([]);
    expect(rowOf(service, key_id).intent).toBeNull();
  });
});

describe('another prefix', () => {
  const moved = { secretPrefix: 'keys/' };

  async function withKeyUnderFormerPrefix() {
    const service = await startedService();
    const born = await issue(service, { key_alias: 'a' });
    deploy(service, moved);
    return { service, ...born };
  }

  /** A secret of somebody else, in its window under the name that `a` has now. */
  function scheduledByOthers({ secrets: { service: manager } }: Service) {
    const theirs = { Name: 'keys/a', SecretString: 'theirs', ClientRequestToken: 'f'.repeat(32) };
    manager.createSecret(theirs);
    manager.deleteSecret({ SecretId: 'keys/a', RecoveryWindowInDays: 7 });
  }
  const expectTheirs = (service: Service) => {
    expect(labelled(service, 'keys/a', 'AWSCURRENT')).toBe('theirs');
    expect(service.secrets.secrets.get('keys/a')?.deletedAt).not.toBeNull();
  };

  it('leaves the secrets that are there where they are, also for a new value', async () => {
    const { service, key_id } = await withKeyUnderFormerPrefix();
    const { body } = await regenerate(service, key_id);
    expect(service.secrets.current('litellm/a')).toBe(body.key);
    expect(rowOf(service, key_id).secretName).toBe('litellm/a');
    expect(await atRest(service)).toEqual([]);
  });

  it('is that of whatever is born or renamed from then on', async () => {
    const { service, key, key_id } = await withKeyUnderFormerPrefix();
    const { key: next } = await issue(service, { key_alias: 'next' });
    expect(service.secrets.current('keys/next')).toBe(next);
    expect((await rename(service, key_id, 'b')).status).toBe(200);
    expect(service.secrets.current('keys/b')).toBe(key);
    expect(service.secrets.current('litellm/a')).toBeNull();
    expect(await atRest(service)).toEqual([]);
  });

  it('a deletion removes the secret under the former one', async () => {
    const { service, key_id } = await withKeyUnderFormerPrefix();
    expect((await remove(service, key_id)).status).toBe(200);
    expect(service.secrets.current('litellm/a')).toBeNull();
    expect(await atRest(service)).toEqual([]);
  });

  it('an alias whose last secret is in its window under the former one is a new secret', async () => {
    const { service, key_id } = await withKeyUnderFormerPrefix();
    await remove(service, key_id);
    const { key } = await issue(service, { key_alias: 'a' });
    expect(service.secrets.current('keys/a')).toBe(key);
    expect(service.secrets.secrets.get('litellm/a')?.deletedAt).not.toBeNull();
    expect(await atRest(service)).toEqual([]);
  });

  it.each([
    ['born', (service: Service) => service.generate({ key_alias: 'a' })],
    [
      'renamed',
      async (service: Service) => {
        const { key_id } = await issue(service, { key_alias: 'other' });
        return rename(service, key_id, 'a');
      },
    ],
  ])(
    'takes no secret of somebody else that is in its window there, when a key is %s',
    async (_, take) => {
      const { service, key_id } = await withKeyUnderFormerPrefix();
      await remove(service, key_id);
      scheduledByOthers(service);
      expect((await take(service)).status).toBe(409);
      expectTheirs(service);
    },
  );

  it('takes no secret of somebody else that is in its window there, after a key without secret', async () => {
    const service = await startedService();
    const { key_id: mirrored } = await issue(service, { key_alias: 'a' });
    await remove(service, mirrored);
    const { key_id: unmirrored } = await issue(service, { key_alias: 'a', store_secret: false });
    await remove(service, unmirrored);
    deploy(service, moved);
    scheduledByOthers(service);
    expect((await service.generate({ key_alias: 'a' })).status).toBe(409);
    expectTheirs(service);
  });

  it('takes no secret of somebody else that is in its window there, however often it is asked', async () => {
    const { service, key_id } = await withKeyUnderFormerPrefix();
    await remove(service, key_id);
    scheduledByOthers(service);
    for (let asked = 1; asked <= 2; asked += 1) {
      expect((await service.generate({ key_alias: 'a' })).status).toBe(409);
      expectTheirs(service);
    }
  });

  it('and back: a name of ours in its window is used again', async () => {
    const { service, key_id } = await withKeyUnderFormerPrefix();
    await remove(service, key_id);
    deploy(service, { secretPrefix: 'litellm/' });
    const { key } = await issue(service, { key_alias: 'a' });
    expect(service.secrets.current('litellm/a')).toBe(key);
    expect(await atRest(service)).toEqual([]);
  });

  it('a repeat of a request from before it is told the same key', async () => {
    const service = await startedService();
    const headers = { 'idempotency-key': 'once' };
    const asked = { path: '/key/generate', body: { key_alias: 'a' }, headers };
    const { body: first } = await ask(service, asked);
    deploy(service, moved);
    const { status, body } = await ask(service, asked);
    expect([status, body.key]).toEqual([200, first.key]);
  });

  it('a step that was open when it changed is closed under the name that it was opened for', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    service.secrets.create = async () => ({ kind: 'unanswered', reason: 'silence' });
    expect((await rename(service, key_id, 'b')).status).toBe(503);
    Reflect.deleteProperty(service.secrets, 'create');
    deploy(service, moved);
    expect(await atRest(service)).toEqual([]);
    expect(rowOf(service, key_id)).toMatchObject({ alias: 'a', secretName: 'litellm/a' });
  });
});

describe('e-mail alerting, on, off and on again', () => {
  const mail = ({ settings }: Service, alerting: boolean) => ({
    mail: { ...settings.mail, alerting },
  });

  it('sends nothing for what happened while it was off, and goes on afterwards', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { user_email: 'ada@example.com' });
    deploy(service, mail(service, false));
    await regenerate(service, key_id);
    await service.deliver();
    expect(service.mailer.inbox).toEqual([]);
    deploy(service, mail(service, true));
    await service.deliver();
    expect(service.mailer.inbox).toEqual([]);
    await regenerate(service, key_id);
    await service.deliver();
    expect(service.mailer.inbox.map(({ to }) => to)).toEqual(['ada@example.com']);
  });
});

describe('limits that become narrower', () => {
  it('bind what changes from then on, and nothing that is there', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'Loud One', max_budget: 50 });
    deploy(service, { aliasPattern: '^[a-z]+$', keyLimits: { max_budget: 10 } });
    expect(await isLetIn(service, key)).toBe(true);
    const kept = await ask(service, { path: '/key/update', body: { key: key_id, tpm_limit: 7 } });
    expect(kept.status).toBe(200);
    expect((await regenerate(service, key_id)).status).toBe(200);
    expect((await rename(service, key_id, 'Louder One')).status).toBe(400);
    expect(rowOf(service, key_id).key).toMatchObject({ key_alias: 'Loud One', max_budget: 50 });
  });
});
