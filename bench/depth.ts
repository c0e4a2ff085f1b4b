/**
 * How many calls to AWS an operation waits for, one after the other. Each call of the
 * deployed functions to DynamoDB and Secrets Manager takes 0, 50, 100 or 200 ms longer: the slope of an
 * operation's time over that is its depth, hidden waits included.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalEnvironment } from '../scripts/local/local-environment.ts';
import { addFault, clearFaults } from '../test/e2e/fault-control.ts';
import type { Row } from './row.ts';
import { slopeOf } from './slope.ts';

interface Born {
  readonly key: string;
  readonly key_id: string;
  readonly token: string;
}
interface Asked {
  readonly path: string;
  readonly method?: 'GET';
  readonly body?: unknown;
  readonly key?: string;
}
interface Operation {
  /** Calls it may wait for: docs/performance.md. */
  readonly budget: number;
  readonly ask: (target: Born) => Asked;
}

const byId =
  (path: string, more: object = {}) =>
  ({ key_id }: Born) => ({
    path,
    body: { key: key_id, ...more },
  });
const byHash =
  (path: string, more: object = {}) =>
  ({ token }: Born) => ({
    path,
    body: { key: token, ...more },
  });
let names = 0;
const fresh = () => `bench/${(names += 1)}`;

const operations: Readonly<Record<string, Operation>> = {
  'refused (mistyped key)': {
    budget: 0,
    ask: ({ key }) => ({ path: '/key/info', method: 'GET', key: `${key.slice(0, -1)}!` }),
  },
  verify: { budget: 1, ask: ({ key }) => ({ path: '/key/verify', body: { key } }) },
  info: { budget: 1, ask: ({ key_id }) => ({ path: `/key/info?key=${key_id}`, method: 'GET' }) },
  'info by hash': {
    budget: 2,
    ask: ({ token }) => ({ path: `/key/info?key=${token}`, method: 'GET' }),
  },
  update: { budget: 2, ask: byId('/key/update', { tpm_limit: 7 }) },
  'update by hash': { budget: 3, ask: byHash('/key/update', { tpm_limit: 7 }) },
  block: { budget: 2, ask: byId('/key/block') },
  unblock: { budget: 2, ask: byId('/key/unblock') },
  'reset spend': {
    budget: 2,
    ask: ({ key_id }) => ({ path: `/key/${key_id}/reset_spend`, body: { reset_to: 0 } }),
  },
  generate: { budget: 4, ask: () => ({ path: '/key/generate', body: { key_alias: fresh() } }) },
  regenerate: { budget: 4, ask: byId('/key/regenerate') },
  'regenerate by hash': { budget: 5, ask: byHash('/key/regenerate') },
  delete: { budget: 4, ask: ({ key_id }) => ({ path: '/key/delete', body: { keys: [key_id] } }) },
  'delete by hash': {
    budget: 5,
    ask: ({ token }) => ({ path: '/key/delete', body: { keys: [token] } }),
  },
  rename: {
    budget: 5,
    ask: ({ key_id }) => ({ path: '/key/update', body: { key: key_id, key_alias: fresh() } }),
  },
  'regenerate to another alias': {
    budget: 5,
    ask: ({ key_id }) => ({ path: '/key/regenerate', body: { key: key_id, key_alias: fresh() } }),
  },
  list: { budget: 3, ask: () => ({ path: '/key/list?return_full_object=true', method: 'GET' }) },
  aliases: { budget: 3, ask: () => ({ path: '/key/aliases', method: 'GET' }) },
};

const delays = [0, 50, 100, 200];
const samples = 5;

/** Deploys to a local AWS of its own. */
export async function depths(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const environment = await startLocalEnvironment({
    stateDir: join(folder, 'state'),
    persist: false,
    port: 0,
    faultsTables: true,
    log: (line) => process.stderr.write(`${line}\n`),
  });
  try {
    const { aws, baseUrl } = environment;
    const admin = await born(baseUrl, 'sk-1234', { user_role: 'proxy_admin' });
    const delayAll = async (delayMs: number) => {
      for (const url of [aws.guardUrl, aws.tablesUrl]) {
        await clearFaults(url);
        await addFault(url, { operation: '*', mode: 'delay', delayMs, times: 1_000_000 });
      }
    };
    const rows: Row[] = [];
    for (const [name, { budget, ask }] of Object.entries(operations)) {
      const points: { x: number; y: number }[] = [];
      for (const delayMs of delays) {
        await delayAll(0);
        const targets: Born[] = [];
        while (targets.length < samples) {
          targets.push(await born(baseUrl, admin.key, { key_alias: fresh() }));
        }
        await delayAll(delayMs);
        for (const target of targets) {
          const { status, ms, text } = await send(baseUrl, { key: admin.key, ...ask(target) });
          if (status !== (budget === 0 ? 401 : 200)) throw new Error(`${name}: ${status} ${text}`);
          points.push({ x: delayMs, y: ms });
        }
      }
      const value = Math.round(slopeOf(fastest(points)));
      rows.push({ section: 'depth', what: name, value, unit: 'calls', budget, samples: points });
    }
    return rows;
  } finally {
    await environment.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Of each delay the fastest sample: what is slower is the machine's doing. */
const fastest = (points: readonly { readonly x: number; readonly y: number }[]) =>
  delays.map((x) => ({
    x,
    y: Math.min(...points.filter((each) => each.x === x).map(({ y }) => y)),
  }));

async function born(baseUrl: string, key: string, body: object): Promise<Born> {
  const { status, text } = await send(baseUrl, { path: '/key/generate', body, key });
  if (status !== 200) throw new Error(text);
  return JSON.parse(text);
}

async function send(baseUrl: string, { path, method, body, key }: Asked) {
  const startedAt = performance.now();
  const response = await fetch(baseUrl + path, {
    method: method ?? 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, ms: performance.now() - startedAt };
}
