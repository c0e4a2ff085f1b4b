/** The TypeScript example, with types generated from the description that the deployed service serves. */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, inject, it } from 'vitest';
import { cleanEnvironment } from '../../scripts/local/clean-environment.ts';
import { localDir } from '../../scripts/local/project.ts';
import { runCommand } from '../../scripts/local/run-command.ts';
import { masterKey } from '../e2e/api-client.ts';

const example = resolve(import.meta.dirname, '../../examples/typescript');
const files = ['package.json', 'package-lock.json', 'tsconfig.json', 'first-key.ts'];

it('fits the types of the service, and makes, shows and deletes a key', async () => {
  const cwd = join(localDir, 'typescript-client');
  rmSync(cwd, { recursive: true, force: true });
  mkdirSync(cwd, { recursive: true });
  for (const file of files) cpSync(join(example, file), join(cwd, file));
  const env = cleanEnvironment(process.env.HOME ?? cwd, {
    LATCHKEY_URL: inject('deployed').baseUrl,
    LATCHKEY_ADMIN_KEY: masterKey,
  });
  const npm = (...args: string[]) => runCommand('npm', args, { cwd, env });
  await npm('ci', '--no-audit', '--ignore-scripts');
  await npm('run', 'types');
  await npm('run', 'check');
  // By the Node that runs the tests: another on the path may not know types.
  const told = await runCommand(process.execPath, ['first-key.ts'], { cwd, env });
  expect(told).toEqual([
    expect.stringMatching(/^made [0-9A-Za-z]{17}, \d+ characters, until 20\d\d-/),
    'it is active and has spent 0',
    'deleted 1 key',
  ]);
});
