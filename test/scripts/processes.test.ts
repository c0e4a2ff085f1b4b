import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clearState } from '../../scripts/local/local-aws.ts';
import { tryLock } from '../../scripts/local/lock-file.ts';
import {
  endGroup,
  identify,
  isRunning,
  type ProcessIdentity,
} from '../../scripts/local/processes.ts';

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A process of its own group that waits for a minute. */
async function sleeper(script = 'setTimeout(() => {}, 60_000)'): Promise<ProcessIdentity> {
  const child = spawn(process.execPath, ['-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  const identity = await identify(child.pid ?? 0);
  if (identity === null) throw new Error('The child did not start');
  return identity;
}

describe('a process identity', () => {
  test('holds while the process runs, and no longer', async () => {
    const child = await sleeper();
    expect(await isRunning(child)).toBe(true);
    await endGroup(child);
    expect(await isRunning(child)).toBe(false);
  });

  test('is not that of another process with the number', async () => {
    const child = await sleeper();
    expect(await isRunning({ ...child, startedAt: 'earlier' })).toBe(false);
  });

  test('ends with its whole group, even where the leader ignores the request', async () => {
    const child = await sleeper(`
      process.on('SIGINT', () => {});
      require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
      setTimeout(() => {}, 60_000);`);
    await endGroup(child, 0.5);
    expect(() => process.kill(-child.pid, 0)).toThrow('ESRCH');
  });
});

const leave = (process: ProcessIdentity, tempDir: string) =>
  writeFileSync(join(folder, 'ministack.pid.json'), JSON.stringify({ process, tempDir }));

describe('the pid file of a killed run', () => {
  test('has the next run end the process and remove its temporary files', async () => {
    const child = await sleeper();
    const tempDir = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
    leave(child, tempDir);
    await clearState(folder, () => {});
    expect(await isRunning(child)).toBe(false);
    expect(existsSync(tempDir)).toBe(false);
  });

  test.each([{ startedAt: 'before the last boot' }, { command: 'node something-else.js' }])(
    'has it leave alone another process with the same number: %j',
    async (difference) => {
      const child = await sleeper();
      leave({ ...child, ...difference }, join(folder, 'none'));
      await clearState(folder, () => {});
      expect(await isRunning(child)).toBe(true);
    },
  );
});

describe('a lock file', () => {
  test('names the live process that holds it', async () => {
    const file = join(folder, 'lock');
    writeFileSync(file, JSON.stringify(await sleeper()));
    const outcome = await tryLock(file);
    expect(outcome).toMatchObject({ holder: { pid: children[0]?.pid } });
  });

  test.each(['', '{"pid":', '{"pid":1,"startedAt":"never","command":"gone"}'])(
    'left as %j by a process that is gone does not count',
    async (content) => {
      const file = join(folder, 'lock');
      writeFileSync(file, content);
      const outcome = await tryLock(file);
      if (!('release' in outcome)) throw new Error('The lock was not given');
      outcome.release();
      expect(existsSync(file)).toBe(false);
    },
  );
});
