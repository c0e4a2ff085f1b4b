/** The claim page in each of its states, as its function and the API would serve it. */
import { html } from '../../lambdas/show-claim-page/claim-page.generated.ts';
import type { Opened } from './picture.ts';

const origin = 'https://keys.acme.io';
const shown = {
  key: 'sk-lk_0000000000000000a_00000000000000000000000000000000_000000',
  key_id: '0000000000000000a',
  key_alias: 'reports-nightly',
  base_url: origin,
  expires: '2027-02-23T13:50:00.000Z',
};
const refusal = (type: string, message: string) => ({
  error: { message, type, param: null, code: '410' },
});

/** Opens the page by a link, and presses the button where the API has an answer. */
const view =
  (status: number, answer: object | null): Opened =>
  async (page) => {
    await page.route(`${origin}/claim`, (route) =>
      route.fulfill({ contentType: 'text/html; charset=utf-8', body: html }),
    );
    await page.route(`${origin}/key/claim`, (route) => route.fulfill({ status, json: answer }));
    await page.goto(`${origin}/claim#token`);
    if (answer === null) return;
    await page.click('#show');
    await page.locator('#before').waitFor({ state: 'hidden' });
  };

export const claimPageViews: readonly [name: string, open: Opened][] = [
  ['claim-page', view(0, null)],
  ['claim-page-shown', view(200, shown)],
  [
    'claim-page-used',
    view(
      410,
      refusal(
        'claim_link_used',
        'This link has been used. If it was not you, tell your administrator at once.',
      ),
    ),
  ],
];
