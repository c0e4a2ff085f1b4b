import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startApiProxy } from '../../scripts/local/api-proxy.ts';
import { cleanEnvironment } from '../../scripts/local/clean-environment.ts';
import { assertLoopback, deploy } from '../../scripts/local/deploy.ts';
import { fingerprint } from '../../scripts/local/fingerprint.ts';
import { close, listen } from '../../scripts/local/listen.ts';
import { checkStateFormat } from '../../scripts/local/state-format.ts';
import { rewindStreamReaders } from '../../scripts/local/stream-positions.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('the port of the API', () => {
  test.each(['127.0.0.1', '::1'])(
    'taken on %s is refused in one line that names the holder',
    async (host) => {
      const server = createServer();
      const port = await listen(server, 0, host);
      try {
        await expect(startApiProxy(port)).rejects.toThrow(
          new RegExp(`^Port ${port} is taken by pid ${process.pid}, .+PORT=4001 npm start$`),
        );
      } finally {
        await close(server);
      }
    },
  );

  test('is answered 503 until there is something to serve, and free again after the stop', async () => {
    const proxy = await startApiProxy(0);
    expect((await fetch(`${proxy.baseUrl}/key/info`)).status).toBe(503);
    await proxy.stop();
    const again = await startApiProxy(Number(new URL(proxy.baseUrl).port));
    await again.stop();
  });

  test('is answered 503 when the local AWS does not answer', async () => {
    const proxy = await startApiProxy(0);
    proxy.serve({ endpoint: 'http://127.0.0.1:1', apiId: 'abc' });
    expect((await fetch(proxy.baseUrl)).status).toBe(503);
    await proxy.stop();
  });

  test('refuses a body of more than 10 MB, as API Gateway does', async () => {
    const proxy = await startApiProxy(0);
    proxy.serve({ endpoint: 'http://127.0.0.1:1', apiId: 'abc' });
    const body = Buffer.alloc(10 * 1024 * 1024 + 1);
    expect((await fetch(proxy.baseUrl, { method: 'POST', body })).status).toBe(413);
    await proxy.stop();
  });
});

describe("the user's AWS account", () => {
  test('is out of reach: no setting, profile or file of it is passed on', () => {
    for (const name of [
      'AWS_PROFILE',
      'AWS_ACCESS_KEY_ID',
      'AWS_SESSION_TOKEN',
      'AWS_ENDPOINT_URL',
    ]) {
      vi.stubEnv(name, 'mine');
    }
    const passed = cleanEnvironment(folder);
    expect(Object.entries(passed).filter(([name]) => name.startsWith('AWS_'))).toEqual([
      ['AWS_CONFIG_FILE', '/dev/null'],
      ['AWS_SHARED_CREDENTIALS_FILE', '/dev/null'],
      ['AWS_EC2_METADATA_DISABLED', 'true'],
    ]);
    expect(passed.HOME).toBe(folder);
  });

  test.each([
    'https://dynamodb.us-east-1.amazonaws.com',
    'http://10.0.0.1:4566',
    'http://127.0.0.1.evil.example',
  ])('is not deployed to: %s', async (url) => {
    expect(() => assertLoopback(url)).toThrow('to this machine only');
    const local = 'http://127.0.0.1:1';
    const options = {
      endpoint: url,
      guardUrl: local,
      baseUrl: local,
      workDir: folder,
      log: () => {},
    };
    await expect(deploy(options)).rejects.toThrow('to this machine only');
  });

  test.each(['http://127.0.0.1:1', 'http://localhost:1', 'http://[::1]:1'])(
    '%s is this machine',
    (url) => {
      expect(() => assertLoopback(url)).not.toThrow();
    },
  );
});

describe('the state folder', () => {
  test('of this release is accepted, new or used', () => {
    checkStateFormat(folder);
    expect(() => checkStateFormat(folder)).not.toThrow();
  });

  test.each([['0'], ['99']])('of format %s is refused with the way out', (format) => {
    writeFileSync(join(folder, 'release'), format);
    expect(() => checkStateFormat(folder)).toThrow(
      /another release \(format \d+, .*npm start -- --reset/,
    );
  });

  test('without a format, but not empty, is refused too', () => {
    writeFileSync(join(folder, 'ports.json'), '{}');
    expect(() => checkStateFormat(folder)).toThrow('format none');
  });

  test('without stream readers, or of an unknown form, is left as it is', () => {
    expect(() => rewindStreamReaders(folder)).not.toThrow();
    writeFileSync(join(folder, 'lambda.json'), '{"payload":{}}');
    expect(() => rewindStreamReaders(folder)).not.toThrow();
  });
});

describe('the fingerprint of what is deployed', () => {
  test('changes with a source and with the context, and with nothing else', () => {
    const now = () => fingerprint({ baseUrl: 'a' }, folder);
    const empty = now();
    writeFileSync(join(folder, 'README.md'), 'not deployed');
    expect(now()).toBe(empty);
    writeFileSync(join(folder, 'cdk.json'), '{}');
    const first = now();
    expect(first).not.toBe(empty);
    writeFileSync(join(folder, 'cdk.json'), '{ }');
    expect(now()).not.toBe(first);
    expect(fingerprint({ baseUrl: 'b' }, folder)).not.toBe(now());
  });
});
