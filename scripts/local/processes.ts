import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What tells one process from a later one that was given the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
  readonly command: string;
}

/** The live process with this number, or null when there is none (a zombie counts as none). */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  return existsSync('/proc/self/stat') ? fromProc(pid) : fromPs(pid);
}

/**
 * Whether exactly this process, not a later one with its number, still runs. The command is not
 * compared: a process may rename itself.
 */
export async function isRunning(process: ProcessIdentity): Promise<boolean> {
  const now = await identify(process.pid);
  return now?.startedAt === process.startedAt;
}

/**
 * Ends a process that leads its own group: SIGINT to the leader, so that it can save its state, then
 * SIGKILL to whatever is left of the group. Resolves when all of it is gone.
 */
export async function endGroup(leader: ProcessIdentity, graceSeconds = 10): Promise<void> {
  if (await isRunning(leader)) signal(leader.pid, 'SIGINT');
  const deadline = Date.now() + graceSeconds * 1000;
  while (Date.now() < deadline && (await isRunning(leader))) await sleep(50);
  signal(-leader.pid, 'SIGKILL');
  // Bounded, because where nobody collects the dead (a container without init) they stay listed.
  const giveUp = Date.now() + 2000;
  while (Date.now() < giveUp && isGroupListed(leader.pid)) await sleep(20);
}

function isGroupListed(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

/** Sends a signal; a process that is already gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone in the meantime, which is what was wanted.
  }
}

/** The process that started this one; null when there is no such process. */
export async function parentOf(pid: number): Promise<number | null> {
  try {
    const { stdout } = await run('ps', ['-p', String(pid), '-o', 'ppid=']);
    return Number.parseInt(stdout, 10);
  } catch {
    return null;
  }
}

async function fromProc(pid: number): Promise<ProcessIdentity | null> {
  try {
    const [stat, commandLine, bootId] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The name, in brackets, may contain spaces: count fields from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    if (state === 'Z' || state === 'X') return null;
    const command = commandLine.split('\0').join(' ').trim();
    return { pid, startedAt: `${bootId.trim()}:${fields[19]}`, command };
  } catch {
    return null;
  }
}

async function fromPs(pid: number): Promise<ProcessIdentity | null> {
  try {
    const { stdout } = await run('ps', ['-p', String(pid), '-o', 'lstart=,command='], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    const line = stdout.trim();
    const dateLength = 24; // "Wed Nov 25 15:13:00 2026"
    return { pid, startedAt: line.slice(0, dateLength), command: line.slice(dateLength).trim() };
  } catch {
    return null;
  }
}
