import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { cleanEnvironment } from './clean-environment.ts';
import { processIdentity, tryLock } from './lock-file.ts';
import { freePort, isFree } from './ports.ts';
import { endGroup, identify } from './processes.ts';
import { localIdentity } from './project.ts';
import { ensureVenv } from './python-venv.ts';
import { startSecretsGuard } from './secrets-guard.ts';
import { rewindStreamReaders } from './stream-positions.ts';
import { startTablesProxy } from './tables-proxy.ts';

export interface LocalAwsPorts {
  readonly aws: number;
  readonly guard: number;
}

export interface LocalAwsOptions {
  /** Where state, logs and the pid file live. One running instance each. */
  readonly stateDir: string;
  /** Whether tables, secrets and functions outlive a clean stop. */
  readonly persist: boolean;
  /** Ports to take. Default: those of the last start in this folder, if still free, else free ones. */
  readonly ports?: LocalAwsPorts;
  /** Whether functions reach DynamoDB through a proxy that can inject faults. */
  readonly faultsTables?: boolean;
  /** Told of each value that Secrets Manager is asked to store. */
  readonly seenValue?: (value: string) => void;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface LocalAws {
  /** Every service, IAM enforced. Secrets Manager with the emulator's flaws. */
  readonly endpoint: string;
  /** Secrets Manager with AWS's semantics; see `faulting-server.ts` for the faults it can inject. */
  readonly guardUrl: string;
  /** DynamoDB as the functions reach it: the endpoint itself, or the proxy in front of it. */
  readonly tablesUrl: string;
  readonly region: string;
  readonly accountId: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly ports: LocalAwsPorts;
  readonly pid: number;
  /** Rejects if the local AWS ends by itself; never resolves. */
  readonly failed: Promise<never>;
  /** Ends everything that was started; saves the state when it persists. */
  stop(): Promise<void>;
}

const drainMs = 1500;

const ministack = {
  name: 'venv',
  requirements: join(import.meta.dirname, 'requirements.txt'),
  holds: 'the local AWS (MiniStack)',
};

const portsFile = z.object({ aws: z.number(), guard: z.number() });
const pidFile = z.object({ process: processIdentity, tempDir: z.string() });
const health = z.object({ edition: z.string() });

/**
 * Starts MiniStack on loopback with IAM enforced, and the guard in front of its Secrets Manager. Ends
 * first what a killed run left in this folder. Resolves when both answer and the answer is known to
 * come from the process just started. Throws when another live run uses the folder.
 */
export async function startLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  const { stateDir, persist, seenValue, log, signal } = options;
  const paths = {
    saved: join(stateDir, 'ministack'),
    objects: join(stateDir, 's3'),
    home: join(stateDir, 'home'),
    log: join(stateDir, 'ministack.log'),
    pid: join(stateDir, 'ministack.pid.json'),
    ports: join(stateDir, 'ports.json'),
  };
  const lock = await claim(stateDir);
  try {
    await endLeftover(paths.pid, log);
    const python = await ensureVenv(ministack, log, signal);
    for (const folder of [paths.saved, paths.objects, paths.home])
      mkdirSync(folder, { recursive: true });
    if (persist) rewindStreamReaders(paths.saved);

    const ports = options.ports ?? (await choosePorts(paths.ports));
    if (!(await isFree(ports.aws)))
      throw new Error(`Port ${ports.aws}, meant for the local AWS, is taken`);
    // Outside the checkout, or its package.json and node_modules would shape the deployed functions.
    const tempDir = mkdtempSync(join(tmpdir(), 'latchkey-'));
    const nonce = `latchkey-${randomUUID()}`;
    const endpoint = `http://127.0.0.1:${ports.aws}`;
    const tablesPort = options.faultsTables === true ? await freePort() : ports.aws;
    const tablesUrl = `http://127.0.0.1:${tablesPort}`;
    const child = spawnMiniStack(python, paths.log, {
      ...cleanEnvironment(paths.home),
      TMPDIR: tempDir,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(ports.aws),
      MINISTACK_REGION: localIdentity.region,
      MINISTACK_EDITION: nonce,
      AUTH: 'true',
      PERSIST_STATE: persist ? '1' : '0',
      STATE_DIR: paths.saved,
      S3_PERSIST: persist ? '1' : '0',
      S3_DATA_DIR: paths.objects,
      LAMBDA_EXECUTOR: 'local',
      // It would look for containers to remove, and open MQTT and SFTP ports.
      DOCKER_HOST: 'unix:///nonexistent',
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      // Of no use to itself; the workers of the functions inherit it.
      AWS_ENDPOINT_URL_DYNAMODB: tablesUrl,
    });
    const failed = whenEnded(child, paths.log);
    // Asked again once it is up: some Pythons replace themselves on start, which changes the command.
    const noteIdentity = async () => {
      const identity = child.pid === undefined ? null : await identify(child.pid);
      if (identity === null) return failed.promise;
      writeFileSync(paths.pid, JSON.stringify({ process: identity, tempDir }));
      return identity;
    };
    let identity = await noteIdentity();
    const endChild = async () => {
      await endGroup(identity);
      rmSync(tempDir, { recursive: true, force: true });
      rmSync(paths.pid, { force: true });
    };
    try {
      await Promise.race([failed.promise, waitUntilReady(endpoint, nonce, signal)]);
      identity = await noteIdentity();
      const upstream = { upstream: endpoint, parent: identity.pid };
      const guard = await startSecretsGuard({ ...upstream, port: ports.guard, seenValue });
      const tables =
        options.faultsTables === true
          ? await startTablesProxy({ ...upstream, port: tablesPort })
          : null;
      return {
        endpoint,
        guardUrl: guard.url,
        tablesUrl,
        ...localIdentity,
        ports,
        pid: identity.pid,
        failed: failed.promise,
        async stop() {
          failed.expected();
          // Stream records that no reader has got yet are not saved: give the last ones their moment.
          if (persist) await sleep(drainMs);
          await guard.stop();
          await tables?.stop();
          await endChild();
          lock.release();
        },
      };
    } catch (error) {
      failed.expected();
      await endChild();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Ends what a killed run left in the folder and removes the folder. Throws when a live run uses it. */
export async function clearState(stateDir: string, log: (line: string) => void): Promise<void> {
  const lock = await claim(stateDir);
  await endLeftover(join(stateDir, 'ministack.pid.json'), log);
  rmSync(stateDir, { recursive: true, force: true });
  lock.release();
}

async function claim(stateDir: string): Promise<{ release(): void }> {
  const lock = await tryLock(join(stateDir, 'instance.lock'));
  if ('release' in lock) return lock;
  const { pid, command } = lock.holder;
  throw new Error(`${stateDir} is in use by pid ${pid} (${command}); stop it first`);
}

/** Ends what a killed run left behind, if the pid still names the very process and command of the file. */
async function endLeftover(file: string, log: (line: string) => void): Promise<void> {
  if (!existsSync(file)) return;
  const left = z.safeParse(pidFile, JSON.parse(readFileSync(file, 'utf8') || 'null'));
  if (left.success) {
    const { pid, startedAt, command } = left.data.process;
    const now = await identify(pid);
    if (now?.startedAt === startedAt && now.command === command) {
      log(`ending the local AWS of a run that was killed (pid ${pid})`);
      await endGroup(now);
    }
    rmSync(left.data.tempDir, { recursive: true, force: true });
  }
  rmSync(file, { force: true });
}

/** The same ports again keep the template the same, so that nothing needs to be deployed. */
async function choosePorts(file: string): Promise<LocalAwsPorts> {
  if (existsSync(file)) {
    const known = z.safeParse(portsFile, JSON.parse(readFileSync(file, 'utf8') || 'null'));
    if (known.success && (await isFree(known.data.aws)) && (await isFree(known.data.guard)))
      return known.data;
  }
  const ports = { aws: await freePort(), guard: await freePort() };
  writeFileSync(file, JSON.stringify(ports));
  return ports;
}

function spawnMiniStack(
  python: string,
  logFile: string,
  env: Record<string, string>,
): ChildProcess {
  const log = openSync(logFile, 'w');
  try {
    // Its own group: Ctrl-C must not reach it before the stream readers are done, and its workers end with it.
    const launcher = join(import.meta.dirname, 'run-ministack.py');
    return spawn(python, [launcher], { env, detached: true, stdio: ['pipe', log, log] });
  } finally {
    closeSync(log);
  }
}

function whenEnded(child: ChildProcess, logFile: string) {
  let isExpected = false;
  const promise = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (!isExpected)
        reject(new Error(`The local AWS ended (exit code ${code}):\n${lastLines(logFile)}`));
    });
  });
  // Whoever cares races it; without a listener it must not end the process.
  promise.catch(() => {});
  return {
    promise,
    expected() {
      isExpected = true;
    },
  };
}

/** Only the child knows the nonce, so an answer that carries it proves who listens on the port. */
async function waitUntilReady(
  endpoint: string,
  nonce: string,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    signal?.throwIfAborted();
    const edition = await readEdition(endpoint);
    if (edition === nonce) return;
    if (edition !== null) throw new Error(`${endpoint} is answered by a process that is not ours`);
    await sleep(100);
  }
  throw new Error('The local AWS did not answer within a minute');
}

async function readEdition(endpoint: string): Promise<string | null> {
  try {
    const response = await fetch(`${endpoint}/_ministack/health`, {
      signal: AbortSignal.timeout(5000),
    });
    return z.parse(health, await response.json()).edition;
  } catch {
    return null;
  }
}

function lastLines(file: string): string {
  return existsSync(file)
    ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-20).join('\n')
    : '';
}
