/** Every mail and the claim page in a real browser: on a desk and on a phone, in light and in dark. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimPageViews } from '../../scripts/browser/claim-page-views.ts';
import { openBrowser } from '../../scripts/browser/open-browser.ts';
import { looks, type Opened } from '../../scripts/browser/picture.ts';
import { mailSamples } from '../fixtures/mail-samples.ts';
import { illegible } from './legibility.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 60_000);
afterAll(() => browser.close());

async function troubles(open: Opened): Promise<string[]> {
  const found: string[] = [];
  for (const { width, colorScheme } of looks) {
    const page = await browser.newPage({ viewport: { width, height: 640 }, colorScheme });
    await open(page);
    found.push(...(await illegible(page)).map((what) => `${width} px, ${colorScheme}: ${what}`));
    await page.close();
  }
  return found;
}

describe('people can read', () => {
  it.each([...mailSamples()])('the mail %s', async (_, { mail }) => {
    expect(await troubles((page) => page.setContent(mail.html))).toEqual([]);
  });

  it.each(claimPageViews)('the page %s', async (_, open) => {
    expect(await troubles(open)).toEqual([]);
  });

  it('what the check would not miss', async () => {
    const page = await browser.newPage({ viewport: { width: 375, height: 640 } });
    await page.setContent('<p style="color:#eee;width:600px">pale</p><p>black</p>');
    expect(await illegible(page)).toEqual([
      '"pale" has a contrast of 1.2',
      expect.stringMatching(/px too wide$/),
    ]);
  });
});

describe('a mail', () => {
  it('fetches nothing from anywhere, without a logo', async () => {
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    for (const { mail } of mailSamples().values()) await page.setContent(mail.html);
    expect(asked).toEqual([]);
  });
});
