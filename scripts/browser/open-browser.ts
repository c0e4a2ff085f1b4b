/** A Chromium to look at pages with: one that is installed, else the one that comes in a package. */
import { existsSync } from 'node:fs';
import packaged from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

/** Where systems have one; `CHROME_PATH` comes first. */
const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The path of a browser that is on this machine; null where none is found. */
export function findBrowser(): string | null {
  const { CHROME_PATH } = process.env;
  const places = CHROME_PATH === undefined ? installed : [CHROME_PATH];
  return places.find((path) => existsSync(path)) ?? null;
}

/**
 * Starts it, headless. The packaged one is for Linux on x64.
 *
 * @param path of a browser, or null for the packaged one
 */
export async function openBrowser(path: string | null = findBrowser()): Promise<Browser> {
  if (path !== null) {
    return chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
  }
  return chromium.launch({
    executablePath: await packaged.executablePath(),
    args: [...packaged.args, '--no-sandbox'],
  });
}
