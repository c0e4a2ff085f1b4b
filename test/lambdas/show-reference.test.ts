/** `GET /openapi.json` and `GET /docs`: the description of the API, and the page that shows it. */
import { readFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { assetsOf } from '../../lambdas/shared/http/asset.ts';
import { startedService } from '../fakes/service.ts';
import { askedFor } from './fixtures/assets.ts';
import { untouched } from './fixtures/calls.ts';

const files = ['reference.js', 'swagger-ui.css', 'swagger-ui-bundle.js'] as const;

describe('show-openapi', () => {
  it('answers the description that is in the repository, to whoever asks from wherever', async () => {
    const { status, headers, bytes } = await askedFor('/openapi.json');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
    });
    expect(JSON.parse(bytes.toString())).toEqual(
      JSON.parse(await readFile('docs/openapi.json', 'utf8')),
    );
  });
});

describe('show-reference', () => {
  it.each([
    ['/docs', 'text/html; charset=utf-8'],
    ['/docs/reference.js', 'text/javascript; charset=utf-8'],
    ['/docs/swagger-ui.css', 'text/css; charset=utf-8'],
    ['/docs/swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ])(
    'answers %s as what it is, and lets a page run and call nothing of elsewhere',
    async (target, type) => {
      const { status, headers, bytes } = await askedFor(target);
      expect([status, headers['content-type']]).toEqual([200, type]);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(bytes.length).toBeGreaterThan(100);
    },
  );

  it('has nothing from elsewhere in its page, and its page has all of its files', async () => {
    const page = (await askedFor('/docs')).bytes.toString();
    expect(page).not.toMatch(/https?:/);
    const named = [...page.matchAll(/"docs\/([^"]+)"/g)].map(([, name]) => name);
    expect(new Set(named)).toEqual(new Set(files));
  });

  it('compresses for those who take that, and for nobody else', async () => {
    const plain = await askedFor('/docs/swagger-ui.css');
    const packed = await askedFor('/docs/swagger-ui.css', { 'accept-encoding': 'br, gzip' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
    expect(gunzipSync(packed.bytes)).toEqual(plain.bytes);
    expect(packed.bytes.length).toBeLessThan(plain.bytes.length / 3);
  });

  it('sends a file once, as long as it stays the same', async () => {
    const first = await askedFor('/docs/reference.js');
    const again = await askedFor('/docs/reference.js', {
      'if-none-match': String(first.headers['etag']),
    });
    expect([again.status, again.bytes.length]).toEqual([304, 0]);
    const other = await askedFor('/docs/reference.js', { 'if-none-match': '"other"' });
    expect(other.status).toBe(200);
  });

  it.each([
    '/docs/index.html',
    '/docs/package.json',
    '/docs/..%2findex.js',
    '/docs/%2e%2e',
    '/docs/__proto__',
  ])('has no file %s', async (target) => {
    const { status, bytes } = await askedFor(target);
    expect([status, JSON.parse(bytes.toString()).error.type]).toEqual([404, 'not_found_error']);
  });

  it('unzips a file once, however often it is asked for so', () => {
    const zipped = gzipSync('all of it');
    const asset = assetsOf(() => zipped, ['a.css']);
    const request = {
      id: 'request-1',
      method: 'GET',
      path: '/docs/a.css',
      route: '/docs/{file}',
      params: { file: 'a.css' },
      query: new URLSearchParams(),
      body: null,
      sourceIp: null,
    };
    const bytesOf = (headers: Record<string, string>) =>
      asset({ ...request, headers }, 'a.css').bytes;
    const first = bytesOf({});
    expect(first?.toString()).toBe('all of it');
    expect(bytesOf({ 'accept-encoding': 'gzip' })).toBe(zipped);
    expect(bytesOf({})).toBe(first);
  });

  it('changes nothing', async () => {
    const service = await startedService();
    await untouched(service, () => service.send({ method: 'GET', path: '/docs' }));
  });
});
