/** The Python of the README runs as it is written, with LiteLLM's client. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, inject, it } from 'vitest';
import { snippetUnder } from '../fixtures/document-snippets.ts';
import { run } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-session-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('makes a key, looks at it and ends it', async () => {
  const { baseUrl } = inject('deployed');
  const file = join(folder, 'first.py');
  writeFileSync(file, snippetUnder('### Python').replaceAll('http://localhost:4000', baseUrl));
  const { code, stdout } = await run('python', [file]);
  expect(stdout).toMatch(/^sk-lk_\w+ until 20\S+Z?\nfrom-python\n/);
  expect(code).toBe(0);
});
