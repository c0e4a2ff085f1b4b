/** `GET /ui`: the page of the console, and its files. */
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { askedFor } from './fixtures/assets.ts';
import { untouched } from './fixtures/calls.ts';

describe('show-console', () => {
  it.each([
    ['/ui', 'text/html; charset=utf-8'],
    ['/ui/console.js', 'text/javascript; charset=utf-8'],
    ['/ui/console.css', 'text/css; charset=utf-8'],
  ])('answers %s as what it is, and lets nothing in it reach elsewhere', async (target, type) => {
    const { status, headers, bytes } = await askedFor(target);
    expect([status, headers['content-type']]).toEqual([200, type]);
    expect(headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(bytes.length).toBeGreaterThan(100);
  });

  it('has no script and no style in its page, and nothing from elsewhere', async () => {
    const page = (await askedFor('/ui')).bytes.toString();
    expect(page).not.toMatch(/<style|style=|<script[^>]*>[^<]|\son\w+=/);
    expect([...page.matchAll(/https?:[^'"]*/g)].map(([url]) => url)).toEqual([
      // The name of a format, which is not fetched.
      'http://www.w3.org/2000/svg',
    ]);
    const files = [...page.matchAll(/"ui\/([^"]+)"/g)].map(([, name]) => name);
    expect(new Set(files)).toEqual(new Set(['console.css', 'console.js']));
  });

  it('keeps nothing in the browser: its script names no place to keep it', async () => {
    const script = (await askedFor('/ui/console.js')).bytes.toString();
    expect(script).not.toMatch(/localStorage|sessionStorage|indexedDB|\.cookie\b|caches\b/);
  });

  it('is small: page, script and style take 19 kB on their way', async () => {
    const sizes = await Promise.all(
      ['/ui', '/ui/console.js', '/ui/console.css'].map(async (target) => {
        const { bytes } = await askedFor(target, { 'accept-encoding': 'gzip' });
        expect(gunzipSync(bytes).length).toBeGreaterThan(bytes.length);
        return bytes.length;
      }),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(19_000);
  });

  it.each([
    '/ui/index.html',
    '/ui/package.json',
    '/ui/main.tsx',
    '/ui/..%2findex.js',
    '/ui/__proto__',
  ])('has no file %s', async (target) => {
    const { status, bytes } = await askedFor(target);
    expect([status, JSON.parse(bytes.toString()).error.type]).toEqual([404, 'not_found_error']);
  });

  it('changes nothing', async () => {
    const service = await startedService();
    await untouched(service, () => service.send({ method: 'GET', path: '/ui' }));
  });
});
