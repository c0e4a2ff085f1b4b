/** The server of `examples/node` as a process of its own, which asks the deployed service. */
import { spawn } from 'node:child_process';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { close, listen, readBody } from '../../scripts/local/listen.ts';
import { freePort } from '../../scripts/local/ports.ts';
import { projectDir } from '../../scripts/local/project.ts';
import { block, issued, regenerate, unblock } from './api-client.ts';
import { eventually } from './local-aws.ts';

const backend = createServer((incoming, outgoing) => {
  if (incoming.url === '/half') outgoing.write('the first half', () => outgoing.destroy());
  else outgoing.end(JSON.stringify(incoming.headers));
});
let url: string;
let ownKey: string;
let ended: () => Promise<unknown>;

beforeAll(async () => {
  ownKey = (await issued({ key_type: 'read_only' })).key;
  const port = await freePort();
  url = `http://localhost:${port}`;
  const gate = spawn(process.execPath, [join(projectDir, 'examples', 'node', 'check-key.ts')], {
    env: {
      LATCHKEY_URL: inject('deployed').baseUrl,
      LATCHKEY_KEY: ownKey,
      BACKEND_URL: `http://127.0.0.1:${await listen(backend, 0)}`,
      PORT: String(port),
    },
    stdio: 'ignore',
  });
  ended = () => {
    const closed = new Promise((resolve) => gate.once('close', resolve));
    gate.kill();
    return closed;
  };
  await eventually(() => fetch(url).catch(() => null), 20_000);
});
afterAll(async () => {
  await ended();
  await close(backend);
});

const sent = async (key?: string) => {
  const headers: Record<string, string> =
    key === undefined ? {} : { authorization: `Bearer ${key}` };
  const response = await fetch(url, { headers });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) };
};

it('lets a good key in, and tells the server behind it whose it is', async () => {
  const { key, key_id } = await issued({ user_id: 'ada' });
  const { status, body } = await sent(key);
  expect([status, body['x-key-id'], body['x-user-id']]).toEqual([200, key_id, 'ada']);
  expect(JSON.stringify(body)).not.toContain(key);
});

it('tells so too where the client names those headers in Connection', async () => {
  const { key, key_id } = await issued({ user_id: 'ada' });
  const headers = { authorization: `Bearer ${key}`, connection: 'close, x-user-id, x-key-id' };
  const text = await new Promise<string>((resolve, reject) => {
    const outgoing = request(url, { headers }, (answer) => {
      readBody(answer).then((body) => resolve(body.toString()), reject);
    });
    outgoing.on('error', reject).end();
  });
  const body = JSON.parse(text);
  expect([body['x-key-id'], body['x-user-id']]).toEqual([key_id, 'ada']);
  expect(body.connection).not.toContain('x-');
});

it('breaks off where the server behind it does', async () => {
  const { key } = await issued();
  const headers = { authorization: `Bearer ${key}` };
  const response = await fetch(`${url}/half`, { headers, signal: AbortSignal.timeout(10_000) });
  await expect(response.text()).rejects.toThrow('terminated');
});

it('refuses from the next request on what is blocked, rotated away, unknown or missing', async () => {
  const { key } = await issued();
  expect((await sent(key)).status).toBe(200);
  await block({ key });
  expect((await sent(key)).status).toBe(401);
  await unblock({ key });
  expect((await sent(key)).status).toBe(200);
  await regenerate({ key });
  expect((await sent(key)).status).toBe(401);
  expect((await sent('sk-unknown')).status).toBe(401);
  expect((await sent()).status).toBe(401);
});

it('answers 503 while its own key is blocked', async () => {
  const { key } = await issued();
  await block({ key: ownKey });
  expect((await sent(key)).status).toBe(503);
  await unblock({ key: ownKey });
  expect((await sent(key)).status).toBe(200);
});
