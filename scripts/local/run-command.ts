import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { signal as send } from './processes.ts';

interface CommandOptions {
  readonly cwd: string;
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a command to its end. Throws with the last lines of its output when it fails, and ends it with
 * everything it started when the signal aborts.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<string[]> {
  options.signal?.throwIfAborted();
  // A group of its own: Ctrl-C in the terminal reaches only us, and we can end its children too.
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(line);
    options.onLine?.(line);
  };
  createInterface(child.stdout).on('line', onLine);
  createInterface(child.stderr).on('line', onLine);
  const abort = () => {
    if (child.pid !== undefined) send(-child.pid, 'SIGKILL');
  };
  options.signal?.addEventListener('abort', abort);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    options.signal?.throwIfAborted();
    if (code === 0) return lines;
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
  throw new Error(`${command} ${args[0] ?? ''} failed:\n${lines.slice(-25).join('\n')}`);
}
