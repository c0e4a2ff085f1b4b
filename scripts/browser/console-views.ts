/** The console in each of its states, over the service in this process. */
import type { Page } from 'playwright-core';
import { masterKey } from '../../test/fakes/service.ts';
import type { ConsoleService } from '../../test/fixtures/console-service.ts';
import type { Opened } from './picture.ts';

/** Signs in, and waits until what was asked for is there. */
export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('Key', { exact: true }).fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  await settled(page);
}

/** Waits until nothing is waited for. */
export async function settled(page: Page): Promise<void> {
  await page.locator('.waiting, [aria-busy=true]').first().waitFor({ state: 'detached' });
}

/**
 * @param story id of the key that has been through most
 * @param others values of keys that may less: of a user, and for calling models alone
 */
export function consoleViews(
  { baseUrl }: Pick<ConsoleService, 'baseUrl'>,
  story: string,
  others: { readonly user: string; readonly model: string },
): readonly [name: string, open: Opened][] {
  const at =
    (hash: string, then: Opened, key = masterKey): Opened =>
    async (page) => {
      await page.goto(`${baseUrl}/ui${hash}`);
      await signIn(page, key);
      await then(page);
    };
  const press = (page: Page, name: string) =>
    page.getByRole('button', { name, exact: true }).click();
  const whole: Opened = async (page) => settled(page);
  const keys = '#/keys';
  const key = `#/keys/${story}`;
  const fill = async (page: Page, fields: Readonly<Record<string, string>>) => {
    for (const [label, value] of Object.entries(fields)) {
      await page.getByRole('dialog').getByLabel(label, { exact: true }).fill(value);
    }
  };

  return [
    ['sign-in', async (page) => void (await page.goto(`${baseUrl}/ui`))],
    [
      'sign-in-refused',
      async (page) => {
        await page.goto(`${baseUrl}/ui`);
        await page.getByLabel('Key', { exact: true }).fill(others.model);
        await press(page, 'Sign in');
        await page.getByRole('alert').waitFor();
      },
    ],
    ['keys', at(keys, whole)],
    [
      'keys-none-found',
      at(keys, async (page) => {
        await page.getByLabel('Search for').fill('no-such-alias');
        await page.locator('.empty').waitFor();
      }),
    ],
    [
      'new-key',
      at(keys, async (page) => {
        await press(page, 'New key');
        await fill(page, { Alias: 'billing/invoices', User: 'ada@example.com', Budget: '100' });
      }),
    ],
    [
      'new-key-refused',
      at(keys, async (page) => {
        await press(page, 'New key');
        await fill(page, { Alias: 'billing/invoices', 'Lives for': 'a while' });
        await press(page, 'Create key');
        await page.locator('[aria-invalid=true]').waitFor();
      }),
    ],
    [
      'value',
      at(keys, async (page) => {
        await press(page, 'New key');
        await fill(page, { User: 'ada@example.com', 'Lives for': '30d' });
        await press(page, 'Create key');
        await page.locator('#value').waitFor();
        await settled(page);
      }),
    ],
    ['key', at(key, whole)],
    ['key-of-a-user', at(key, whole, others.user)],
    [
      'block-refused',
      at(
        key,
        async (page) => {
          await press(page, 'Block');
          await press(page, 'Block key');
          await page.getByRole('dialog').getByRole('alert').waitFor();
        },
        others.user,
      ),
    ],
    ['rotate', at(key, async (page) => press(page, 'Rotate'))],
    [
      'local',
      async (page) => {
        await page.goto(`${baseUrl}/_local`);
        await page.getByText('Live', { exact: true }).waitFor();
      },
    ],
    ['delete', at(key, async (page) => press(page, 'Delete'))],
  ];
}
