import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from './clean-environment.ts';
import { waitForLock } from './lock-file.ts';
import { localDir } from './project.ts';
import { runCommand } from './run-command.ts';

const requirements = join(import.meta.dirname, 'requirements.txt');
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
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const folder = join(localDir, 'venv');
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, 'requirements.sha256');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const isReady = () =>
    existsSync(stamp) && existsSync(python) && readFileSync(stamp, 'utf8') === wanted;
  if (isReady()) return python;

  mkdirSync(localDir, { recursive: true });
  const lock = await waitForLock(join(localDir, 'venv.lock'), ({ pid }) => {
    log(`waiting for pid ${pid}, which installs the local AWS`);
  });
  try {
    if (isReady()) return python;
    // The user's own home folder here: version managers and pip's configuration live there.
    const env = cleanEnvironment(process.env.HOME ?? localDir);
    const options = { cwd: localDir, env, signal };
    const system = await findPython(options);
    log('installing the local AWS (MiniStack, pinned, into .latchkey/venv)');
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

async function findPython(options: Parameters<typeof runCommand>[2]): Promise<string> {
  const isRecent = 'import sys; sys.exit(sys.version_info < (3, 10))';
  for (const name of candidates) {
    try {
      await runCommand(name, ['-c', isRecent], options);
      return name;
    } catch {
      options.signal?.throwIfAborted();
    }
  }
  throw new Error('Python 3.10 or newer is needed for the local AWS, and none is on the PATH');
}
