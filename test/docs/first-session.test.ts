/** The first session of the README runs as it is written. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { freePort } from '../../scripts/local/ports.ts';
import { projectDir } from '../../scripts/local/project.ts';
import { type Dev, startDev } from '../fixtures/dev-process.ts';
import { snippetUnder } from '../fixtures/document-snippets.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'latchkey-session-'));
let port: number;
let dev: Dev;

beforeAll(async () => {
  port = await freePort();
  dev = startDev(port);
  await vi.waitFor(() => expect(dev.output()).toContain('Ready in'), 20_000);
}, 25_000);
afterAll(() => {
  dev.child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** On this service's port, which is the only thing that is changed. */
/** curl asks a proxy for localhost too. */
const withoutProxy = { ...process.env, no_proxy: '*' };

function here(code: string): string {
  const changed = code.replaceAll('http://localhost:4000', `http://localhost:${port}`);
  expect(changed).not.toBe(code);
  return changed;
}

it('with curl makes a key, lets it in, shuts it out, and shows who did it', async () => {
  const { stdout } = await run('bash', ['-euc', here(snippetUnder('### curl'))], {
    env: withoutProxy,
  });
  const [made, ...answers] = stdout.trim().split('\n');
  expect(made).toMatch(/^sk-lk_\w+ has the id \w{17}$/);
  const [good, updated, rotated, inGrace, blocked, refused, deleted, audit, ...more] = answers.map(
    (line) => JSON.parse(line),
  );
  expect(more).toEqual([]);
  expect(good).toMatchObject({ valid: true, reason: 'valid' });
  expect(updated).toMatchObject({ max_budget: 50 });
  expect(rotated).toMatchObject({ key: expect.stringMatching(/^sk-lk_/) });
  expect(inGrace).toMatchObject({ valid: true, reason: 'in_grace' });
  expect(blocked).toMatchObject({ blocked: true });
  expect(refused).toMatchObject({ valid: false, reason: 'blocked' });
  expect(deleted).toMatchObject({ failed_tokens: [] });
  const actions = audit.audit_logs.map(({ action }: { action: string }) => action);
  // The newest may not be there yet.
  expect(actions.toReversed().slice(0, 3)).toEqual(['created', 'updated', 'rotated']);
  for (const { changed_by } of audit.audit_logs) expect(changed_by).toBe('default_user_id');
});

it('in TypeScript makes a key, and is told that it is not for another model', async () => {
  const file = join(folder, 'first.mts');
  writeFileSync(file, here(snippetUnder('### TypeScript')));
  const { stdout } = await run(process.execPath, [file]);
  expect(stdout).toMatch(/^\w{17} false model_not_allowed\n$/);
});

it('is gone on with in docs/api.md, where a key lives, is found and dies', async () => {
  const blocks = ['# The API', '## The life of a key', '## Lists'].map((heading) =>
    snippetUnder(heading, 'docs/api.md'),
  );
  const { stdout } = await run('bash', ['-euc', here(blocks.join('\n'))], { env: withoutProxy });
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(answers).toHaveLength(13);
  expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
});

it('tells by the command that it names which version runs', async () => {
  const readme = readFileSync(join(projectDir, 'README.md'), 'utf8');
  const [, command = ''] = /Which version runs\?\*\* `([^`]+)`/.exec(readme) ?? [];
  const api = `http://localhost:${port}`;
  const { stdout } = await run('bash', ['-euc', command], { env: { ...withoutProxy, api } });
  expect(stdout).toBe(`"version":"${packageJson.version}"\n`);
});
