import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from './clean-environment.ts';
import { waitForLock } from './lock-file.ts';
import { localDir } from './project.ts';
import { runCommand } from './run-command.ts';

export interface Venv {
  /** Its folder's name in `.latchkey`. */
  readonly name: string;
  /** The file of what it holds, pinned with hashes. */
  readonly requirements: string;
  /** What that is, as told to people. */
  readonly holds: string;
  /** The oldest Python 3 that it runs on. Default: 10. */
  readonly oldestPython?: number;
}

const candidates = [
  'python3',
  'python3.14',
  'python3.13',
  'python3.12',
  'python3.11',
  'python3.10',
  'python',
];

/**
 * The Python of a virtual environment that holds exactly the pinned packages. Made on first use and
 * reused while the requirements stay the same. Throws, in one line, what the machine lacks.
 */
export async function ensureVenv(
  { name, requirements, holds, oldestPython = 10 }: Venv,
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const folder = join(localDir, name);
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, 'requirements.sha256');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const isReady = () =>
    existsSync(stamp) && existsSync(python) && readFileSync(stamp, 'utf8') === wanted;
  if (isReady()) return python;

  mkdirSync(localDir, { recursive: true });
  const lock = await waitForLock(join(localDir, `${name}.lock`), ({ pid }) => {
    log(`waiting for pid ${pid}, which installs ${holds}`);
  });
  try {
    if (isReady()) return python;
    // The user's own home folder here: version managers and pip's configuration live there.
    const env = cleanEnvironment(process.env.HOME ?? localDir);
    const options = { cwd: localDir, env, signal };
    const system = await findPython(holds, oldestPython, options);
    log(`installing ${holds}, pinned, into .latchkey/${name}`);
    rmSync(folder, { recursive: true, force: true });
    try {
      await runCommand(system, ['-m', 'venv', folder], options);
    } catch (cause) {
      options.signal?.throwIfAborted();
      throw new Error(
        `${system} cannot make virtual environments (on Debian and Ubuntu: apt install python3-venv)`,
        { cause },
      );
    }
    const install = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--require-hashes',
      '-r',
      requirements,
    ];
    await runCommand(python, install, options);
    writeFileSync(stamp, wanted);
    return python;
  } finally {
    lock.release();
  }
}

async function findPython(
  holds: string,
  oldest: number,
  options: Parameters<typeof runCommand>[2],
): Promise<string> {
  const isRecent = `import sys; sys.exit(sys.version_info < (3, ${oldest}))`;
  for (const name of candidates) {
    try {
      await runCommand(name, ['-c', isRecent], options);
      return name;
    } catch {
      options.signal?.throwIfAborted();
    }
  }
  throw new Error(`Python 3.${oldest} or newer is needed for ${holds}, and none is on the PATH`);
}
