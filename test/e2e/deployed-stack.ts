/** Deploys the local environment once for all end-to-end tests: own ports, own state, IAM enforced. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { paramsOf, routes } from '../../lambdas/shared/http/routes.ts';
import type { SeenExchange } from '../../scripts/local/api-proxy.ts';
import { startLocalEnvironment } from '../../scripts/local/local-environment.ts';
import { noteSeen } from '../canary/seen.ts';
import { checkDocumented } from '../fakes/documented.ts';

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
  const { seenExchange, seenValue } = noteSeen(stateDir);
  const undocumented = new Set<string>();
  const noteUndocumented = undocumentedInto(undocumented);
  const environment = await startLocalEnvironment({
    stateDir,
    persist: false,
    port: 0,
    faultsTables: true,
    seenValue,
    seenExchange: (request, answer) => {
      seenExchange(request, answer);
      noteUndocumented(request, answer);
    },
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
    // Before the rest, which vitest may cut short without a word.
    if (undocumented.size > 0) {
      process.stderr.write(`Not documented:\n${[...undocumented].join('\n')}\n`);
      process.exitCode = 1;
    }
    await environment.stop();
    rmSync(stateDir, { recursive: true, force: true });
  };
}

/** Collects what functions answered that the OpenAPI document does not have. */
const undocumentedInto =
  (found: Set<string>): SeenExchange =>
  ({ method, path: target }, { status, headers }) => {
    // API Gateway's own answers have none.
    if (headers['x-request-id'] === undefined) return;
    const [path = ''] = target.split('?');
    for (const route of routes) {
      if (route.method !== method || paramsOf(route.path, path) === null) continue;
      try {
        checkDocumented(`${method} ${route.path}`, status);
      } catch (error) {
        found.add(String(error));
      }
    }
  };
