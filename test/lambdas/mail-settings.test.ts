import { describe, expect, it } from 'vitest';
import type { KeyTable } from '../../lambdas/shared/domain/ports.ts';
import { masterKey, type Sent, startedService } from '../fakes/service.ts';
import { FaultyProcess } from '../faults/fault-port.ts';
import { faultyStores } from '../faults/faulty-stores.ts';
import type { Service } from './fixtures/stored.ts';

const path = '/email/event_settings';
const names = [
  'Virtual Key Created',
  'New User Invitation',
  'Virtual Key Rotated',
  'Soft Budget Crossed',
  'Max Budget Alert',
  'Virtual Key Expiring',
  'Virtual Key Deleted',
  'Virtual Key Blocked',
  'Claim Link Requested',
  'Claim Link Used Again',
  'Mail Not Delivered',
];
const settingsWithout = (...off: string[]) =>
  names.map((event) => ({ event, enabled: !off.includes(event) }));
const allOn = { settings: settingsWithout(), updated_at: null, updated_by: null };

const show = (service: Service, key = masterKey) =>
  service.send({ method: 'GET', path, headers: { authorization: `Bearer ${key}` } });
const patchOf = (settings: unknown, more: Partial<Sent> = {}): Sent => ({
  method: 'PATCH',
  path,
  body: { settings },
  ...more,
});
const reset: Sent = { path: `${path}/reset` };
const off = (event: string) => ({ event, enabled: false });
const on = (event: string) => ({ event, enabled: true });
const mailed = { send_invite_email: true, user_email: 'ada@example.com' };

describe('the mail switches', () => {
  it('are all on at first, LiteLLM’s five before ours', async () => {
    const service = await startedService();
    expect(await show(service)).toMatchObject({ status: 200, body: allOn });
  });

  it('are set by name, and all on again after a reset; it is told who did it', async () => {
    const service = await startedService();
    const first = await service.asAdmin(patchOf([off('Virtual Key Created')]));
    expect(first).toMatchObject({
      status: 200,
      body: {
        settings: settingsWithout('Virtual Key Created'),
        updated_at: service.now().toISOString(),
        updated_by: 'master',
      },
    });
    service.clock.advance(1000);
    await service.asAdmin(patchOf([off('Claim Link Used Again'), on('Virtual Key Rotated')]));
    const both = settingsWithout('Virtual Key Created', 'Claim Link Used Again');
    expect((await show(service)).body).toMatchObject({
      settings: both,
      updated_at: service.now().toISOString(),
    });
    await service.asAdmin(patchOf([on('Virtual Key Created')]));
    expect((await show(service)).body.settings).toEqual(settingsWithout('Claim Link Used Again'));
    expect((await service.asAdmin(reset)).body.settings).toEqual(settingsWithout());
    expect((await show(service)).body.settings).toEqual(settingsWithout());
  });

  it('count for the next mail: one that is off is noted, and not sent later', async () => {
    const service = await startedService();
    await service.asAdmin(patchOf([off('Virtual Key Created')]));
    const { body } = await service.generate({ key_alias: 'a', ...mailed });
    await service.deliver();
    expect(service.mailer.inbox).toEqual([]);
    const info = await service.asAdmin({ method: 'GET', path: `/key/info?key=${body.key_id}` });
    expect(info.body.info.notification_status).toMatchObject({
      event: 'key_created',
      state: 'switched_off',
    });
    await service.asAdmin(reset);
    await service.asAdmin({ path: '/key/regenerate', body: { key: body.key_id } });
    await service.deliver();
    expect(service.mailer.inbox.map(({ subject }) => subject)).toEqual([
      'Latchkey: API Key Rotated: a',
    ]);
  });

  it('that a newer release has set stay as they are', async () => {
    const service = await startedService();
    service.table.notices.set('SETTINGS#mail', {
      pk: 'SETTINGS#mail',
      enabled: { 'Something New': false },
      rev: 7,
      at: '2026-11-25T00:00:00.000Z',
      by: 'k',
      more: 'x',
    });
    await service.asAdmin(patchOf([off('Virtual Key Created')]));
    expect(service.table.notices.get('SETTINGS#mail')).toMatchObject({
      enabled: { 'Something New': false, 'Virtual Key Created': false },
      rev: 8,
      more: 'x',
    });
  });

  it.each([
    ['no body', undefined, 422, null],
    ['no JSON', '{', 422, null],
    ['no settings', {}, 422, 'settings'],
    ['null', { settings: null }, 422, 'settings'],
    ['no list', { settings: 'x' }, 422, 'settings'],
    ['no object', { settings: ['Virtual Key Created'] }, 422, 'settings'],
    ['no event', { settings: [{ enabled: true }] }, 422, 'settings'],
    ['no switch', { settings: [{ event: 'Virtual Key Created' }] }, 422, 'settings'],
    [
      'null for a switch',
      { settings: [{ event: 'Virtual Key Created', enabled: null }] },
      422,
      'settings',
    ],
    [
      'a wrong switch',
      { settings: [{ event: 'Virtual Key Created', enabled: 'maybe' }] },
      422,
      'settings',
    ],
    ['no entry', { settings: [] }, 400, 'settings'],
    [
      'an unknown event',
      { settings: [off('Virtual Key Created'), off('key_created')] },
      400,
      'settings',
    ],
    ['a member of every object', { settings: [off('constructor')] }, 400, 'settings'],
    [
      'an event twice',
      { settings: [off('Virtual Key Created'), on('Virtual Key Created')] },
      400,
      'settings',
    ],
  ])('are left as they are by %s', async (_, body, status, param) => {
    const service = await startedService();
    const answer = await service.asAdmin({ method: 'PATCH', path, body });
    expect(answer).toMatchObject({ status, body: { error: { param, code: String(status) } } });
    expect((await show(service)).body).toEqual(allOn);
  });

  it.each([
    [{ user_role: 'proxy_admin' }, 200, 200],
    [{ user_role: 'proxy_admin_viewer' }, 200, 403],
    [{ user_role: 'internal_user' }, 403, 403],
    [{ user_role: 'internal_user_viewer' }, 403, 403],
    [{ user_role: 'proxy_admin', key_type: 'read_only' }, 403, 403],
    [{ user_role: 'proxy_admin', key_type: 'management' }, 200, 200],
    [{ user_role: 'proxy_admin', allowed_routes: ['/key/info'] }, 403, 403],
    [{ user_role: 'proxy_admin', allowed_routes: [path] }, 200, 200],
  ])('are for admins: %o', async (fields, mayLook, mayChange) => {
    const service = await startedService();
    const { body } = await service.generate({ user_id: 'ada', ...fields });
    const headers = { authorization: `Bearer ${body.key}` };
    expect((await show(service, body.key)).status).toBe(mayLook);
    for (const sent of [patchOf([off('Virtual Key Created')]), reset]) {
      expect((await service.send({ ...sent, headers })).status).toBe(mayChange);
    }
  });

  it('are told to nobody without a valid key', async () => {
    const service = await startedService();
    for (const sent of [{ method: 'GET', path }, patchOf([off('x')]), reset]) {
      expect((await service.send(sent)).status).toBe(401);
    }
  });
});

describe('a repeat of a change of the switches', () => {
  const once = { headers: { 'idempotency-key': 'once' } };

  it('answers as the first one, and changes nothing any more', async () => {
    const service = await startedService();
    const first = await service.asAdmin(patchOf([off('Virtual Key Created')], once));
    await service.asAdmin(reset);
    const again = await service.asAdmin(patchOf([off('Virtual Key Created')], once));
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect((await show(service)).body.settings).toEqual(settingsWithout());
    // Another route has other records.
    expect((await service.asAdmin({ ...reset, ...once })).status).toBe(200);
  });

  it('with another body is refused', async () => {
    const service = await startedService();
    await service.asAdmin(patchOf([off('Virtual Key Created')], once));
    const other = await service.asAdmin(patchOf([off('Virtual Key Rotated')], once));
    expect(other.status).toBe(422);
  });

  it('at the same time runs once', async () => {
    const service = await startedService();
    const sent = patchOf([off('Virtual Key Created')], once);
    const answers = await Promise.all([service.asAdmin(sent), service.asAdmin(sent)]);
    expect(answers.map(({ status }) => status).toSorted((left, right) => left - right)).toEqual([
      200, 409,
    ]);
    expect((await show(service)).body.settings).toEqual(settingsWithout('Virtual Key Created'));
  });
});

describe('the switches in trouble', () => {
  const over = (service: Service, commit: KeyTable['commit']) =>
    service.sendThrough(
      {
        ...service.processStores,
        table: {
          load: (...given) => service.table.load(...given),
          countLiveKeys: (...given) => service.table.countLiveKeys(...given),
          commit,
        },
      },
      {
        ...patchOf([off('Virtual Key Created')]),
        headers: { authorization: `Bearer ${masterKey}` },
      },
    );

  it('lose no change of somebody else who is at it too', async () => {
    const service = await startedService();
    const changes = ['Virtual Key Created', 'Virtual Key Rotated', 'Mail Not Delivered'];
    const answers = await Promise.all(
      changes.map((event) => service.asAdmin(patchOf([off(event)]))),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await show(service)).body.settings).toEqual(settingsWithout(...changes));
  });

  it('say that others are at it where they always are', async () => {
    const service = await startedService();
    const { status } = await over(service, async () => ({ kind: 'refused', failed: [0] }));
    expect(status).toBe(409);
    expect((await show(service)).body).toEqual(allOn);
  });

  it.each(['throttled', 'unanswered'] as const)('are a 503 where the write is %s', async (kind) => {
    const service = await startedService();
    const answer = await over(service, async () => ({ kind }));
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBeDefined();
    expect((await show(service)).body).toEqual(allOn);
  });

  it('that cannot be read keep a mail waiting, and its notice free', async () => {
    const service = await startedService();
    await service.generate({ key_alias: 'a', ...mailed });
    const readSwitches = service.notices.readSwitches.bind(service.notices);
    service.notices.readSwitches = async () => {
      throw new Error('No answer');
    };
    await expect(service.deliver()).rejects.toThrow('No answer');
    expect(service.notices.states.size).toBe(0);
    service.notices.readSwitches = readSwitches;
    await service.deliver();
    expect(service.mailer.inbox).toHaveLength(1);
  });

  it('cost one call to see, and two to change', async () => {
    const service = await startedService();
    const process = new FaultyProcess(new Map(), service.clock, 0);
    const seen = faultyStores(service.processStores, process);
    const headers = { authorization: `Bearer ${masterKey}` };
    await service.sendThrough(seen, { method: 'GET', path, headers });
    await service.sendThrough(seen, { ...patchOf([off('Virtual Key Created')]), headers });
    expect(process.made).toEqual(['load', 'load', 'commit put-mail-switches']);
  });
});
