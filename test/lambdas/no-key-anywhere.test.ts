/** No key is stored, logged, mailed or echoed anywhere but in Secrets Manager and the one answer. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newKey, tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { keyScanner } from '../canary/key-scanner.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { offeredValues, type Service, stored, storedText } from './fixtures/stored.ts';

const issued = newKey('0123456789ABCDEFG', seededRandom('canary').bytes);
const chosen = 'sk-chosen/by~somebody!';

let logged = '';
beforeEach(() => {
  logged = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    logged += String(line);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

async function expectNowhere(service: Service, key: string) {
  const scanner = keyScanner([{ value: key, origin: 'the key' }]);
  expect(scanner.findIn(await storedText(service))).toEqual([]);
  expect(scanner.findIn(logged)).toEqual([]);
}

/** An admin whose own key was chosen, one whose key was issued, and the master. */
async function callers(service: Service) {
  await service.generate({ key: chosen, user_role: 'proxy_admin', user_id: 'root' });
  const { body } = await service.generate({ user_role: 'proxy_admin', user_id: 'root' });
  return [chosen, body.key, masterKey];
}

const places: [where: string, put: (key: string) => object, param: string][] = [
  ['the alias', (key) => ({ key_alias: key }), 'key_alias'],
  ['a part of the alias', (key) => ({ key_alias: `key ${key} of ada` }), 'key_alias'],
  ['metadata', (key) => ({ metadata: { a: key } }), 'metadata'],
  ['nested metadata', (key) => ({ metadata: { a: [{ b: [`x${key}x`] }] } }), 'metadata'],
  ['a name in metadata', (key) => ({ metadata: { [key]: 1 } }), 'metadata'],
  ['models', (key) => ({ models: ['gpt-4o', key] }), 'models'],
  ['aliases', (key) => ({ aliases: { fast: key } }), 'aliases'],
  ['config', (key) => ({ config: { key } }), 'config'],
  ['permissions', (key) => ({ permissions: { key } }), 'permissions'],
  ['tags', (key) => ({ tags: [key] }), 'tags'],
  ['the user id', (key) => ({ user_id: key }), 'user_id'],
  ['the team id', (key) => ({ team_id: key }), 'team_id'],
  ['the organisation', (key) => ({ organization_id: key }), 'organization_id'],
  ['the duration', (key) => ({ duration: key }), 'duration'],
];

describe('a key in the wrong place is refused, stored nowhere, and not repeated:', () => {
  it.each(places)('in %s', async (_, put, param) => {
    const service = await startedService();
    const [own = '', other = ''] = await callers(service);
    const before = await stored(service);
    for (const [caller, key] of [
      [masterKey, issued],
      [own, own],
      [other, other],
    ] as const) {
      const { status, body } = await service.generate(put(key), caller);
      expect([status, body.error.param]).toEqual([400, param]);
      expect(JSON.stringify(body)).not.toContain(key);
      await expectNowhere(service, key);
    }
    expect(await stored(service)).toEqual(before);
  });

  it('in another field than the one it was chosen in', async () => {
    const service = await startedService();
    const before = await stored(service);
    const { status } = await service.generate({ key: chosen, metadata: { backup: chosen } });
    expect(status).toBe(400);
    expect(await stored(service)).toEqual(before);
    await expectNowhere(service, chosen);
  });

  it('in the litellm-changed-by header', async () => {
    const service = await startedService();
    const own = await callers(service);
    const before = await stored(service);
    for (const key of own.filter((value) => value !== masterKey)) {
      for (const named of [key, `by ${key}`, issued]) {
        const { status, body } = await service.send({
          path: '/key/generate',
          headers: { authorization: `Bearer ${key}`, 'litellm-changed-by': named },
          body: {},
        });
        expect([status, body.error.param]).toEqual([400, 'litellm-changed-by']);
        await expectNowhere(service, named);
      }
    }
    expect(await stored(service)).toEqual(before);
  });

  it('in path, query or another header', async () => {
    const service = await startedService();
    for (const path of [`/key/${issued}`, `/key/generate/${issued}`, `/key/info?key=${issued}`]) {
      await service.asAdmin({ method: 'GET', path, headers: { 'x-note': issued } });
      await service.asAdmin({ path: `${path}&x=${issued}`, body: { [issued]: issued } });
    }
    await expectNowhere(service, issued);
  });
});

describe('the key of a birth is in no store, log or mail, whether it', () => {
  const fields = { send_invite_email: true, user_email: 'ada@example.com' };

  it.each([
    ['succeeds', []],
    ['succeeds at the second try', ['lost-answer']],
    ['is undone', ['refused']],
    ['is left open', ['unanswered', 'unanswered']],
  ] as const)('%s', async (_, troubles) => {
    for (const key of [undefined, chosen]) {
      const service = await startedService();
      const values = offeredValues(service);
      service.secrets.trouble(...troubles);
      const { status, body } = await service.generate({ ...fields, key });
      const [value = ''] = values;
      expect(value).toMatch(/^sk-/);
      if (status !== 200) expect(JSON.stringify(body)).not.toContain(value);
      await expectNowhere(service, value);
      for (const { tags } of service.secrets.secrets.values()) {
        expect(JSON.stringify(tags)).not.toContain(value);
      }
      expect([...service.secrets.secrets.keys()].join()).not.toContain(value);
    }
  });

  it('is deleted after a life with every mail there is', async () => {
    for (const key of [undefined, chosen]) {
      for (const key_alias of [undefined, 'alpha']) {
        const service = await startedService();
        const values = offeredValues(service);
        const life = { ...fields, key, key_alias, max_budget: 1, duration: '40d' };
        const { body } = await service.generate(life);
        const change = (path: string, more: object = {}) =>
          service.asAdmin({ path, body: { key: body.key_id, ...more } });
        await change('/key/update', { spend: 0.8 });
        service.clock.advance(11 * 86_400_000);
        await service.repair();
        const rotated = await change('/key/regenerate', { grace_period: '1d' });
        await change('/key/block');
        await service.asAdmin({ path: '/key/delete', body: { keys: [body.key_id] } });
        await service.deliver();
        expect(service.mailer.inbox.map(({ subject }) => subject.split(': ')[1])).toEqual([
          'API Key Created',
          'API Key Budget 80% Used',
          'API Key Expires in 29 Days',
          'API Key Rotated',
          'API Key Blocked',
          'API Key Deleted',
        ]);
        for (const value of [...values, body.key, rotated.body.key]) {
          await expectNowhere(service, value);
          for (const mail of service.mailer.inbox) {
            expect(JSON.stringify(mail)).not.toContain(tokenHash(value));
            expect(JSON.stringify(mail)).not.toMatch(/[0-9a-f]{64}|sk-(?!\.\.\.)/i);
          }
        }
      }
    }
  });

  it('meets a bug that has it in the text of its error', async () => {
    const service = await startedService();
    service.secrets.create = async ({ value }) => {
      throw new Error(`Could not store ${value}`);
    };
    for (const key of [undefined, chosen]) {
      const { body } = await service.generate({ key });
      expect(body.error.message).not.toContain('sk-');
    }
    expect(logged).toContain('Could not store sk-...');
    expect(logged).not.toMatch(/sk-lk_|somebody/);
  });

  it('is shown by no later answer', async () => {
    const service = await startedService();
    const { body } = await service.generate({ key_alias: 'alpha' });
    const shown = await service.asAdmin({ method: 'GET', path: `/key/info?key=${body.token}` });
    expect(JSON.stringify(shown.body)).not.toContain(body.key);
  });
});
