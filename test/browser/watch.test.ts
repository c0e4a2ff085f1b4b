/** The page of `npm start` in a real browser, over the service in this process. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBrowser } from '../../scripts/browser/open-browser.ts';
import { consoleService } from '../fixtures/console-service.ts';

/** Where the service says that it is. */
const keys = 'http://keys.example';

let browser: Browser;
let service: Awaited<ReturnType<typeof consoleService>>;
beforeAll(async () => {
  browser = await openBrowser();
  service = await consoleService({ baseUrl: keys });
}, 60_000);
afterAll(async () => {
  await browser.close();
  await service.stop();
});

it('shows what happens as it happens, and leads by the mail to the page that shows the key', async () => {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${service.baseUrl}/_local`);
  await page.getByText('None yet.').waitFor();

  await service.generate({
    key_alias: '<b>bold</b>',
    user_email: 'ada@example.com',
    send_invite_email: true,
  });
  await service.deliver();
  await page.locator('li.new', { hasText: 'mail to ada@example.com' }).waitFor();
  await page.locator('li', { hasText: 'created<b>bold</b>' }).waitFor();
  await page.getByText('active', { exact: true }).waitFor();

  await page.getByRole('link', { name: 'API Key Created' }).click();
  const link = page.frameLocator('iframe').getByRole('link', { name: 'Show my key' });
  await page.context().route(`${keys}/**`, (route) => route.fulfill({ body: 'The claim page' }));
  const opened = page.context().waitForEvent('page');
  await link.click();
  const claimPage = await opened;
  await claimPage.getByText('The claim page').waitFor();
  expect(claimPage.url()).toMatch(/^http:\/\/keys\.example\/claim#/);
  expect(complaints).toEqual([]);
  await page.context().close();
});

it('says when nobody answers any more, and goes on when somebody does', async () => {
  const page = await browser.newPage();
  await page.goto(`${service.baseUrl}/_local`);
  const state = page.getByRole('status');
  await page.getByText('Live', { exact: true }).waitFor();
  await page.route('**/_local/part', (route) => route.abort());
  await page.getByText('No answer').waitFor();
  expect(await state.textContent()).toContain('it has stopped');
  await page.unroute('**/_local/part');
  await page.getByText('Live', { exact: true }).waitFor();
  await page.context().close();
});
