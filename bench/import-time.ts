/**
 * What loading a function costs over loading an empty one, beside the
 * same AWS clients bundled as CDK's `NodejsFunction` does by default. Each sample is a process of its
 * own, the three in turns. Only the ratio means something; the budget is 0.5.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build as bundle } from 'esbuild';
import { build } from '../scripts/build.ts';
import type { Row } from './row.ts';

interface Loaded {
  readonly ms: number;
  readonly mb: number;
}

const samples = 21;
const budget = 0.5;
const root = resolve(import.meta.dirname, '..');

const clients: Readonly<Record<string, string>> = {
  'generate-key': `
    import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
    import { BatchGetCommand, DynamoDBDocumentClient, PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
    import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
    const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));
    const secrets = new SecretsManagerClient({});
    export const handler = () => [table, secrets, BatchGetCommand, PutCommand, TransactWriteCommand, CreateSecretCommand];`,
  'show-key-info': `
    import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
    import { BatchGetCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
    const table = DynamoDBDocumentClient.from(new DynamoDBClient({}));
    export const handler = () => [table, BatchGetCommand];`,
};

export async function importTimes(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const rows: Row[] = [];
  try {
    await build({ outDir: join(folder, 'ours') });
    const empty = await written(folder, 'empty', 'export const handler = () => undefined;');
    for (const [operation, source] of Object.entries(clients)) {
      const reference = await written(folder, `reference-${operation}`, source);
      const ours = join(folder, 'ours', operation, 'index.js');
      const times: Record<'empty' | 'ours' | 'reference', Loaded[]> = {
        empty: [],
        ours: [],
        reference: [],
      };
      for (let sample = 0; sample < samples; sample += 1) {
        times.empty.push(load(empty));
        times.ours.push(load(ours));
        times.reference.push(load(reference));
      }
      const over = (list: readonly Loaded[], of: keyof Loaded) =>
        median(list.map((each) => each[of])) - median(times.empty.map((each) => each[of]));
      const what = 'NodejsFunction defaults';
      rows.push(
        {
          section: 'import time over an empty function',
          what: operation,
          value: over(times.ours, 'ms'),
          unit: 'ms',
          reference: { what, value: over(times.reference, 'ms') },
          budget,
          isRatio: true,
          samples: times,
        },
        {
          section: 'memory over an empty function',
          what: operation,
          value: over(times.ours, 'mb'),
          unit: 'MB',
          reference: { what, value: over(times.reference, 'mb') },
        },
      );
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A bundle with the options of `NodejsFunction` where the SDK is bundled and nothing else is set. */
async function written(folder: string, name: string, source: string): Promise<string> {
  const outfile = join(folder, name, 'index.js');
  await bundle({
    stdin: { contents: source, resolveDir: root, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    logLevel: 'silent',
  });
  writeFileSync(join(folder, name, 'package.json'), '{ "type": "commonjs" }');
  return outfile;
}

/** Loads it in a process of its own: milliseconds, and megabytes that the process has then. */
function load(file: string): Loaded {
  const code = `const a = performance.now(); require(${JSON.stringify(file)}); const ms = performance.now() - a; process.stdout.write(JSON.stringify({ ms, mb: process.memoryUsage.rss() / 1e6 }));`;
  const env = { PATH: process.env['PATH'] ?? '', AWS_REGION: 'eu-central-1' };
  const loaded: Loaded = JSON.parse(
    execFileSync(process.execPath, ['-e', code], { env, encoding: 'utf8' }),
  );
  return loaded;
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
