import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { forwarder } from '../../scripts/local/forward.ts';
import { readBody } from '../../scripts/local/listen.ts';
import {
  type LocalEnvironment,
  startLocalEnvironment,
} from '../../scripts/local/local-environment.ts';
import { identify } from '../../scripts/local/processes.ts';
import { mustCall, rootClient } from '../../scripts/local/root-client.ts';

let stateDir: string;
let running: LocalEnvironment | null = null;
let log: string[] = [];

beforeAll(async () => {
  vi.stubEnv('AWS_PROFILE', 'the-users-own');
  stateDir = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  running = await start(0);
}, 120_000);

afterEach(() => {
  log = [];
});

afterAll(async () => {
  await running?.stop();
  vi.unstubAllEnvs();
  rmSync(stateDir, { recursive: true, force: true });
});

const start = (port: number) =>
  startLocalEnvironment({
    stateDir,
    persist: true,
    port,
    log: (line) => log.push(line),
    app: join(import.meta.dirname, 'fixtures', 'small-app'),
    context: { seen: join(stateDir, 'seen') },
  });

/** Stops the running environment, does something to the state, and starts it again on the same port. */
async function restart(between: () => void = () => {}): Promise<LocalEnvironment> {
  const { baseUrl } = environment();
  await environment().stop();
  running = null;
  between();
  running = await start(Number(new URL(baseUrl).port));
  return running;
}

function environment(): LocalEnvironment {
  if (running === null) throw new Error('Not running');
  return running;
}

async function putItem(pk: string): Promise<void> {
  const { aws, outputs } = environment();
  const forward = forwarder(aws.endpoint);
  const item = { TableName: outputs.KeysTableName, Item: { pk: { S: pk } } };
  await mustCall(rootClient(forward), 'DynamoDB_20120810.PutItem', item);
  forward.close();
}

function seenBy(reader: string): string[] {
  const file = join(stateDir, `seen-${reader}`);
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

const bothSee = (pk: string) =>
  vi.waitFor(() => {
    for (const reader of ['first', 'second']) expect(seenBy(reader)).toContain(pk);
  }, 10_000);

/** Node's own client: fetch would tidy up the path and join headers before they are sent. */
function send(
  host: string,
  path: string,
): Promise<{ cookies: string[] | undefined; text: string }> {
  const { port } = new URL(environment().baseUrl);
  const headers = [
    'x-twice',
    '1',
    'x-twice',
    '2',
    'content-type',
    'application/json',
    'Host',
    'localhost',
  ];
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port, method: 'POST', path, headers }, (incoming) => {
      readBody(incoming).then((body) => {
        resolve({ cookies: incoming.headers['set-cookie'], text: body.toString() });
      }, reject);
    });
    outgoing.on('error', reject);
    outgoing.end('{"name":"ключ"}');
  });
}

test('serves the deployed function with path, query, headers and body as they were sent', async () => {
  const { text, cookies } = await send('127.0.0.1', '/a%25b/c%20d?x=1&x=2&y=%20a+b');
  const { event, node, aws } = JSON.parse(text);
  expect(event).toMatchObject({
    rawPath: '/a%25b/c d',
    rawQueryString: 'x=1&x=2&y=%20a+b',
    body: '{"name":"ключ"}',
    isBase64Encoded: false,
  });
  expect(event.headers['x-twice'].split(/, ?/)).toEqual(['1', '2']);
  expect(event.headers['x-forwarded-for']).toBe('127.0.0.1');
  expect(cookies).toEqual(['a=1', 'b=2']);
  expect({ node, aws }).toEqual({ node: process.version, aws: null });
});

test('serves both loopback addresses', async () => {
  const { text } = await send('::1', '/six');
  expect(JSON.parse(text).event.rawPath).toBe('/six');
});

test.each([
  '/health',
  '/login',
  '/_ministack/reset',
  '/_ministack/health',
  '/_localstack/x',
  '/restapis/a/b/_user_request_/c',
])('keeps %s for the API, not for the local AWS', async (path) => {
  const { text } = await send('127.0.0.1', path);
  expect(JSON.parse(text).event.rawPath).toBe(path);
});

test('starts again without a deploy, and both readers get the first record after the restart', async () => {
  for (const pk of ['one', 'two', 'three']) await putItem(pk);
  await bothSee('three');
  await restart();
  expect(log).toContain('nothing has changed, so nothing is deployed');
  await putItem('first after the restart');
  await bothSee('first after the restart');
  // What they had seen before is not delivered again.
  expect(seenBy('first').filter((pk) => pk === 'three')).toHaveLength(1);
}, 60_000);

test('builds anew a stack that was not restored, with the items kept', async () => {
  await restart(() => rmSync(join(stateDir, 'ministack', 'apigateway.json')));
  expect(log).toContain(
    'the local AWS did not restore the whole stack: building it anew, keys carried over',
  );
  const { text } = await send('127.0.0.1', '/again');
  expect(JSON.parse(text).event.rawPath).toBe('/again');
  const { aws, outputs } = environment();
  const forward = forwarder(aws.endpoint);
  const key = { TableName: outputs.KeysTableName, Key: { pk: { S: 'one' } } };
  const { Item } = await mustCall(rootClient(forward), 'DynamoDB_20120810.GetItem', key);
  forward.close();
  expect(Item).toEqual({ pk: { S: 'one' } });
}, 120_000);

test('refuses a second run in the same folder', async () => {
  await expect(start(0)).rejects.toThrow(`is in use by pid ${process.pid}`);
});

test('leaves no process behind', async () => {
  const { pid } = environment().aws;
  expect(await identify(pid)).not.toBeNull();
  await environment().stop();
  running = null;
  expect(await identify(pid)).toBeNull();
  expect(() => process.kill(-pid, 0)).toThrow('ESRCH');
}, 30_000);
