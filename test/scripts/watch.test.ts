/** The page that shows a local service at work. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { SentMail } from '../../scripts/watch/happenings.ts';
import { type View, watchView } from '../../scripts/watch/view.ts';
import { memoryAuditReads } from '../fakes/memory-audit-reads.ts';
import { memoryKeyLists } from '../fakes/memory-key-lists.ts';
import { startedService } from '../fakes/service.ts';

type Service = Awaited<ReturnType<typeof startedService>>;

let service: Service;
let view: View;
let reads: number;
let more: SentMail[];

beforeEach(async () => {
  service = await startedService();
  reads = 0;
  more = [];
  const { table, trail, mailer, now } = service;
  const mails = async (): Promise<SentMail[]> => {
    reads += 1;
    const sent = mailer.inbox.map((mail) => ({ ...mail, at: now().toISOString() }));
    return [...sent, ...more];
  };
  view = watchView(
    { command: 'npm start', base: '/_local' },
    { lists: memoryKeyLists(table), audit: memoryAuditReads(trail), mails, now },
  );
});

async function at(path: string, method = 'GET', host = 'localhost:4000') {
  const answer = await view(method, path, host);
  if (answer === null) throw new Error(`${path} is not shown`);
  return { ...answer, text: answer.body.toString('utf8') };
}

/** As lines of text. */
const linesOf = (html: string) =>
  html
    .replaceAll(/<[^>]+>/g, ' ')
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim());

const markup = '<img src=x onerror=alert(1)>"';

describe('the page', () => {
  it('shows who did what to which key, what an update has changed, and the mails', async () => {
    const { body } = await service.generate({
      key_alias: 'shop',
      user_id: 'ada@example.com',
      send_invite_email: true,
    });
    service.clock.advance(1000);
    await service.asAdmin({ path: '/key/update', body: { key: body.key_id, max_budget: 5 } });
    service.clock.advance(1000);
    await service.asAdmin({ path: '/key/delete', body: { keys: [body.key_id] } });
    await service.deliver();

    const lines = linesOf((await at('/_local/part')).text).filter((line) => /shop|ada@/.test(line));
    expect(lines).toEqual([
      expect.stringMatching(/ deleted shop \w{17} by default_user_id$/),
      expect.stringMatching(/ mail to ada@example.com Latchkey: API Key Created: shop$/),
      expect.stringMatching(/ mail to ada@example.com Latchkey: API Key Deleted: shop$/),
      expect.stringMatching(/ updated : max_budget shop \w{17} by default_user_id$/),
      expect.stringMatching(/ created shop \w{17} by default_user_id$/),
      expect.stringMatching(/^shop \w{17} deleted$/),
    ]);
  });

  it('shows a deleted key however many others live', async () => {
    const gone = await service.generate({ key_alias: 'gone' });
    await service.asAdmin({ path: '/key/delete', body: { keys: [gone.body.key_id] } });
    for (let n = 0; n < 55; n += 1) await service.generate({ key_alias: `live-${n}` });
    const lines = linesOf((await at('/_local/part')).text);
    expect(lines).toContainEqual(expect.stringMatching(/^gone \w{17} deleted$/));
  });

  it('tells keys that are blocked, expired and let in apart', async () => {
    await service.generate({ key_alias: 'one' });
    const blocked = await service.generate({ key_alias: 'two' });
    await service.generate({ key_alias: 'three', duration: '1h' });
    await service.asAdmin({ path: '/key/block', body: { key: blocked.body.key_id } });
    service.clock.advance(2 * 3_600_000);
    const [, keys = ''] = (await at('/_local/part')).text.split('<h2>Keys</h2>');
    const states = linesOf(keys).flatMap((line) => {
      const [, alias, state] = /^(\w+) \w{17} (\w+)$/.exec(line) ?? [];
      return alias === undefined ? [] : [`${alias} ${state}`];
    });
    expect(states.sort()).toEqual(['one active', 'three expired', 'two blocked']);
  });

  it('shows neither a key nor its hash, and the link that shows it only within its mail', async () => {
    const { body } = await service.generate({
      user_email: 'ada@example.com',
      send_invite_email: true,
    });
    await service.deliver();
    const mail = (await at('/_local/mails/0')).text;
    expect(mail).toMatch(/\/claim#/);
    for (const { text } of [await at('/_local'), await at('/_local/part')]) {
      expect(text).not.toContain('/claim#');
      for (const secret of [body.key, body.token]) {
        expect(text).not.toContain(secret);
        expect(mail).not.toContain(secret);
      }
    }
  });

  it('shows what people chose as text', async () => {
    await service.asAdmin({
      path: '/key/generate',
      body: { key_alias: markup, user_id: markup },
      headers: { 'litellm-changed-by': markup },
    });
    await service.deliver();
    // What a mail itself says is escaped by whoever writes it; here it is as bad as can be.
    more = [{ to: markup, subject: markup, html: markup, text: markup, at: markup }];
    const shown = await Promise.all(
      ['/_local', '/_local/part', '/_local/mails/0'].map((path) => at(path)),
    );
    for (const { text } of shown) {
      expect(text.split('&lt;img').length).toBeGreaterThan(5);
      // Neither as an element, nor as the end of an attribute.
      expect(text).not.toContain('<img');
      expect(text).not.toContain(')>"');
      expect(text).not.toContain(')&gt;"');
    }
  });

  it('shows a mail in a frame that runs no script, under a policy that lets none run', async () => {
    await service.generate({ user_email: 'ada@example.com', send_invite_email: true });
    await service.deliver();
    const { text, headers } = await at('/_local/mails/0');
    expect(/<iframe sandbox="([^"]*)"/.exec(text)?.[1]).toBe(
      'allow-popups allow-popups-to-escape-sandbox',
    );
    expect(headers['content-security-policy']).toContain("script-src 'none'");
    expect((await at('/_local/mails/1')).status).toBe(404);
  });
});

describe('who may look', () => {
  it('is whoever asks by a name of this machine', async () => {
    for (const host of ['localhost', 'localhost:4000', '127.0.0.1:4000', '[::1]:4000']) {
      expect((await at('/_local', 'GET', host)).status).toBe(200);
    }
    for (const host of ['', 'evil.example', 'localhost.evil.example', '127.0.0.1.evil.example']) {
      reads = 0;
      for (const path of ['/_local', '/_local/part', '/_local/mails/0', '/_local/nope']) {
        expect((await at(path, 'GET', host)).status).toBe(403);
      }
      expect(reads).toBe(0);
    }
  });

  it('only reads', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect((await at('/_local', method)).status).toBe(405);
    }
  });

  it('is no page of another site', async () => {
    for (const path of ['/_local', '/_local/part', '/_local/nope']) {
      const { headers } = await at(path);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
      expect(headers['content-security-policy']).toContain("frame-ancestors 'self'");
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('leaves every other path to the API', async () => {
    for (const path of ['/', '/key/info', '/_localhost', '/_LOCAL', '/ui/_local']) {
      expect(await view('GET', path, 'localhost')).toBeNull();
    }
  });
});
