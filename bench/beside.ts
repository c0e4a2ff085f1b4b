/**
 * `npm run bench -- beside`: generate and check of a key by `npm run dev` beside better-auth's API-key
 * plugin, under the same load of the same generator, in turns. What each has done when it answers
 * differs, and docs/performance.md says how: only the ratios mean something. No part of a plain run,
 * for better-auth is fetched from the registry the first time.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Asked, send } from './beside/load.ts';
import {
  installBetterAuth,
  type Server,
  startBare,
  startBetterAuth,
  startDev,
} from './beside/servers.ts';
import type { Row } from './row.ts';

/** How a server is asked for the two. */
interface Api {
  readonly generate: (name: string) => Asked;
  readonly check: (key: string) => Asked;
}
interface Contestant extends Api {
  readonly name: string;
  readonly server: Server;
  /** Keys that are checked in turn. */
  readonly keys: readonly string[];
}
interface Sample {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
}

const rounds = 9;
const counts = { generate: 200, check: 500 };
const concurrencies = [1, 8];
const poolSize = 100;
const ours = 'npm run dev';
const metadata = { cost_centre: '4711' };
let names = 0;
const fresh = () => `bench-${(names += 1)}`;

export async function beside(): Promise<Row[]> {
  installBetterAuth();
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const servers: Server[] = [];
  const started = async (starting: Promise<Server>) => {
    const server = await starting;
    servers.push(server);
    return server;
  };
  try {
    const dev = await started(startDev());
    const inMemory = await started(startBetterAuth(':memory:'));
    const onDisk = await started(startBetterAuth(join(folder, 'keys.sqlite')));
    const bare = await started(startBare());
    return rowsOf(
      await measured([
        await contestant(ours, dev, latchkey(await adminKey(dev))),
        await contestant('better-auth, in memory', inMemory, betterAuth),
        await contestant('better-auth, on disk', onDisk, betterAuth),
        await contestant('bare HTTP server', bare, betterAuth),
      ]),
    );
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true });
  }
}

const betterAuth: Api = {
  generate: (name) => ({ path: '/create', body: { name, metadata } }),
  check: (key) => ({ path: '/verify', body: { key } }),
};

const latchkey = (caller: string): Api => {
  const authorization = `Bearer ${caller}`;
  return {
    generate: (key_alias) => ({
      path: '/key/generate',
      body: { key_alias, metadata },
      authorization,
    }),
    check: (key) => ({ path: '/key/verify', body: { key }, authorization }),
  };
};

/** An issued key, as callers have. */
async function adminKey({ port }: Server): Promise<string> {
  let key = '';
  await send({
    port,
    count: 1,
    atATime: 1,
    ask: () => ({
      path: '/key/generate',
      body: { user_role: 'proxy_admin' },
      authorization: 'Bearer sk-1234',
    }),
    check: (body) => {
      key = keyIn(body);
    },
  });
  return key;
}

async function contestant(name: string, server: Server, api: Api): Promise<Contestant> {
  const keys: string[] = [];
  await send({
    port: server.port,
    count: poolSize,
    atATime: 1,
    ask: () => api.generate(fresh()),
    check: (body) => keys.push(keyIn(body)),
  });
  return { name, server, keys, ...api };
}

function keyIn(body: string): string {
  const { key }: { readonly key?: unknown } = JSON.parse(body);
  if (typeof key !== 'string') throw new Error(`No key: ${body}`);
  return key;
}

/** Samples by what is done and by whom. */
async function measured(all: readonly Contestant[]) {
  const samples = new Map<string, Map<string, Sample[]>>();
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
    for (const operation of ['generate', 'check'] as const) {
      for (const atATime of concurrencies) {
        // Each comes first as often as the others.
        const turn = round % all.length;
        for (const one of [...all.slice(turn), ...all.slice(0, turn)]) {
          const sample = await sampleOf(one, operation, atATime);
          // The first round only warms up.
          if (round === 0) continue;
          const what = `${operation}, ${atATime} at a time`;
          const byName = samples.get(what) ?? new Map<string, Sample[]>();
          samples.set(what, byName);
          byName.set(one.name, [...(byName.get(one.name) ?? []), sample]);
        }
      }
    }
  }
  return samples;
}

async function sampleOf(
  { server, keys, generate, check }: Contestant,
  operation: 'generate' | 'check',
  atATime: number,
): Promise<Sample> {
  const count = counts[operation];
  let next = 0;
  const checked = () => check(keys[(next += 1) % keys.length] ?? '');
  const before = await server.cpu();
  const seconds = await send({
    port: server.port,
    count,
    atATime,
    ...(operation === 'generate'
      ? { ask: () => generate(fresh()), check: keyIn }
      : { ask: checked, check: isValid }),
  });
  return {
    perSecond: count / seconds,
    cpuMicroseconds: ((await server.cpu()) - before) / count,
  };
}

function isValid(body: string): void {
  if (!body.includes('"valid":true')) throw new Error(`Not valid: ${body}`);
}

/** Ours over each of the others. */
function rowsOf(samples: Awaited<ReturnType<typeof measured>>): Row[] {
  const measures = [
    { of: 'perSecond', section: 'beside others, requests per second', unit: '/s' },
    { of: 'cpuMicroseconds', section: 'beside others, CPU of the server per request', unit: 'µs' },
  ] as const;
  return measures.flatMap(({ of, section, unit }) =>
    [...samples].flatMap(([what, byName]) => {
      const medianOf = (name: string) =>
        Math.round(median((byName.get(name) ?? []).map((sample) => sample[of])));
      return [...byName.keys()]
        .filter((name) => name !== ours)
        .map((name) => ({
          section,
          what,
          value: medianOf(ours),
          unit,
          reference: { what: name, value: medianOf(name) },
          samples: { [ours]: byName.get(ours), [name]: byName.get(name) },
        }));
    }),
  );
}

function median(list: readonly number[]): number {
  const sorted = list.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
