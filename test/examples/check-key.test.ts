/** The server of `examples/node`, in front of one that echoes, over the in-process service. */
import { createServer, type OutgoingHttpHeaders, request } from 'node:http';
import { expect, it } from 'vitest';
import { gate } from '../../examples/node/check-key.ts';
import { readBody } from '../../scripts/local/listen.ts';
import { startedService } from '../fakes/service.ts';
import { listening, served } from '../fixtures/served.ts';
import { ask, issue } from '../lambdas/fixtures/calls.ts';

const echo = createServer((incoming, outgoing) => {
  const { method, url, headers } = incoming;
  void readBody(incoming).then((body) =>
    outgoing.writeHead(201).end(JSON.stringify({ method, url, headers, body: body.toString() })),
  );
});

async function started(backend = echo) {
  const service = await startedService();
  const { key: ownKey } = await issue(service, { key_type: 'read_only' });
  const settings = {
    latchkeyUrl: await served(service),
    ownKey,
    backendUrl: await listening(backend),
  };
  return { service, settings, url: await listening(gate(settings)) };
}

const sent = async (url: string, key: string | null, init: RequestInit = {}) => {
  const authorization = key === null ? null : { authorization: `Bearer ${key}` };
  const response = await fetch(url, { ...init, headers: { ...authorization, 'x-key-id': 'mine' } });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) };
};

/** With headers that `fetch` does not let one set, in chunks where no length is among them. */
const sentRaw = (url: string, method: string, headers: OutgoingHttpHeaders, body: string) =>
  new Promise<string>((resolve, reject) => {
    const outgoing = request(url, { method, headers }, (answer) => {
      readBody(answer).then((read) => resolve(read.toString()), reject);
    });
    outgoing.on('error', reject).end(body);
  });

it('passes the request of a good key on, with whose it is and without the key', async () => {
  const { service, url } = await started();
  const { key, key_id } = await issue(service, { user_id: 'ada' });
  const { status, body } = await sent(`${url}/v1/models?a=1`, key, { method: 'PUT', body: 'text' });
  expect(status).toBe(201);
  expect(body).toMatchObject({ method: 'PUT', url: '/v1/models?a=1', body: 'text' });
  expect(body.headers).toMatchObject({ 'x-key-id': key_id, 'x-user-id': 'ada' });
  expect(JSON.stringify(body)).not.toContain(key);
});

it('tells of whatever user id', async () => {
  const { service, url } = await started();
  const { key } = await issue(service, { user_id: 'łada@example.com' });
  const { status, body } = await sent(url, key);
  expect([status, body.headers['x-user-id']]).toEqual([201, '%C5%82ada%40example.com']);
});

it('refuses a blocked key at once, and says why', async () => {
  const { service, url } = await started();
  const { key } = await issue(service);
  expect((await sent(url, key)).status).toBe(201);
  await ask(service, { path: '/key/block', body: { key } });
  expect(await sent(url, key)).toEqual({
    status: 401,
    body: { error: { message: 'This key is not let in: blocked.' } },
  });
});

it.each([null, 'sk-unknown', 'sk-lk_malformed'])('refuses %s as a key', async (key) => {
  const { url } = await started();
  expect((await sent(url, key)).status).toBe(401);
});

it('refuses a key that is for Latchkey alone, its own among them', async () => {
  const { url, settings } = await started();
  expect((await sent(url, settings.ownKey)).status).toBe(403);
});

it('calls no key bad where it cannot tell', async () => {
  const { service, url, settings } = await started();
  const { key } = await issue(service);
  await ask(service, { path: '/key/block', body: { key: settings.ownKey } });
  expect((await sent(url, key)).status).toBe(503);
  const cut = await listening(gate({ ...settings, latchkeyUrl: 'http://127.0.0.1:1' }));
  expect((await sent(cut, key)).status).toBe(503);
});

it.each([
  ['another answer', 200, '{"valid":"true"}'],
  ['null', 200, 'null'],
  ['no JSON', 200, '<html>'],
  ['a 500', 500, '{"valid":true}'],
  ['elsewhere', 307, ''],
])('lets nobody in, calls no key bad, asks nobody else: %s', async (_, status, text) => {
  const { settings } = await started();
  let asked = 0;
  const elsewhere = createServer((_incoming, outgoing) => {
    asked += 1;
    outgoing.end('{"valid":false}');
  });
  const location = await listening(elsewhere);
  const odd = createServer((_incoming, outgoing) =>
    outgoing.writeHead(status, { location }).end(text),
  );
  const url = await listening(gate({ ...settings, latchkeyUrl: await listening(odd) }));
  expect((await sent(url, 'sk-any')).status).toBe(503);
  expect(asked).toBe(0);
});

it.each(['X-User-Id', 'keep-alive, x-user-id,X-KEY-ID'])(
  'lets nobody have a proxy behind it take away whose key it is: Connection: close, %s',
  async (names) => {
    const { service, url } = await started();
    const { key, key_id } = await issue(service, { user_id: 'ada' });
    const authorization = `Bearer ${key}`;
    const own = { connection: `close, ${names}`, te: 'trailers', 'keep-alive': 'timeout=9' };
    const text = await sentRaw(url, 'POST', { authorization, 'x-mine': 'stays', ...own }, 'text');
    const { headers, body } = JSON.parse(text);
    expect(body).toBe('text');
    expect(headers).toMatchObject({ 'x-key-id': key_id, 'x-user-id': 'ada', 'x-mine': 'stays' });
    expect(headers.connection).not.toMatch(/x-/i);
    expect(Object.keys(headers)).not.toContain('te');
    expect(Object.keys(headers)).not.toContain('keep-alive');
  },
);

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\nX-User-Id: somebody-else\r\n\r\n';

it.each<[string, OutgoingHttpHeaders]>([
  ['in chunks', { 'transfer-encoding': 'chunked' }],
  ['of a length', { 'content-length': smuggled.length }],
  [
    'of a length that Connection names',
    { 'content-length': smuggled.length, connection: 'content-length' },
  ],
  [
    'in chunks that Connection names',
    { 'transfer-encoding': 'chunked', connection: 'transfer-encoding' },
  ],
])('passes a body on as a body, whatever the method: %s', async (_, framing) => {
  const seen: string[] = [];
  const { service, url } = await started(
    createServer((incoming, outgoing) => {
      seen.push(incoming.url ?? '');
      void readBody(incoming).then((body) => outgoing.end(body));
    }),
  );
  const { key } = await issue(service);
  for (const method of ['GET', 'DELETE']) {
    const headers = { authorization: `Bearer ${key}`, ...framing };
    expect(await sentRaw(url, method, headers, smuggled)).toBe(smuggled);
  }
  expect(seen).toEqual(['/', '/']);
});

it('breaks off where the server behind it does, in the middle of an answer', async () => {
  const { service, url } = await started(
    createServer((_incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/plain' });
      outgoing.write('the first half', () => outgoing.destroy());
    }),
  );
  const { key } = await issue(service);
  const headers = { authorization: `Bearer ${key}` };
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(5000) });
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow('terminated');
});

it('breaks off its own call where the client does, in the middle of an answer', async () => {
  let left: () => void = () => undefined;
  const isLeft = new Promise<void>((resolve) => {
    left = resolve;
  });
  const { service, url } = await started(
    createServer((_incoming, outgoing) => {
      outgoing.on('close', left).write('the first half');
    }),
  );
  const { key } = await issue(service);
  const leaving = new AbortController();
  const headers = { authorization: `Bearer ${key}` };
  await fetch(url, { headers, signal: leaving.signal });
  leaving.abort();
  await isLeft;
});
