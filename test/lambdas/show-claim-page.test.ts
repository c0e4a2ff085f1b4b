/** `GET /claim`: the page behind the link of a mail. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { claimPagePath, compiledClaimPage } from '../../scripts/claim-page.ts';
import { startedService } from '../fakes/service.ts';
import { untouched } from './fixtures/calls.ts';
import { claim, mailed } from './fixtures/claims.ts';

async function page() {
  const service = await startedService();
  return service.send({ method: 'GET', path: '/claim' });
}

const inside = (html: string, tag: string): string[] =>
  [...html.matchAll(new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`, 'g'))].map(([, text = '']) => text);

describe('show-claim-page', () => {
  it('is made of its source: npm run claim-page', async () => {
    expect(await readFile(claimPagePath, 'utf8')).toBe(await compiledClaimPage());
  });

  it('answers HTML that nobody keeps, frames, sniffs or indexes', async () => {
    const { status, headers, body } = await page();
    expect(status).toBe(200);
    expect(body).toMatch(/^<!doctype html>/);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'x-robots-tag': 'noindex, nofollow',
    });
  });

  it('lets its own style and script run, and nothing else', async () => {
    const { headers, body } = await page();
    const hash = (text = '') => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const [scripts, styles] = [inside(body, 'script'), inside(body, 'style')];
    expect([scripts.length, styles.length]).toEqual([1, 1]);
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; script-src ${hash(scripts[0])}; style-src ${hash(styles[0])}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(body).not.toMatch(/\s(style|on[a-z]+)="/);
  });

  it('has nothing from elsewhere in it, and sets no HTML that it was sent', async () => {
    const { body } = await page();
    expect(body).not.toMatch(/\s(src|href|action)=|url\(|@import|https?:/);
    expect(body).not.toMatch(/innerHTML|insertAdjacent|document\.write|eval\(|localStorage/);
    expect(body).toContain('<noscript>');
  });

  it('spends nothing, however often a scanner looks', async () => {
    const service = await startedService();
    const { key, claim: token } = await mailed(service);
    await untouched(service, async () => {
      for (const path of [
        '/claim',
        `/claim?${token}`,
        '/claim',
        '/key/claim',
        `/key/claim?token=${token}`,
      ]) {
        for (const method of ['GET', 'HEAD', 'OPTIONS']) await service.send({ method, path });
      }
    });
    expect((await claim(service, token)).body.key).toBe(key);
  });
});
