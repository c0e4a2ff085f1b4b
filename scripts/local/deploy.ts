import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { cleanEnvironment } from './clean-environment.ts';
import { waitForLock } from './lock-file.ts';
import { localDir, localIdentity, projectDir } from './project.ts';
import { runCommand } from './run-command.ts';

export interface DeployOptions {
  readonly endpoint: string;
  readonly guardUrl: string;
  readonly baseUrl: string;
  /** For the cloud assembly and CDK's caches; not shared between runs. */
  readonly workDir: string;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Folder with `cdk.json`. Default: this checkout. */
  readonly app?: string;
  /** More context, such as other settings for a test. */
  readonly context?: Readonly<Record<string, string>>;
}

/** Values of the stack's outputs by name: `ApiUrl`, `ApiId`, `KeysTableName` and so on. */
export type StackOutputs = Readonly<Record<string, string>>;

const cdk = join(projectDir, 'node_modules', '.bin', 'cdk');
const outputsFile = z.record(z.string(), z.record(z.string(), z.string()));

/**
 * Bootstraps and deploys the app's `local` environment with the real CDK command line, without any of
 * the user's AWS settings. Throws before anything runs when an endpoint is not on loopback.
 */
export async function deploy(options: DeployOptions): Promise<StackOutputs> {
  const run = commandLine(options);
  await prepare(options, run);
  return deployAssembly(options, run);
}

/**
 * The same on a stack that exists but cannot be trusted: removes it, tables included, and deploys it
 * anew. Mirrored secrets are no part of the stack and stay.
 */
export async function deployAnew(options: DeployOptions): Promise<StackOutputs> {
  const run = commandLine(options);
  await prepare(options, run);
  await destroyAssembly(options, run);
  return deployAssembly(options, run);
}

/** Removes what `deploy` has deployed with the same options. */
export const destroy = (options: DeployOptions): Promise<unknown> =>
  destroyAssembly(options, commandLine(options));

const destroyAssembly = (options: DeployOptions, run: Run): Promise<unknown> =>
  run(options.workDir, 'destroy', '--all', '--force', '--app', assemblyOf(options));

async function prepare(options: DeployOptions, run: Run): Promise<void> {
  const { workDir, log } = options;
  const { region, accountId } = localIdentity;
  log('building the functions, synthesising the stack, bootstrapping');
  await together(
    synthesize(options, run),
    run(workDir, 'bootstrap', `aws://${accountId}/${region}`),
  );
}

async function deployAssembly(options: DeployOptions, run: Run): Promise<StackOutputs> {
  const { workDir, log } = options;
  const outputs = join(workDir, 'outputs.json');
  rmSync(outputs, { force: true });
  log('deploying the stack');
  const approved = ['--require-approval', 'never', '--outputs-file', outputs];
  await run(workDir, 'deploy', '--all', '--app', assemblyOf(options), ...approved);
  const stacks = z.parse(outputsFile, JSON.parse(readFileSync(outputs, 'utf8')));
  return Object.assign({}, ...Object.values(stacks));
}

type Run = (cwd: string, ...args: string[]) => Promise<unknown>;

function assemblyOf({ workDir }: DeployOptions): string {
  return join(workDir, 'cdk.out');
}

function commandLine({ endpoint, guardUrl, baseUrl, workDir, signal }: DeployOptions): Run {
  for (const url of [endpoint, guardUrl, baseUrl]) assertLoopback(url);
  const home = join(workDir, 'home');
  mkdirSync(home, { recursive: true });
  const { region, credentials } = localIdentity;
  const env = cleanEnvironment(home, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    CDK_DISABLE_VERSION_CHECK: '1',
  });
  return (cwd, ...args) =>
    runCommand(cdk, [...args, '--no-notices', '--no-color', '--ci'], { cwd, env, signal });
}

/** Apart from the deploy, so that the lock is short and a second run may deploy meanwhile. */
async function synthesize(options: DeployOptions, run: Run): Promise<void> {
  const { guardUrl, baseUrl, log } = options;
  const context = { env: 'local', secretsEndpoint: guardUrl, baseUrl, ...options.context };
  const contextArgs = Object.entries(context).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  // The build writes dist/ of the checkout, which a second run must not change while this one reads it.
  const lock = await waitForLock(join(localDir, 'build.lock'), ({ pid }) => {
    log(`waiting for pid ${pid}, which builds too`);
  });
  try {
    const app = options.app ?? projectDir;
    await run(app, 'synth', '--quiet', '--output', assemblyOf(options), ...contextArgs);
  } finally {
    lock.release();
  }
}

/** Refuses what could be a real account. Throws unless the URL's host is a loopback address. */
export function assertLoopback(url: string): void {
  const { hostname } = new URL(url);
  if (!['localhost', '127.0.0.1', '[::1]'].includes(hostname)) {
    throw new Error(`The local environment is deployed to this machine only, not to ${hostname}`);
  }
}

/** Waits for both even when one fails, so that nothing keeps running behind the error. */
async function together(...tasks: Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(tasks)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}
