/// <reference lib="dom" />
/** Whether people can read a page as it is rendered. */
import type { Page } from 'playwright-core';

/**
 * Texts whose contrast to what is behind them is below WCAG's 4.5, and how far the page is wider than
 * its window, as sentences.
 */
export function illegible(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = ([red = 0, green = 0, blue = 0]: readonly number[]) => {
      const [r = 0, g = 0, b = 0] = [red, green, blue].map((each) => {
        const share = each / 255;
        return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element: Element | null): number[] => {
      if (element === null) return [255, 255, 255];
      const found = channels(getComputedStyle(element).backgroundColor);
      return found[3] === 0 ? behind(element.parentElement) : found;
    };
    const isShown = (element: Element) =>
      element.checkVisibility() && element.getBoundingClientRect().width > 1;
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = (node.textContent ?? '').trim();
      if (element === null || text === '' || !isShown(element)) continue;
      if (['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(element.tagName)) continue;
      const one = luminance(channels(getComputedStyle(element).color)) + 0.05;
      const other = luminance(behind(element)) + 0.05;
      const contrast = Math.max(one, other) / Math.min(one, other);
      if (contrast < 4.5)
        found.push(`"${text.slice(0, 40)}" has a contrast of ${contrast.toFixed(1)}`);
    }
    const over = document.documentElement.scrollWidth - window.innerWidth;
    return over > 0 ? [...found, `it is ${over} px too wide`] : found;
  });
}
