/**
 * `npm run claim-page`: makes a module of the page behind claim links, with the hashes by which its
 * policy lets its own style and script through. The result is committed; a test fails when it is out
 * of date.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

const source = 'lambdas/show-claim-page/claim-page.html';
export const claimPagePath = 'lambdas/show-claim-page/claim-page.generated.ts';

/** The generated module, as text. Throws where the page has not exactly one style and one script. */
export async function compiledClaimPage(): Promise<string> {
  const html = (await readFile(source, 'utf8')).trim();
  return [
    '// Generated from claim-page.html by npm run claim-page.',
    `export const html = ${JSON.stringify(html)};`,
    `export const scriptHash = ${JSON.stringify(hashOf(html, 'script'))};`,
    `export const styleHash = ${JSON.stringify(hashOf(html, 'style'))};`,
    '',
  ].join('\n');
}

/** As a Content-Security-Policy names it. */
function hashOf(html: string, tag: 'script' | 'style'): string {
  const found = [...html.matchAll(new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`, 'g'))];
  const [first] = found;
  if (first?.[1] === undefined || found.length > 1) throw new Error(`There must be one ${tag}`);
  return `sha256-${createHash('sha256').update(first[1]).digest('base64')}`;
}

if (import.meta.main) await writeFile(claimPagePath, await compiledClaimPage());
