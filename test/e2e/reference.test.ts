/** The reference as somebody new meets it: a real browser on the deployed stack, without a network. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { openBrowser } from '../../scripts/browser/open-browser.ts';
import { issued, remove } from './api-client.ts';

const { baseUrl } = inject('deployed');
let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

it('shows every route, and sends a call as the key that was typed in', async () => {
  const { key, key_id } = await issued({ key_alias: 'reader/of-the-reference' });
  const page = await browser.newPage();
  const asked: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));

  await page.goto(`${baseUrl}/docs`);
  await page.waitForSelector('.opblock');
  const document = await (await fetch(`${baseUrl}/openapi.json`)).json();
  const routes = Object.values<object>(document.paths).flatMap((path) => Object.keys(path));
  expect(await page.locator('.opblock').count()).toBe(routes.length);
  expect(await page.textContent('.info .version')).toContain(document.info.version);

  await page.click('.btn.authorize');
  await page.fill('.auth-container input', key);
  await page.click('.auth-btn-wrapper .authorize');
  await page.click('.btn-done');
  await page.click('[id$="show-key-info-key-info"] .opblock-summary-control');
  await page.click('.try-out__btn');
  await page.click('.execute');
  const told = page.locator('.live-responses-table .response-col_description').last();
  await told.waitFor();
  expect(await told.textContent()).toContain(key_id);

  expect(complaints).toEqual([]);
  expect(asked.filter((url) => !url.startsWith(`${baseUrl}/`))).toEqual([]);
  await remove({ keys: [key_id] });
}, 60_000);
