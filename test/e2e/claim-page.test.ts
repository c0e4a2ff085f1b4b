/** The claim page as its reader meets it: a real browser, from the mail to the key, on the deployed stack. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { openBrowser } from '../../scripts/browser/open-browser.ts';
import { issued, verify } from './api-client.ts';
import { eventually, mailsTo } from './local-aws.ts';
import { trailOf } from './trail.ts';

const { baseUrl } = inject('deployed');
let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

const actionsOf = async (keyId: string) => (await trailOf(keyId)).map(({ action }) => action);

it('shows the key once, to the person who presses the button and to no scanner before', async () => {
  const address = 'reader@example.com';
  const { key, key_id } = await issued({
    key_alias: 'claim/page',
    user_email: address,
    send_invite_email: true,
  });
  const link = await eventually(async () => {
    const [mail] = await mailsTo(address);
    return /http\S+\/claim#\S+/.exec(mail?.BodyText ?? '')?.[0] ?? null;
  });
  expect(link.startsWith(baseUrl)).toBe(true);

  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  const asked: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => asked.push(`${request.method()} ${request.url()}`));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));

  // A scanner follows the link, in a browser of its own, more than once.
  for (let visit = 0; visit < 3; visit += 1) {
    await page.goto('about:blank');
    await page.goto(link);
    await page.waitForTimeout(200);
  }
  expect(new Set(asked)).toEqual(new Set([`GET ${baseUrl}/claim`]));
  expect(await page.textContent('body')).not.toContain(key);
  expect(await actionsOf(key_id)).toEqual(['created']);

  await page.click('text=Show my key');
  await page.waitForSelector('#key:visible');
  expect(await page.textContent('#key')).toBe(key);
  await page.click('#copy');
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(key);
  expect(page.url()).toBe(`${baseUrl}/claim`);
  expect(asked.at(-1)).toBe(`POST ${baseUrl}/key/claim`);
  expect((await verify({ key })).body).toMatchObject({ valid: true });

  await page.goto('about:blank');
  await page.goto(link);
  await page.click('text=Show my key');
  await page.waitForSelector('#refused:visible');
  expect(await page.textContent('#refused-title')).toBe('This link has been used');
  expect(await page.textContent('body')).not.toContain(key);
  await eventually(async () => {
    const actions = await actionsOf(key_id);
    return actions.includes('claim_reused') ? actions : null;
  });
  expect(await actionsOf(key_id)).toEqual(['created', 'claimed', 'claim_reused']);
  const told = await eventually(async () => {
    const mails = await mailsTo(address);
    return mails.length >= 2 ? mails : null;
  });
  expect(told.at(-1)?.Subject ?? JSON.stringify(told.at(-1))).toContain('Used Twice');
  // A refusal is an answer, and browsers note it; nothing else is wrong.
  expect(complaints.filter((text) => !text.includes('410'))).toEqual([]);
  await context.close();
});
