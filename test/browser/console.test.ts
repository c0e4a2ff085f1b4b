/** The console in a real browser, over the service in this process. */
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleViews, signIn } from '../../scripts/browser/console-views.ts';
import { openBrowser } from '../../scripts/browser/open-browser.ts';
import { masterKey } from '../fakes/service.ts';
import { someKeys } from '../fixtures/console-keys.ts';
import { consoleService } from '../fixtures/console-service.ts';
import { illegible } from './legibility.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 60_000);
afterAll(() => browser.close());

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const press = (page: Page, name: string) => button(page, name).click();
const field = (page: Page, name: string) => page.getByLabel(name, { exact: true });
const alert = (page: Page) => page.getByRole('alert').textContent();
const heading = (page: Page, name: string) =>
  page.getByRole('heading', { level: 1, name }).waitFor();
const link = (page: Page, name: string) =>
  page.getByRole('main').getByRole('link', { name, exact: true });

interface Asked {
  readonly call: string;
  readonly url: string;
  readonly attempt: string | undefined;
}

/** A page of a person who has just opened the console, and a look at what it does. */
async function opened(
  service: Awaited<ReturnType<typeof consoleService>>,
  hash = '',
  options: Parameters<Browser['newContext']>[0] = {},
) {
  const context = await browser.newContext({
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  });
  const page = await context.newPage();
  const asked: Asked[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    const attempt = request.headers()['idempotency-key'];
    asked.push({ call: `${request.method()} ${pathname}`, url: request.url(), attempt });
  });
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${service.baseUrl}/ui${hash}`);
  const posted = () => asked.filter(({ call }) => call.startsWith('POST'));
  return { context, page, asked, posted, complaints };
}

/** What is anywhere in the page: its text, its markup, what is in its fields, its address and title. */
const everythingIn = (page: Page): Promise<string> =>
  page.evaluate(() =>
    [
      document.documentElement.outerHTML,
      ...Array.from(document.querySelectorAll('input'), ({ value }) => value),
      location.href,
      document.title,
      JSON.stringify(history.state),
    ].join('\n'),
  );

/** What the browser keeps for the origin. */
async function kept(context: BrowserContext, page: Page): Promise<unknown> {
  const inPage = await page.evaluate(async () => ({
    local: Object.entries(localStorage),
    session: Object.entries(sessionStorage),
    cookies: document.cookie,
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  }));
  return { ...inPage, jar: await context.cookies() };
}
const nothing = {
  local: [],
  session: [],
  cookies: '',
  databases: [],
  caches: [],
  workers: 0,
  jar: [],
};

describe('the life of a key', () => {
  it('goes by from the first sign-in to the end, and leaves nothing behind', async () => {
    const service = await consoleService();
    const { context, page, asked, posted, complaints } = await opened(service);

    await field(page, 'Key').fill('sk-lk_wrong');
    await press(page, 'Sign in');
    expect(await alert(page)).toContain('Authentication failed');
    await signIn(page, masterKey);
    await page.getByText('There are no keys yet.').waitFor();

    await press(page, 'New key');
    await field(page, 'Alias').fill('shop/eu');
    await field(page, 'User').fill('ada@example.com');
    await field(page, 'Budget').fill('50');
    await button(page, 'Create key').dblclick();
    const first = (await page.locator('#value').textContent()) ?? '';
    expect(first).toMatch(/^sk-lk_/);
    await press(page, 'Copy the value');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(first);
    // Not lost by a key that is pressed too easily.
    for (let times = 0; times < 3; times += 1) await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').locator('#value').textContent()).toBe(first);
    await press(page, 'I have kept it');
    await heading(page, 'shop/eu');
    expect(posted()).toHaveLength(1);
    expect(await everythingIn(page)).not.toContain(first);

    await service.generate({ key_alias: 'other' });
    await link(page, 'All keys').click();
    await link(page, 'other').waitFor();
    await field(page, 'Search for').fill('SHOP');
    await link(page, 'other').waitFor({ state: 'detached' });
    await link(page, 'shop/eu').click();
    await page.locator('.timeline').getByText('Created').waitFor();
    const keyId = page.url().split('/').at(-1) ?? '';
    const verdict = async (key: string) =>
      (await service.asAdmin({ path: '/key/verify', body: { key } })).body.reason;
    expect(await verdict(first)).toBe('valid');

    await press(page, 'Block');
    await press(page, 'Block key');
    await page.getByText('shop/eu is blocked.').waitFor();
    await page.locator('.timeline').getByText('Blocked', { exact: true }).first().waitFor();
    expect(await verdict(first)).toBe('blocked');
    await press(page, 'Unblock');
    await press(page, 'Unblock key');
    await page.getByText('shop/eu is unblocked.').waitFor();
    expect(await verdict(first)).toBe('valid');

    await press(page, 'Rotate');
    await field(page, 'Grace period').selectOption('24h');
    await press(page, 'Rotate key');
    const second = (await page.locator('#value').textContent()) ?? '';
    await page.getByText('let in until').first().waitFor();
    await press(page, 'I have kept it');
    expect([await verdict(first), await verdict(second)]).toEqual(['in_grace', 'valid']);
    await page.locator('.timeline').getByText('Rotated').waitFor();
    expect(await everythingIn(page)).not.toContain(second);

    await press(page, 'Delete');
    const asksFor = await page.getByRole('dialog').textContent();
    expect(asksFor).toContain('shop/eu');
    expect(asksFor).toContain(keyId);
    await press(page, 'Cancel');
    expect(await verdict(second)).toBe('valid');
    await press(page, 'Delete');
    await press(page, 'Delete key');
    await heading(page, 'Keys');
    await page.getByText('shop/eu is deleted.').waitFor();
    expect(await verdict(second)).toBe('deleted');
    await page.getByText('No key fits this search.').waitFor();
    await field(page, 'Status').selectOption({ label: 'Deleted' });
    await link(page, 'shop/eu').click();
    await page.locator('.timeline').getByText('Deleted').waitFor();

    expect(posted().map(({ call }) => call)).toEqual([
      'POST /key/generate',
      'POST /key/block',
      'POST /key/unblock',
      'POST /key/regenerate',
      'POST /key/delete',
    ]);
    const attempts = posted().map(({ attempt }) => attempt);
    expect(attempts.every((attempt) => /^[0-9a-f]{32}$/.test(attempt ?? ''))).toBe(true);
    expect(new Set(attempts).size).toBe(5);
    expect(asked.filter(({ url }) => !url.startsWith(`${service.baseUrl}/`))).toEqual([]);
    for (const secret of [first, second, masterKey, 'sk-lk_wrong']) {
      expect(asked.filter(({ url }) => url.includes(secret))).toEqual([]);
      expect(await everythingIn(page)).not.toContain(secret);
    }
    expect(await kept(context, page)).toEqual(nothing);
    // A refusal is an answer, and browsers note it; nothing else is wrong.
    expect(complaints.filter((text) => !text.includes('401'))).toEqual([]);

    await page.reload();
    await heading(page, 'Sign in');
    await context.close();
    await service.stop();
  }, 60_000);

  it('goes by without a mouse, and the focus is never lost', async () => {
    const service = await consoleService();
    const { context, page } = await opened(service);
    const { keyboard } = page;
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    const tabTo = async (name: string) => {
      for (let times = 0; times < 30; times += 1) {
        if ((await focused()) === name) return;
        await keyboard.press('Tab');
      }
      throw new Error(`Nobody gets to ${name} by Tab`);
    };

    // It is where the focus is, so that a key can be pasted at once.
    await keyboard.type(masterKey);
    await keyboard.press('Enter');
    await heading(page, 'Keys');
    expect(await focused()).toBe('Keys');

    await tabTo('New key');
    await keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await keyboard.press('Escape');
    expect(await focused()).toBe('New key');
    await keyboard.press('Enter');
    await keyboard.type('by-keyboard');
    await keyboard.press('Enter');
    await page.locator('#value').waitFor();
    expect(await focused()).toBe('Copy');
    await keyboard.press('Enter');
    await page.getByText('Copied').first().waitFor();
    await tabTo('I have kept it');
    await keyboard.press('Enter');
    await heading(page, 'by-keyboard');

    await tabTo('Rotate');
    await keyboard.press('Enter');
    await tabTo('Rotate key');
    await keyboard.press('Enter');
    await page.locator('#value').waitFor();
    await tabTo('I have kept it');
    await keyboard.press('Enter');
    expect(await focused()).toBe('Rotate');

    await tabTo('Delete');
    await keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await focused()).toBe('Cancel');
    await tabTo('Delete key');
    await keyboard.press('Enter');
    await heading(page, 'Keys');
    expect(await focused()).toBe('Keys');
    await context.close();
    await service.stop();
  }, 60_000);
});

describe('the console', () => {
  it('makes one key where an answer was lost and the form is sent again', async () => {
    const service = await consoleService();
    const { context, page, posted } = await opened(service);
    await signIn(page, masterKey);
    let isLost = true;
    await page.route('**/key/generate', async (route) => {
      if (!isLost) return route.continue();
      isLost = false;
      await route.fetch();
      return route.abort();
    });
    await press(page, 'New key');
    await field(page, 'Alias').fill('lost');
    await press(page, 'Create key');
    expect(await alert(page)).toContain('There was no answer');
    await press(page, 'Create key');
    const value = await page.locator('#value').textContent();
    const [first, again] = posted();
    expect(again?.attempt).toBe(first?.attempt);
    const { body } = await service.asAdmin({ method: 'GET', path: '/key/list' });
    expect(body.total_count).toBe(1);
    expect((await service.asAdmin({ path: '/key/verify', body: { key: value } })).body.valid).toBe(
      true,
    );
    await context.close();
    await service.stop();
  });

  it('says at the field what the API finds wrong with it, and takes it again', async () => {
    const service = await consoleService();
    const { context, page, posted } = await opened(service);
    await signIn(page, masterKey);
    await press(page, 'New key');
    await field(page, 'Lives for').fill('a while');
    await press(page, 'Create key');
    const duration = page.locator('[aria-invalid=true]');
    await duration.waitFor();
    expect(await duration.getAttribute('name')).toBe('duration');
    expect(await duration.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.getByText('duration must be a whole number and a unit').waitFor();
    await duration.fill('30d');
    await press(page, 'Create key');
    await page.locator('#value').waitFor();
    const [refused, taken] = posted();
    expect(taken?.attempt).not.toBe(refused?.attempt);
    await context.close();
    await service.stop();
  });

  it('searches for the value of a key by its hash, and sends the value to nobody', async () => {
    const service = await consoleService();
    const { body } = await service.generate({ key_alias: 'found' });
    await service.generate({ key_alias: 'other' });
    const { context, page, asked } = await opened(service);
    await signIn(page, masterKey);
    const before = asked.length;
    await field(page, 'Search for').fill('sk-lk_0');
    await page.getByText('is not sent').waitFor();
    expect(asked).toHaveLength(before);
    await field(page, 'Search for').fill(body.key);
    await link(page, 'other').waitFor({ state: 'detached' });
    await link(page, 'found').waitFor();
    expect(await field(page, 'Search for').inputValue()).toBe(body.token);
    expect(asked.filter(({ url }) => url.includes('sk-lk'))).toEqual([]);
    expect(await everythingIn(page)).not.toContain(body.key);
    await context.close();
    await service.stop();
  });

  it('takes a key out of the address, where somebody has put one', async () => {
    const service = await consoleService();
    const { body } = await service.generate({});
    const { context, page } = await opened(service, `#/keys/${body.key}`);
    await signIn(page, masterKey);
    await heading(page, 'There is no such page');
    expect(page.url()).toBe(`${service.baseUrl}/ui`);
    await context.close();
    await service.stop();
  });

  it('shows what was asked for last, whichever answer comes last', async () => {
    const service = await consoleService();
    for (const key_alias of ['slow', 'fast']) await service.generate({ key_alias });
    const { context, page } = await opened(service);
    await signIn(page, masterKey);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let isAsked = () => {};
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    await page.route('**/key/list?*search=slow*', async (route) => {
      isAsked();
      await held;
      await route.continue().catch(() => undefined);
    });
    await field(page, 'Search for').fill('slow');
    await asked;
    await field(page, 'Search for').clear();
    // As slowly as somebody types who is searched for after each letter.
    await field(page, 'Search for').pressSequentially('fast', { delay: 310 });
    expect(await field(page, 'Search for').inputValue()).toBe('fast');
    await link(page, 'slow').waitFor({ state: 'detached' });
    letGo();
    await page.waitForTimeout(300);
    expect(await page.locator('tbody a').allTextContents()).toEqual(['fast']);
    await context.close();
    await service.stop();
  });

  it('pages on and back, keeps the place while a key is looked at, and passes over empty pages', async () => {
    const service = await consoleService();
    for (let count = 0; count < 60; count += 1) {
      service.clock.advance(1000);
      await service.generate({ key_alias: `key-${String(count).padStart(2, '0')}` });
    }
    const { context, page } = await opened(service);
    await signIn(page, masterKey);
    const names = () => page.locator('tbody a').allTextContents();
    expect(await names()).toEqual(Array.from({ length: 25 }, (_, index) => `key-${59 - index}`));
    // Pressed again before the page is there.
    await page.route(
      '**/key/list?*',
      async (route) => {
        await press(page, 'Next');
        await route.continue();
      },
      { times: 1 },
    );
    await press(page, 'Next');
    await link(page, 'key-34').click();
    await heading(page, 'key-34');
    await page.goBack();
    await link(page, 'key-34').waitFor();
    await page.getByText('Page 2').waitFor();
    await press(page, 'Next');
    await link(page, 'key-00').waitFor();
    expect(await names()).toHaveLength(10);
    expect(await button(page, 'Next').isDisabled()).toBe(true);
    await press(page, 'Previous');
    await link(page, 'key-34').waitFor();
    await field(page, 'Search for').fill('key-07');
    await link(page, 'key-07').waitFor();
    await page.getByText('Page 1').waitFor();

    await page.route('**/key/list?*cursor=&*', (route) =>
      route.fulfill({ json: { keys: [], next_cursor: 'on' } }),
    );
    await page.route('**/key/list?*cursor=on*', (route) =>
      route.fulfill({ json: { keys: [], next_cursor: null } }),
    );
    await page.route(/cursor=$/, (route) =>
      route.fulfill({ json: { keys: [], next_cursor: 'on' } }),
    );
    await press(page, 'Refresh');
    await page.getByText('No key fits this search.').waitFor();
    await context.close();
    await service.stop();
  });

  it('tells a caller what the API does not let them do, and goes on', async () => {
    const service = await consoleService();
    const own = await service.generate({ key_alias: 'own', user_id: 'ada' });
    const other = await service.generate({ key_alias: 'other', user_id: 'bob' });
    const { context, page } = await opened(service);
    await signIn(page, own.body.key);
    await link(page, 'own').waitFor();
    expect(await page.locator('tbody a').allTextContents()).toEqual(['own']);
    await link(page, 'own').click();
    await page.getByText('The audit trail is for proxy admins').waitFor();
    await press(page, 'Block');
    await press(page, 'Block key');
    expect(await page.getByRole('dialog').getByRole('alert').textContent()).toBe(
      'The role internal_user may not do this.',
    );
    await press(page, 'Cancel');
    await page.goto(`${service.baseUrl}/ui#/keys/${other.body.key_id}`);
    expect(await page.getByRole('alert').first().textContent()).not.toBe('');
    await button(page, 'Sign out').waitFor();
    await context.close();
    await service.stop();
  });

  it('refuses whoever may look at no key, in the words of the API', async () => {
    const service = await consoleService();
    const { body } = await service.generate({ key_type: 'llm_api' });
    const { context, page } = await opened(service);
    await field(page, 'Key').fill(body.key);
    await press(page, 'Sign in');
    expect(await alert(page)).toBe('A key of type llm_api may not be used for this.');
    await context.close();
    await service.stop();
  });

  it('signs out whoever is let in no more, and says why', async () => {
    const service = await consoleService();
    const { body } = await service.generate({ key_alias: 'own', user_id: 'ada' });
    const { context, page } = await opened(service);
    await signIn(page, body.key);
    await service.asAdmin({ path: '/key/block', body: { key: body.key_id } });
    await press(page, 'Refresh');
    await heading(page, 'Sign in');
    expect(await alert(page)).toContain('this virtual key is blocked');
    expect(await everythingIn(page)).not.toContain(body.key);
    await context.close();
    await service.stop();
  });

  it('goes on with the new value, where somebody rotates the key they are signed in with', async () => {
    const service = await consoleService();
    const { body } = await service.generate({ key_alias: 'own', user_id: 'ada' });
    const { context, page } = await opened(service, `#/keys/${body.key_id}`);
    await signIn(page, body.key);
    await press(page, 'Rotate');
    await field(page, 'Grace period').selectOption('0s');
    await press(page, 'Rotate key');
    await press(page, 'I have kept it');
    await link(page, 'All keys').click();
    await link(page, 'own').waitFor();
    await button(page, 'Sign out').waitFor();
    await context.close();
    await service.stop();
  });

  it('signs out when nobody has touched it for half an hour', async () => {
    const service = await consoleService();
    const { context, page } = await opened(service);
    await page.clock.install();
    await page.reload();
    await signIn(page, masterKey);
    await page.clock.fastForward('29:00');
    await page.keyboard.press('Shift');
    await page.clock.fastForward('29:00');
    await button(page, 'Sign out').waitFor();
    await page.clock.fastForward('02:00');
    await heading(page, 'Sign in');
    expect(await alert(page)).toContain('nothing was done here for a while');
    await context.close();
    await service.stop();
  });

  it('is signed out when somebody comes back to it', async () => {
    const service = await consoleService();
    const { context, page } = await opened(service);
    await signIn(page, masterKey);
    // What a browser tells a page that it keeps in its memory as it is.
    await page.evaluate(() =>
      dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })),
    );
    await heading(page, 'Sign in');
    await context.close();
    await service.stop();
  });

  it('leads whoever has no list to their own key', async () => {
    const service = await consoleService();
    const { body } = await service.generate({ key_alias: 'lonely' });
    const { context, page } = await opened(service);
    await signIn(page, body.key);
    expect(await alert(page)).toContain('belongs to no user');
    await page.getByRole('banner').getByRole('link', { name: 'lonely' }).click();
    await heading(page, 'lonely');
    await page.getByText('There is none about this key.').waitFor();
    await context.close();
    await service.stop();
  });

  it('shows the whole trail, a part at a time', async () => {
    const service = await consoleService();
    const { body } = await service.generate({ key_alias: 'busy' });
    for (let limit = 1; limit <= 30; limit += 1) {
      await service.asAdmin({ path: '/key/update', body: { key: body.key, rpm_limit: limit } });
    }
    await service.deliver();
    const { context, page } = await opened(service, `#/keys/${body.key_id}`);
    await signIn(page, masterKey);
    const entries = page.locator('.timeline li');
    await entries.first().waitFor();
    expect(await entries.count()).toBe(20);
    await button(page, 'Show earlier').dblclick();
    await page.locator('.timeline').getByText('Created').waitFor();
    expect(await entries.count()).toBe(31);
    expect(await button(page, 'Show earlier').count()).toBe(0);
    await context.close();
    await service.stop();
  });

  it('shows the keys that were before while it asks, and what went wrong, and asks again', async () => {
    const service = await consoleService();
    await service.generate({ key_alias: 'shop' });
    const { context, page } = await opened(service);
    await signIn(page, masterKey);
    await page.route('**/key/list?*', (route) =>
      route.fulfill({ status: 503, json: { error: { message: 'Throttled.', param: null } } }),
    );
    await press(page, 'Refresh');
    expect(await alert(page)).toContain('Throttled.');
    await page.unroute('**/key/list?*');
    await press(page, 'Try again');
    await link(page, 'shop').waitFor();
    await context.close();
    await service.stop();
  });
});

/** What axe finds in the page as it is, as sentences. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(
    `axe.run().then(({ violations }) =>
      violations.flatMap(({ id, help, nodes }) =>
        nodes.map(({ target }) => id + ': ' + help + ': ' + target)))`,
  );
}

describe('every view', () => {
  const looks = [
    { width: 1080, colorScheme: 'light' },
    { width: 375, colorScheme: 'dark' },
  ] as const;

  it.each(looks)(
    'is for everybody: axe finds nothing at $width px, $colorScheme',
    async ({ width, colorScheme }) => {
      const service = await consoleService();
      const { story, user, model } = await someKeys(service);
      for (const [name, open] of consoleViews(service, story, { user, model })) {
        const context = await browser.newContext({
          viewport: { width, height: 760 },
          colorScheme,
          // For axe alone: the page has no script but its own.
          bypassCSP: true,
        });
        const page = await context.newPage();
        await open(page);
        expect([name, ...(await violations(page))]).toEqual([name]);
        expect([name, ...(await illegible(page))]).toEqual([name]);
        await context.close();
      }
      await service.stop();
    },
    120_000,
  );

  it.each([375, 1080])('shows what people chose as text, and has room at %i px', async (width) => {
    const service = await consoleService();
    const markup = '<img src=x onerror="alert(1)"><b>bold</b>';
    const long = 'unbroken'.repeat(30);
    const { body } = await service.generate({
      key_alias: long,
      user_id: markup,
      team_id: long,
      models: [long, markup],
      metadata: { [long]: markup, at: '2026-99-99T99:99:99Z' },
    });
    await service.deliver();
    const { context, page, complaints } = await opened(service, '', {
      viewport: { width, height: 760 },
    });
    await signIn(page, masterKey);
    await link(page, long).waitFor();
    expect(await illegible(page)).toEqual([]);
    await link(page, long).click();
    await page.locator('.timeline').getByText('Created').waitFor();
    expect(await illegible(page)).toEqual([]);
    for (const name of ['Block', 'Rotate', 'Delete']) {
      await press(page, name);
      expect(await illegible(page)).toEqual([]);
      await press(page, 'Cancel');
    }
    expect(await page.locator('main').textContent()).toContain(markup);
    expect(await page.locator('img, b').count()).toBe(0);
    expect(await page.evaluate(() => location.hash)).toBe(`#/keys/${body.key_id}`);
    expect(complaints).toEqual([]);
    await context.close();
    await service.stop();
  });

  it('is looked at by a check that finds what is wrong', async () => {
    const page = await browser.newPage();
    await page.setContent('<html lang="en"><title>t</title><main><h1>t</h1><input></main></html>');
    expect(await violations(page)).toEqual([expect.stringMatching(/^label: /)]);
    await page.close();
  });
});
