import { describe, expect, it, vi } from 'vitest';
import { emailKeyChange } from '../../lambdas/email-key-change/handler.ts';
import type { RowChange } from '../../lambdas/shared/adapters/row-stream.ts';
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { startedService } from '../fakes/service.ts';
import { ask } from './fixtures/calls.ts';
import { newestRow, offeredValues, type Service } from './fixtures/stored.ts';
import { visibleText } from './fixtures/visible-text.ts';

const asked = { send_invite_email: true, user_email: 'ada@example.com' };

const overQuota = { kind: 'over-quota', reason: 'DailyQuotaExceeded' } as const;

const noticesOf = ({ notices }: Service) => [...notices.states.values()];

const readerOf = ({ notices, mailer, claimLinks, settings, now }: Service) =>
  emailKeyChange(() => ({ notices, mailer, claimLinks, settings, now }));

/** The writes of a birth that asked for a mail: the one that opens it, the one that settles it. */
async function birth(service: Service, fields: object = {}): Promise<[RowChange, RowChange]> {
  await service.generate({ key_alias: 'alpha', ...asked, ...fields });
  const [opened, settled] = service.table.stream.slice(-2);
  if (opened === undefined || settled === undefined) throw new Error('No writes');
  return [opened, settled];
}

async function mailOf(service: Service, fields: object) {
  await birth(service, fields);
  await service.deliver();
  const mail = service.mailer.inbox.at(-1);
  if (mail === undefined) throw new Error('No mail');
  return mail;
}

describe('the mail about a new key', () => {
  it('goes out once, to the address that was asked for', async () => {
    const service = await startedService();
    const mail = await mailOf(service, {});
    expect(service.mailer.inbox).toHaveLength(1);
    expect(mail).toMatchObject({
      to: 'ada@example.com',
      subject: 'Latchkey: API Key Created: alpha',
    });
  });

  it('goes to the user id where that is an address and none was sent', async () => {
    const service = await startedService();
    const mail = await mailOf(service, { user_email: null, user_id: 'bob@example.com' });
    expect(mail.to).toBe('bob@example.com');
  });

  it.each([undefined, null, false])('is not sent where send_invite_email is %s', async (wish) => {
    const service = await startedService();
    await service.generate({ ...asked, send_invite_email: wish });
    await service.deliver();
    expect(service.mailer.inbox).toEqual([]);
  });

  it('is not sent before the settle', async () => {
    const service = await startedService();
    const [opened, settled] = await birth(service);
    const read = readerOf(service);
    await read(opened);
    expect(service.mailer.inbox).toHaveLength(0);
    await read(settled);
    expect(service.mailer.inbox).toHaveLength(1);
  });

  it('is sent once however often either write is delivered', async () => {
    const service = await startedService();
    const [opened, settled] = await birth(service);
    const read = readerOf(service);
    for (const change of [opened, opened, settled, opened, settled, settled]) await read(change);
    expect(service.mailer.inbox).toHaveLength(1);
  });

  it('is not sent for a birth that is undone', async () => {
    const service = await startedService();
    service.secrets.trouble('refused');
    const [opened, undone] = await birth(service);
    expect(undone.after.status).toBe('deleted');
    for (const change of [opened, undone]) await readerOf(service)(change);
    expect(service.mailer.inbox).toEqual([]);
    expect(service.notices.states.size).toBe(0);
  });

  it('is not sent again by a later write of the row', async () => {
    const service = await startedService();
    const [, { after }] = await birth(service);
    await readerOf(service)({ before: after, after: { ...after, rev: after.rev + 1 } });
    expect(service.mailer.inbox).toEqual([]);
  });
});

describe('what the mail says', () => {
  it.each([
    ['alias', { key_alias: 'alpha' }],
    ['no alias', { key_alias: null }],
    ['a chosen value', { key_alias: null, key: 'sk-chosen-by-somebody' }],
    ['no secret', { key_alias: null, store_secret: false }],
  ])('has no key and no hash, with %s', async (_, fields) => {
    const service = await startedService();
    const { body } = await service.generate({ ...asked, ...fields });
    await service.deliver();
    const [mail] = service.mailer.inbox;
    if (mail === undefined) throw new Error('No mail');
    for (const part of [mail.subject, mail.html, mail.text]) {
      expect(part).not.toContain(body.key);
      expect(part).not.toContain(body.token);
      expect(part).not.toMatch(/[0-9a-f]{64}/i);
      expect(part).not.toContain(tokenHash(body.key));
    }
  });

  it('names what was granted, in both forms', async () => {
    const service = await startedService();
    const mail = await mailOf(service, {
      key_alias: 'alpha',
      user_id: 'ada',
      team_id: 'blue',
      models: ['gpt-4o', 'mistral'],
      spend: 0.25,
      max_budget: 1234.5,
      budget_duration: '30d',
      duration: '7d',
    });
    const row = newestRow(service);
    for (const part of [visibleText(mail.html), mail.text]) {
      for (const fact of [
        'API Key Created',
        'alpha',
        row.key.key_name,
        row.keyId,
        'ada',
        'blue',
        'gpt-4o, mistral',
        '$0.25',
        '$1,234.50 per 30 days',
        '2 December 2026, 13:50 UTC',
        'litellm/alpha',
        'http://localhost:4000',
      ]) {
        expect(part).toContain(fact);
      }
    }
  });

  it('names what was left out without inventing a budget of $0', async () => {
    const service = await startedService();
    const { text } = await mailOf(service, { key_alias: null });
    for (const line of [
      'Alias: none',
      'Owner: ada@example.com',
      'Team: Default Team',
      'Models: all',
      'Budget: no budget',
      'Expires: never',
    ]) {
      expect(text).toContain(line);
    }
  });

  it('says by which tag to find the secret whose name has the hash in it', async () => {
    const service = await startedService();
    const { text } = await mailOf(service, { key_alias: null });
    expect(text).toContain(`the secret tagged key_id ${newestRow(service).keyId}`);
  });

  it('says where the key is not: in Secrets Manager', async () => {
    const service = await startedService();
    const { body } = await service.generate({ ...asked, store_secret: false });
    expect(body.key).toBeDefined();
    await service.deliver();
    expect(service.mailer.inbox[0]?.text).toContain('not kept in AWS Secrets Manager');
  });

  it('is safe to show: every value is escaped in HTML, and filled in but once', async () => {
    const service = await startedService({ baseUrl: 'https://x.example/?a=1&b="2"' });
    const hostile = '<img src=x onerror="alert(1)">&{{keyId}}{{access}}';
    const mail = await mailOf(service, {
      key_alias: hostile,
      user_id: hostile,
      team_id: hostile,
      models: [hostile],
    });
    expect(mail.html).not.toContain('<img src=x');
    expect(mail.html).toContain(
      '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;{{keyId}}{{access}}',
    );
    expect(mail.html).toContain('https://x.example/?a=1&amp;b=&quot;2&quot;');
    expect(mail.html.match(/\{\{name\}\}|\{\{rows\}\}|\{\{baseUrl\}\}/)).toBeNull();
    expect(mail.text).toContain(hostile);
    expect(mail.subject).toBe(`Latchkey: API Key Created: ${hostile}`);
  });
});

describe('the link to the value', () => {
  it('is in the mails about a value, in both forms, with its end', async () => {
    const service = await startedService();
    const { body } = await service.generate({ key_alias: 'alpha', ...asked });
    await ask(service, { path: '/key/regenerate', body: { key: body.key_id } });
    await service.deliver();
    expect(service.mailer.inbox).toHaveLength(2);
    for (const { html, text, noticeId } of service.mailer.inbox) {
      const [url = ''] = /http:\/\/localhost:4000\/claim#\S+/.exec(text) ?? [];
      expect(url).toContain(noticeId);
      expect(html).toContain(`href="${url}"`);
      expect(text).toContain(`Show my key:\n${url}\n`);
      expect(text).toContain('works until 26 November 2026, 13:50 UTC');
    }
  });

  it('is made anew with each try', async () => {
    const service = await startedService();
    const made: string[] = [];
    vi.spyOn(service.claimLinks, 'issue').mockImplementation(async ({ id, keyId, event }, row) => {
      made.push(`${event} ${row.keyId === keyId}`);
      return `https://x.example/claim#${id}.${made.length}`;
    });
    const [, settled] = await birth(service);
    const read = readerOf(service);
    service.mailer.next({ kind: 'refused', reason: 'Throttling' });
    await expect(read(settled)).rejects.toThrow('Throttling');
    await read(settled);
    await read(settled);
    expect(made).toEqual(['key_created true', 'key_created true']);
    expect(service.mailer.inbox[0]?.text).toMatch(/claim#\S+\.2\n/);
  });

  it('is made for no other mail, and for no key without a secret', async () => {
    const service = await startedService();
    await service.generate({ ...asked, store_secret: false });
    const { body } = await service.generate({ user_email: 'ada@example.com', max_budget: 1 });
    for (const [path, sent] of [
      ['/key/update', { key: body.key_id, spend: 0.9 }],
      ['/key/block', { key: body.key_id }],
      ['/key/delete', { keys: [body.key_id] }],
    ] as const) {
      await ask(service, { path, body: sent });
    }
    await service.deliver();
    expect(service.mailer.inbox).toHaveLength(4);
    for (const { html, text } of service.mailer.inbox) {
      expect(html + text).not.toContain('/claim#');
      expect(html).not.toContain('Show my key');
    }
  });
});

describe('a notice to what is not one address', () => {
  it.each([
    'ada@example.com,bob@example.com',
    'ada@example.com, bob@example.com',
    'Ada <ada@example.com>',
    'ada@example.com\r\nBcc: bob@example.com',
    'ada',
    '',
  ])('is not sent, and holds nothing up: %j', async (to) => {
    const service = await startedService();
    const [opened, settled] = await birth(service);
    const { before } = settled;
    if (before?.intent === null || before === null) throw new Error('No step');
    const notify = { event: 'key_created', to };
    const sent: string[] = [];
    service.mailer.send = async (mail) => {
      sent.push(mail.to);
      return { kind: 'sent', messageId: 'm' };
    };
    const read = readerOf(service);
    await read(opened);
    await read({ ...settled, before: { ...before, intent: { ...before.intent, notify } } });
    expect(sent).toEqual([]);
    expect([...service.notices.states.values()].map(({ state }) => state)).toEqual(['failed']);
  });
});

describe('SES in trouble', () => {
  it('refuses: the record fails, and the next delivery sends at once', async () => {
    const service = await startedService();
    const [, settled] = await birth(service);
    const read = readerOf(service);
    service.mailer.next({ kind: 'refused', reason: 'Throttling' });
    await expect(read(settled)).rejects.toThrow('Throttling');
    service.clock.advance(1000);
    await read(settled);
    expect(service.mailer.inbox).toHaveLength(1);
    await read(settled);
    expect(service.mailer.inbox).toHaveLength(1);
  });

  it('will never take it: marked failed, and nothing waits for it', async () => {
    const service = await startedService();
    const [, settled] = await birth(service);
    const read = readerOf(service);
    service.mailer.next({ kind: 'rejected', reason: 'MessageRejected' });
    await read(settled);
    await read(settled);
    expect(service.mailer.inbox).toEqual([]);
    expect([...service.notices.states.values()].map(({ state }) => state)).toEqual(['failed']);
  });

  it('has no room left today: parked, and nothing waits for it', async () => {
    const service = await startedService();
    const [, settled] = await birth(service);
    service.mailer.next(overQuota);
    await readerOf(service)(settled);
    // Delivered again, it is no business of the stream any more.
    await readerOf(service)(settled);
    expect(service.mailer.inbox).toEqual([]);
    expect(noticesOf(service)).toMatchObject([{ state: 'parked', reason: 'DailyQuotaExceeded' }]);
  });

  it('lets nobody send before a person steps in: tried again, and told apart', async () => {
    const service = await startedService();
    const [, settled] = await birth(service);
    const told: unknown[] = [];
    const { notices, mailer, claimLinks, settings, now } = service;
    const read = emailKeyChange(() => ({
      notices,
      claimLinks,
      mailer,
      settings,
      now,
      onOutcome: (_notice, outcome, reason) => told.push([outcome, reason]),
    }));
    mailer.next(
      { kind: 'barred', reason: 'SenderNotVerified' },
      { kind: 'refused', reason: 'Throttling' },
    );
    await expect(read(settled)).rejects.toThrow('SenderNotVerified');
    expect(noticesOf(service)).toMatchObject([{ state: 'sending', reason: 'SenderNotVerified' }]);
    await expect(read(settled)).rejects.toThrow('Throttling');
    await read(settled);
    expect(told).toEqual([
      ['barred', 'SenderNotVerified'],
      ['put-off', 'Throttling'],
      ['sent', undefined],
    ]);
    expect(noticesOf(service)).toMatchObject([{ state: 'sent', reason: null }]);
  });

  it('does not answer: the record fails, and the next delivery sends at once', async () => {
    const service = await startedService();
    const [, settled] = await birth(service);
    const read = readerOf(service);
    service.mailer.next({ kind: 'unanswered' });
    await expect(read(settled)).rejects.toThrow('Unanswered');
    await read(settled);
    await read(settled);
    expect(service.mailer.inbox).toHaveLength(1);
  });

  it('took it, but the function died before noting it: a second mail, when its lease is over', async () => {
    const service = await startedService();
    const [, settled] = await birth(service);
    const read = readerOf(service);
    const markSent = service.notices.markSent.bind(service.notices);
    service.notices.markSent = async () => {
      throw new Error('died');
    };
    await expect(read(settled)).rejects.toThrow('died');
    service.notices.markSent = markSent;
    await expect(read(settled)).rejects.toThrow('Another sender');
    service.clock.advance(20_000);
    await expect(read(settled)).rejects.toThrow('Another sender');
    service.clock.advance(1000);
    await read(settled);
    expect(service.mailer.inbox).toHaveLength(2);
  });

  it('holds back no audit record', async () => {
    const service = await startedService();
    offeredValues(service);
    const { body } = await service.generate({ key_alias: 'alpha', ...asked });
    service.mailer.next({ kind: 'rejected', reason: 'MessageRejected' });
    await service.deliver();
    expect(service.trail.of(body.key_id)).toHaveLength(1);
  });
});
