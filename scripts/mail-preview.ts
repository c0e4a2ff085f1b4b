/**
 * `npm run mail:preview`: pictures of every mail and of the claim page, in a real browser, into
 * `docs/mail`. Words after `npm run mail:preview --` choose pictures by a part of their name.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { mailSamples } from '../test/fixtures/mail-samples.ts';
import { claimPageViews } from './browser/claim-page-views.ts';
import { openBrowser } from './browser/open-browser.ts';
import { type Opened, picture } from './browser/picture.ts';

const folder = resolve(import.meta.dirname, '../docs/mail');

const mails = [...mailSamples()].map(([name, { mail }]): [string, Opened] => [
  name,
  async (page) => page.setContent(mail.html),
]);

const words = process.argv.slice(2);
const wanted = [...mails, ...claimPageViews].filter(
  ([name]) => words.length === 0 || words.some((word) => name.includes(word)),
);
await mkdir(folder, { recursive: true });
const browser = await openBrowser();
try {
  for (const [name, open] of wanted) {
    await writeFile(join(folder, `${name}.png`), await picture(browser, open));
    process.stdout.write(`docs/mail/${name}.png\n`);
  }
} finally {
  await browser.close();
}
