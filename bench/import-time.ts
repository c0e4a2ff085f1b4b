/**
 * `node bench/import-time.ts`: what loading a function costs over loading an empty one, beside the
 * same AWS clients bundled as CDK's `NodejsFunction` does by default. Each sample is a process of its
 * own, the three in turns. Only the ratio means something; the budget is 0.5.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build as bundle } from 'esbuild';
import { build } from '../scripts/build.ts';

const samples = 21;
const budget = 0.5;
const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));

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

try {
  await build({ outDir: join(folder, 'ours') });
  const empty = await written('empty', 'export const handler = () => undefined;');
  for (const [operation, source] of Object.entries(clients)) {
    const reference = await written(`reference-${operation}`, source);
    const ours = join(folder, 'ours', operation, 'index.js');
    const times: Record<'empty' | 'ours' | 'reference', number[]> = {
      empty: [],
      ours: [],
      reference: [],
    };
    for (let sample = 0; sample < samples; sample += 1) {
      times.empty.push(importMs(empty));
      times.ours.push(importMs(ours));
      times.reference.push(importMs(reference));
    }
    const over = (list: readonly number[]) => median(list) - median(times.empty);
    const ratio = over(times.ours) / over(times.reference);
    process.stdout.write(
      `${operation}: median import ${median(times.ours).toFixed(1)} ms, NodejsFunction defaults ${median(times.reference).toFixed(1)} ms, empty ${median(times.empty).toFixed(1)} ms: ratio ${ratio.toFixed(2)} (budget ${budget})\n`,
    );
    if (ratio > budget) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** A bundle with the options of `NodejsFunction` where the SDK is bundled and nothing else is set. */
async function written(name: string, source: string): Promise<string> {
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

function importMs(file: string): number {
  const code = `const a = performance.now(); require(${JSON.stringify(file)}); process.stdout.write(String(performance.now() - a));`;
  const env = { PATH: process.env['PATH'] ?? '', AWS_REGION: 'eu-central-1' };
  return Number(execFileSync(process.execPath, ['-e', code], { env, encoding: 'utf8' }));
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
