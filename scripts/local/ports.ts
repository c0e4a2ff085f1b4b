import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { identify } from './processes.ts';

const run = promisify(execFile);

/** A port that nobody listens on now, picked by the system. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether nobody listens on this port of 127.0.0.1. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await listen(server, port);
  } catch {
    return false;
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
}

/** Who listens on a port, as a phrase ("pid 12, node server.js"), as far as this system tells. */
export async function describeHolder(port: number): Promise<string> {
  const pid = await ownerOf(port, 'LISTEN');
  if (pid === null) return 'a process that this user may not see';
  const holder = await identify(pid);
  return holder === null ? `pid ${pid}` : `pid ${pid}, ${holder.command}`;
}

/** The other process, if it can be told, whose end of an open connection has this port. */
export const connectedFrom = (port: number): Promise<number | null> => ownerOf(port, 'ESTABLISHED');

type State = 'LISTEN' | 'ESTABLISHED';

const ownerOf = async (port: number, state: State): Promise<number | null> =>
  existsSync('/proc/net/tcp') ? ownerFromProc(port, state) : ownerFromLsof(port, state);

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('No TCP address'));
      else resolve(address.port);
    });
  });
}

const kernelStates: Readonly<Record<State, string>> = { LISTEN: '0A', ESTABLISHED: '01' };

/** The kernel lists sockets by inode; the process is whoever has that inode open. */
function ownerFromProc(port: number, state: State): number | null {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = ['/proc/net/tcp', '/proc/net/tcp6']
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === kernelStates[state])
    .map((fields) => `socket:[${fields[9]}]`);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (openFiles(pid).some((target) => sockets.includes(target))) return Number(pid);
  }
  return null;
}

function openFiles(pid: string): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((name) => {
      try {
        return [readlinkSync(`${folder}/${name}`)];
      } catch {
        return []; // Closed while we looked.
      }
    });
  } catch {
    return []; // Another user's process, or one that has just ended.
  }
}

async function ownerFromLsof(port: number, state: State): Promise<number | null> {
  try {
    const { stdout } = await run('lsof', ['-nP', `-iTCP:${port}`, `-sTCP:${state}`, '-t']);
    // Of a connection it lists both ends, and one of them is ours.
    const pids = stdout.split('\n').map((line) => Number.parseInt(line, 10));
    return (
      pids.find((pid) => (state === 'LISTEN' ? pid > 0 : pid > 0 && pid !== process.pid)) ?? null
    );
  } catch {
    return null;
  }
}
