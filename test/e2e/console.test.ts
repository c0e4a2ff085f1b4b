/** The console on the deployed stack: from its files through the gateway to a key and its trail. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { signIn } from '../../scripts/browser/console-views.ts';
import { openBrowser } from '../../scripts/browser/open-browser.ts';
import { info, masterKey, verify } from './api-client.ts';

const { baseUrl } = inject('deployed');
let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

it('makes a key, shows its trail when that is there, and ends it', async () => {
  const page = await browser.newPage();
  const asked: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();

  await page.goto(`${baseUrl}/ui`);
  await signIn(page, masterKey);
  await press('New key');
  await page.getByLabel('Alias', { exact: true }).fill('made/in-the-console');
  await press('Create key');
  const value = (await page.locator('#value').textContent()) ?? '';
  await press('I have kept it');
  await page.locator('.timeline').getByText('Created').waitFor();
  const keyId = page.url().split('/').at(-1) ?? '';
  expect((await verify({ key: value })).body).toMatchObject({ valid: true, key_id: keyId });

  await press('Block');
  await press('Block key');
  await page.locator('.timeline').getByText('Blocked', { exact: true }).first().waitFor();
  expect((await verify({ key: value })).body.reason).toBe('blocked');

  await press('Delete');
  await press('Delete key');
  await page.getByText('made/in-the-console is deleted.').waitFor();
  expect((await info(keyId)).body.info.status).toBe('deleted');

  expect(complaints).toEqual([]);
  expect(asked.filter((url) => !url.startsWith(`${baseUrl}/`) || url.includes(value))).toEqual([]);
  await page.close();
}, 60_000);
