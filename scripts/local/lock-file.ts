import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { identify, isRunning, type ProcessIdentity } from './processes.ts';

/** The stored form of a process identity. */
export const processIdentity = z.object({
  pid: z.number(),
  startedAt: z.string(),
  command: z.string(),
});

/**
 * Takes the lock, or says which live process holds it. The file names its holder, so that a lock
 * left by a process that is gone does not count.
 */
export async function tryLock(
  file: string,
): Promise<{ holder: ProcessIdentity } | { release(): void }> {
  mkdirSync(dirname(file), { recursive: true });
  const self = await identify(process.pid);
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(self), { flag: 'wx' });
      return { release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if (!isExists(error)) throw error;
    }
    const holder = readHolder(file);
    if (holder !== null && (await isRunning(holder))) return { holder };
    rmSync(file, { force: true });
  }
}

/** Takes the lock, waiting for its holder as long as that runs. */
export async function waitForLock(
  file: string,
  onWait: (holder: ProcessIdentity) => void,
): Promise<{ release(): void }> {
  let told = false;
  for (;;) {
    const outcome = await tryLock(file);
    if ('release' in outcome) return outcome;
    if (!told) onWait(outcome.holder);
    told = true;
    await sleep(200);
  }
}

function readHolder(file: string): ProcessIdentity | null {
  try {
    return z.parse(processIdentity, JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

function isExists(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
