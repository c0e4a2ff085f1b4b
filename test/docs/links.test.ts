/** The documents lead somewhere, and say of costs what the doctor says. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const textOf = (path: string) => readFileSync(join(root, path), 'utf8');
const documents = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'test/**/*.md'], {
  cwd: root,
});

/** Without what is in fences, where `](` is no link. */
const proseOf = (path: string) => textOf(path).replaceAll(/^ *```[^]*?^ *```$/gm, '');

/** The name by which GitHub leads to a heading. */
const anchorOf = (heading: string) =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const anchorsOf = (path: string) =>
  new Set([...proseOf(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading)));

function brokenIn(path: string): string[] {
  const links = [...proseOf(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchorsOf(target).has(anchor);
  });
}

describe('links', () => {
  it.each(documents)('of %s lead to what is there', (path) => {
    expect(brokenIn(path)).toEqual([]);
  });

  it('that lead nowhere are found', () => {
    expect(documents.length).toBeGreaterThan(30);
    expect(anchorsOf('README.md')).toContain('for-whom-and-when-not');
    expect(anchorsOf('README.md')).not.toContain('moving-in');
  });

  it('lead from the list of decisions to each of them', () => {
    const index = textOf('docs/adr/README.md');
    const decisions = globSync('0*.md', { cwd: join(root, 'docs/adr') });
    expect(decisions.filter((name) => !index.includes(`(${name})`))).toEqual([]);
  });
});
