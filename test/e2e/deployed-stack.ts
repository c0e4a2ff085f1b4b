/** Deploys the local environment once for all end-to-end tests: own ports, own state, IAM enforced. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startLocalEnvironment } from '../../scripts/local/local-environment.ts';
import { noteSeen } from '../canary/seen.ts';

export interface Deployed {
  readonly baseUrl: string;
  /** All services; see `guardUrl` for Secrets Manager. */
  readonly endpoint: string;
  readonly guardUrl: string;
  /** DynamoDB as the functions reach it, faults included. */
  readonly tablesUrl: string;
  readonly region: string;
  readonly accountId: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly outputs: Readonly<Record<string, string>>;
  /** Where logs are, and what was seen for the scan. */
  readonly stateDir: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    deployed: Deployed;
  }
}

export default async function setup(project: TestProject) {
  const stateDir = mkdtempSync(join(tmpdir(), 'latchkey-e2e-'));
  const startedAt = Date.now();
  const environment = await startLocalEnvironment({
    stateDir,
    persist: false,
    port: 0,
    faultsTables: true,
    ...noteSeen(stateDir),
    log: (line) => {
      process.stdout.write(`[${((Date.now() - startedAt) / 1000).toFixed(1)} s] ${line}\n`);
    },
  });
  const { aws, baseUrl, outputs } = environment;
  const { endpoint, guardUrl, tablesUrl, region, accountId, credentials } = aws;
  project.provide('deployed', {
    baseUrl,
    endpoint,
    guardUrl,
    tablesUrl,
    region,
    accountId,
    credentials,
    outputs,
    stateDir,
  });
  return async () => {
    await environment.stop();
    rmSync(stateDir, { recursive: true, force: true });
  };
}
