/** The mail about a new value: to whom it goes, what it says, and when there is none. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { settingsWith } from '../fixtures/settings.ts';
import { ask, atRest, issue, rowOf } from './fixtures/calls.ts';
import { offeredValues, type Service } from './fixtures/stored.ts';

const path = '/key/regenerate';
const regenerated = (service: Service, key: string, fields: object = {}) =>
  ask(service, { path, body: { key, ...fields } });

describe('the mail of a rotation', () => {
  const to = 'ada@example.com';
  const mailOf = async (service: Service) => {
    await service.deliver();
    return service.mailer.inbox.at(-1);
  };

  it('goes to the owner, asked for or not, and says that the old value is refused', async () => {
    const service = await startedService();
    const values = offeredValues(service);
    const { key, token, key_id } = await issue(service, { key_alias: 'a', user_email: to });
    const { body } = await regenerated(service, key_id);
    const mail = await mailOf(service);
    expect(service.mailer.inbox).toHaveLength(1);
    expect(mail).toMatchObject({ to, subject: 'Latchkey: API Key Rotated: a' });
    expect(mail?.text).toContain('refused from now on');
    const text = JSON.stringify(mail);
    for (const secret of [key, token, body.key, body.token, ...values]) {
      expect(text).not.toContain(secret);
    }
  });

  it('goes out for a key that names no secret too, once', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { user_email: to, store_secret: false });
    expect((await regenerated(service, key_id)).status).toBe(200);
    expect(await mailOf(service)).toMatchObject({
      to,
      subject: expect.stringContaining('API Key Rotated: sk-...'),
    });
    expect(service.mailer.inbox).toHaveLength(1);
  });

  it('says until when the old value is let in', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { user_id: to });
    const { body } = await regenerated(service, key_id, { grace_period: '24h' });
    expect(body.overlap_until).toBe('2026-11-26T13:50:00.000Z');
    const mail = await mailOf(service);
    expect(mail?.to).toBe(to);
    expect(mail?.text).toContain('let in until 26 November 2026, 13:50 UTC');
  });

  it('goes to the owner that the same call sets', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { user_email: 'old@example.com' });
    await regenerated(service, key_id, { user_email: to });
    expect((await mailOf(service))?.to).toBe(to);
    expect(service.mailer.inbox).toHaveLength(1);
  });

  it.each([
    ['no recipient is known', {}, { user_id: 'ada' }],
    ['e-mail is off', { alerting: false }, { user_email: to }],
    ['the recipient may not get mail', { domains: ['example.org'] }, { user_id: to }],
  ])(
    'is left out without an error where %s, and asked for a 400 that says why',
    async (_, mail, fields) => {
      const standard = { ...settingsWith().mail, from: to };
      const service = await startedService({ mail: { ...standard, ...mail } });
      const { key_id } = await issue(service, fields);
      const row = rowOf(service, key_id);
      const refused = await regenerated(service, key_id, { send_invite_email: true });
      expect(refused.status).toBe(400);
      expect(['send_invite_email', 'user_id']).toContain(refused.body.error.param);
      expect(rowOf(service, key_id)).toEqual(row);
      expect((await regenerated(service, key_id)).status).toBe(200);
      expect(await mailOf(service)).toBeUndefined();
    },
  );

  it('is not sent for a rotation that was taken back', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { user_email: to });
    service.secrets.trouble('throttled');
    expect((await regenerated(service, key_id)).status).toBe(503);
    expect(await mailOf(service)).toBeUndefined();
  });

  it('is sent once where the reconciler finished the rotation', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { user_email: to });
    service.secrets.trouble('lost-answer', 'lost-answer');
    expect((await regenerated(service, key_id)).status).toBe(503);
    expect(await mailOf(service)).toBeUndefined();
    expect(await atRest(service)).toEqual([]);
    expect(service.mailer.inbox).toHaveLength(1);
  });
});
