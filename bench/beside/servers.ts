/** The servers that are measured beside each other, each a process of its own. */
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../scripts/local/ports.ts';

export interface Server {
  readonly port: number;
  /** CPU time of the process until now, user and system, in microseconds. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
}

const peer = join(import.meta.dirname, '../better-auth');
const limitMs = 30_000;

/** Of no use to the product, so that it is installed when it is first measured, as its lockfile says. */
export function installBetterAuth(): void {
  if (existsSync(join(peer, 'node_modules/.package-lock.json'))) return;
  process.stderr.write('installing better-auth\n');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: peer,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

export const startDev = (): Promise<Server> =>
  start(join(import.meta.dirname, '../../scripts/dev.ts'), () => []);

/** @param file of the database, or `:memory:` */
export const startBetterAuth = (file: string): Promise<Server> =>
  start(join(peer, 'server.mjs'), (port) => [String(port), file]);

export const startBare = (): Promise<Server> =>
  start(join(import.meta.dirname, 'bare-server.ts'), (port) => [String(port)]);

async function start(script: string, args: (port: number) => string[]): Promise<Server> {
  const port = await freePort();
  const child = fork(script, args(port), {
    execArgv: ['--import', join(import.meta.dirname, 'tell-cpu.ts')],
    env: { PORT: String(port), NODE_ENV: 'production' },
    // Log lines are written, and read by nobody.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const server: Server = {
    port,
    cpu: async () => {
      const told = once(child, 'message');
      child.send('cpu');
      const [microseconds] = await told;
      return Number(microseconds);
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
  const startedAt = performance.now();
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() - startedAt > limitMs) {
      await server.stop();
      throw new Error(`${script} did not start`);
    }
    await wait(50);
  }
  return server;
}

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' }).then(
    async (response) => {
      await response.body?.cancel();
      return true;
    },
    () => false,
  );
