/** Pictures of a page as people see it: on a desk and on a phone, in light and in dark. */
import type { Browser, Page } from 'playwright-core';

export const looks = [
  { width: 760, colorScheme: 'light' },
  { width: 760, colorScheme: 'dark' },
  { width: 375, colorScheme: 'light' },
  { width: 375, colorScheme: 'dark' },
] as const;

/** Shows what is to be seen in a new page. */
export type Opened = (page: Page) => Promise<void>;

/**
 * One PNG with all four side by side.
 *
 * @param deskWidth of the desk, where it is not a mail's
 */
export async function picture(
  browser: Browser,
  open: Opened,
  deskWidth: number = looks[0].width,
): Promise<Buffer> {
  const shots: string[] = [];
  const all = looks.map((look) =>
    look.width === looks[0].width ? { ...look, width: deskWidth } : look,
  );
  for (const { width, colorScheme } of all) {
    const page = await browser.newPage({ viewport: { width, height: 640 }, colorScheme });
    await open(page);
    const shot = await page.screenshot({ fullPage: true });
    shots.push(`<img width="${width}" src="data:image/png;base64,${shot.toString('base64')}">`);
    await page.close();
  }
  const width = all.reduce((sum, look) => sum + look.width + 16, 16);
  const sheet = await browser.newPage({ viewport: { width, height: 640 } });
  await sheet.setContent(
    `<body style="margin:16px;display:flex;gap:16px;align-items:flex-start;background:#8a94a6">${shots.join('')}</body>`,
  );
  const png = await sheet.screenshot({ fullPage: true });
  await sheet.close();
  return png;
}
