import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startBackground } from '../../scripts/dev/background.ts';
import { freePort, isFree } from '../../scripts/local/ports.ts';
import { startedService } from '../fakes/service.ts';
import { type Dev, startDev } from '../fixtures/dev-process.ts';

const limitMs = 20_000;

describe('npm run dev', () => {
  let port: number;
  let dev: Dev;

  beforeAll(async () => {
    port = await freePort();
    dev = startDev(port);
    await vi.waitFor(() => expect(dev.output()).toContain('Ready in'), limitMs);
  }, limitMs + 5000);

  afterAll(() => {
    dev.child.kill('SIGKILL');
  });

  const at = (path: string, init: RequestInit = {}) =>
    fetch(`http://localhost:${port}${path}`, { ...init, signal: AbortSignal.timeout(limitMs) });

  const shown = async (path: string) => (await at(path)).text();

  /** The body of what must be a 200. */
  const posted = async (path: string, body?: object) => {
    const response = await at(path, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-1234', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    expect(response.status, text).toBe(200);
    return JSON.parse(text);
  };

  /** The status, with a Host header or an address that fetch would not use. */
  const statusOf = (path: string, host: string, address = '127.0.0.1') =>
    new Promise<number | undefined>((resolve, reject) => {
      const options = { port, path, host: address, headers: { host }, timeout: limitMs };
      const outgoing = request(options, (incoming) => {
        incoming.resume();
        resolve(incoming.statusCode);
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error('No answer')));
      outgoing.on('error', reject);
      outgoing.end();
    });

  it('generates a key, and shows its mail, audit record and secret', async () => {
    const response = await at('/key/generate', {
      method: 'POST',
      headers: { authorization: 'Bearer sk-1234', 'content-type': 'application/json' },
      body: JSON.stringify({
        key_alias: 'a "quoted" <b>alias</b>',
        user_email: 'ada@example.com',
        send_invite_email: true,
      }),
    });
    expect(response.status).toBe(200);
    const { key, token, key_id } = JSON.parse(await response.text());
    expect(key).toMatch(/^sk-lk_/);

    const mails = await shown('/_dev/mails.json');
    expect(JSON.parse(mails)).toEqual([
      expect.objectContaining({
        to: 'ada@example.com',
        subject: expect.stringContaining('API Key Created'),
      }),
    ]);
    const page = await shown('/_dev');
    expect(page).toContain('a &quot;quoted&quot; &lt;b&gt;alias');
    expect(page).toContain('to ada@example.com');
    const mail = await shown('/_dev/mails/0');
    // Escaped by the mail for its HTML, and by the page for the attribute that holds it.
    expect(mail).toContain('&amp;lt;b&amp;gt;alias');
    await vi.waitFor(() => expect(dev.output()).toContain('Mail to ada@example.com'), limitMs);
    for (const text of [page, mail, mails, dev.output()]) {
      expect(text).not.toContain(key);
      expect(text).not.toContain(token);
    }

    const records = JSON.parse(await shown('/_dev/audit'));
    expect(records).toContainEqual(expect.objectContaining({ key_id, seq: 1, action: 'created' }));
    const secrets = JSON.parse(await shown('/_dev/secrets'));
    expect(secrets).toEqual([
      expect.objectContaining({ value: 'sk-1234', deleted_at: null }),
      expect.objectContaining({ value: key, deleted_at: null }),
    ]);
  });

  it('rotates a key and deletes it, with a record of each, a mail and what is left of its secret', async () => {
    const { key_id } = await posted('/key/generate', {
      key_alias: 'gone',
      user_id: 'eve@example.com',
    });
    const { key } = await posted(`/key/${key_id}/regenerate`);
    expect(await posted('/key/delete', { keys: [key] })).toEqual({
      deleted_keys: [key],
      failed_tokens: [],
    });
    const records: { key_id: string; action: string }[] = JSON.parse(await shown('/_dev/audit'));
    const actions = records.filter((each) => each.key_id === key_id).map(({ action }) => action);
    expect(actions).toEqual(['created', 'rotated', 'deleted']);
    expect(JSON.parse(await shown('/_dev/mails.json'))).toContainEqual(
      expect.objectContaining({
        to: 'eve@example.com',
        subject: expect.stringContaining('API Key Rotated'),
      }),
    );
    expect(JSON.parse(await shown('/_dev/secrets'))).toContainEqual(
      expect.objectContaining({
        name: 'litellm/gone',
        value: null,
        deleted_at: expect.any(String),
      }),
    );
  });

  it('rotates the admin key, whose former value is let in for a while', async () => {
    const rotated = await posted('/key/regenerate', { key: 'sk-1234' });
    expect(rotated).toMatchObject({ key_id: 'master', overlap_until: expect.any(String) });
    expect(JSON.parse(await shown('/_dev/secrets'))[0]).toMatchObject({ value: rotated.key });
    await posted('/key/generate', {});
  });

  it('gives every request an id of its own', async () => {
    const ids = [await at('/nope'), await at('/nope')].map(({ headers }) =>
      headers.get('x-request-id'),
    );
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('joins a repeated header as API Gateway does, so that two keys are none', async () => {
    const status = await new Promise((resolve, reject) => {
      const twice = ['authorization', 'Bearer sk-1234', 'authorization', 'Bearer sk-1234'];
      const outgoing = request(
        { port, path: '/key/info', headers: ['host', 'localhost', ...twice], timeout: limitMs },
        (incoming) => {
          incoming.resume();
          resolve(incoming.statusCode);
        },
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
    expect(status).toBe(401);
  });

  it('shows nothing of itself under another host name than its own', async () => {
    const own = [`localhost:${port}`, '127.0.0.1', '[::1]:4000'];
    for (const host of own) expect(await statusOf('/_dev/secrets', host)).toBe(200);
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example']) {
      expect(await statusOf('/_dev/secrets', host)).toBe(403);
    }
  });

  it('is not there on another address of this machine', async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const { address } of outside) {
      await expect(statusOf('/', 'localhost', address)).rejects.toThrow('ECONNREFUSED');
    }
  });

  it('says who has its port', async () => {
    const second = startDev(port);
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(`Port ${port} is taken by pid ${dev.child.pid}`);
    expect(second.output()).toContain('npm run dev');
  });

  it('stops at once at Ctrl-C, and leaves nothing', async () => {
    dev.child.kill('SIGINT');
    expect(await dev.ended).toBe(0);
    expect(await isFree(port)).toBe(true);
  });
});

describe('what happens beside the requests', () => {
  afterEach(() => {
    vi.clearAllTimers();
    vi.useRealTimers();
  });

  it('closes what was left open, and the readers hear of it, without another request', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    const service = await startedService();
    const onMail = vi.fn();
    startBackground(service, onMail);
    service.secrets.trouble('lost-answer', 'unanswered');
    const { status } = await service.generate({
      key_alias: 'alpha',
      user_email: 'ada@example.com',
      send_invite_email: true,
    });
    expect(status).toBe(503);
    await vi.advanceTimersByTimeAsync(5000);
    const open = service.table.rows().filter(({ intent }) => intent !== null);
    expect(open).toHaveLength(1);

    service.clock.advance(10 * 60_000);
    await vi.advanceTimersByTimeAsync(5000);
    const [before] = open;
    const after = service.table.row(before?.keyId ?? '');
    expect(after?.intent).toBeNull();
    expect(service.trail.of(before?.keyId ?? '').length).toBe(after?.seq);
  });

  it('holds back no audit record for a mail that cannot go out', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    const service = await startedService();
    const background = startBackground(service, vi.fn());
    service.mailer.send = async () => ({ kind: 'unanswered' });
    const { body } = await service.generate({
      user_email: 'ada@example.com',
      send_invite_email: true,
    });
    await background.deliver();
    expect(service.trail.of(body.key_id)).toHaveLength(1);
    expect(background.mails).toEqual([]);
  });
});
