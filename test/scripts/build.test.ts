import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAssets } from '../../scripts/assets.ts';
import { build, listOperations } from '../../scripts/build.ts';

let scratch = '';
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'latchkey-build-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Every file below the folder with its bytes. */
async function contentsOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const contents: Record<string, string> = {};
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name);
    contents[path.slice(folder.length)] = await readFile(path, 'base64');
  }
  return contents;
}

describe('build', () => {
  it('makes one bundle per operation, and the same one however many builds run at once', async () => {
    const outDir = join(scratch, 'dist');
    const operations = await listOperations();
    const [first, second] = await Promise.all([build({ outDir }), build({ outDir })]);
    expect(second).toEqual(first);
    expect(first.map(({ operation }) => operation)).toEqual(operations);

    const contents = await contentsOf(outDir);
    const bundles = operations.map((operation) => `/${operation}/index.js`);
    const assets = listAssets().map(({ operation, name }) => `/${operation}/assets/${name}.gz`);
    expect(Object.keys(contents).sort()).toEqual(
      ['/meta.json', '/package.json', ...bundles, ...assets].sort(),
    );
    await build({ outDir });
    expect(await contentsOf(outDir)).toEqual(contents);
  });

  it("leaves the SDK's credential chain out: a function's credentials are in its environment", async () => {
    const outDir = join(scratch, 'chain');
    await build({ outDir });
    const metafile: { inputs: object } = JSON.parse(
      await readFile(join(outDir, 'meta.json'), 'utf8'),
    );
    const chain = Object.keys(metafile.inputs).filter((path) =>
      /credential-provider-(node|sso|ini|process|web-identity|imds)\//.test(path),
    );
    expect(chain).toEqual([]);
  });
});
