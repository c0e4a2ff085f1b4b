/**
 * `npm run console:preview`: pictures of the console in each of its states, in a real browser, into
 * `docs/console`. Words after `npm run console:preview --` choose pictures by a part of their name.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { someKeys } from '../test/fixtures/console-keys.ts';
import { consoleService } from '../test/fixtures/console-service.ts';
import { consoleViews } from './browser/console-views.ts';
import { openBrowser } from './browser/open-browser.ts';
import { picture } from './browser/picture.ts';

const folder = resolve(import.meta.dirname, '../docs/console');
const deskWidth = 1080;

const words = process.argv.slice(2);
const isWanted = (name: string) => words.length === 0 || words.some((word) => name.includes(word));

await mkdir(folder, { recursive: true });
const service = await consoleService();
const { story, user, model } = await someKeys(service);
const browser = await openBrowser();
try {
  for (const [name, open] of consoleViews(service, story, { user, model })) {
    if (!isWanted(name)) continue;
    await writeFile(join(folder, `${name}.png`), await picture(browser, open, deskWidth));
    process.stdout.write(`docs/console/${name}.png\n`);
  }
} finally {
  await browser.close();
  await service.stop();
}
