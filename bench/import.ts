/**
 * `node bench/import.ts [rows]`: an import of 10,000 keys and the export of them, by the commands that
 * operators give, on a local AWS of its own with the stack deployed: seconds and peak memory of each.
 * The seconds are those of the local AWS; the memory is ours, and budgeted: at 10,000 rows at most
 * twice that at 100.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startLocalEnvironment } from '../scripts/local/local-environment.ts';

const rows = Number(process.argv[2] ?? 10_000);
const fewRows = 100;
const budget = 2;
const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
const say = (line: string) => process.stdout.write(`${line}\n`);

const environment = await startLocalEnvironment({
  stateDir: join(folder, 'state'),
  persist: false,
  port: 0,
  log: say,
});
const { aws, outputs } = environment;
try {
  const few = fileOf('few', fewRows);
  const all = fileOf('all', rows);
  say('');
  const small = await run(`import of ${fewRows} rows`, 'import', few, '--apply');
  await run('dry run', 'import', all);
  const large = await run(`import of ${rows} rows`, 'import', all, '--apply');
  await run('the same again', 'import', all, '--apply');
  await run('export', 'export', '--out', join(folder, 'out.jsonl'));
  const ratio = large / small;
  say(`Memory at ${rows} rows over that at ${fewRows}: ${ratio.toFixed(2)} (budget ${budget})`);
  if (ratio > budget) process.exitCode = 1;
} finally {
  await environment.stop();
  rmSync(folder, { recursive: true });
}

function fileOf(name: string, count: number): string {
  const path = join(folder, `${name}.jsonl`);
  const lines = Array.from({ length: count }, (_, n) =>
    JSON.stringify({
      token: createHash('sha256').update(`${name}-${n}`).digest('hex'),
      key_name: 'sk-...0000',
      key_alias: `${name}/${n}`,
      user_id: `user-${n % 500}@example.com`,
      team_id: `team-${n % 50}`,
      models: ['gpt-4o', 'mistral-large'],
      max_budget: 100,
      budget_duration: '30d',
      budget_reset_at: '2030-01-01T00:00:00+00:00',
      spend: n / 8,
      rpm_limit: 60,
      metadata: { tags: ['bench'], cost_centre: n % 20 },
      created_at: '2026-01-02T03:04:05.678000+00:00',
      created_by: 'default_user_id',
    }),
  );
  writeFileSync(path, lines.join('\n'));
  return path;
}

/** Runs a command to its end and tells its peak memory in MB. */
function run(what: string, script: 'import' | 'export', ...args: string[]): Promise<number> {
  const peak = 'process.on("exit",()=>console.error(`peak ${process.resourceUsage().maxRSS}`))';
  const command = [
    `--import=data:text/javascript,${encodeURIComponent(peak)}`,
    `scripts/${script}.ts`,
    '--env=prod',
    `--keys-table=${outputs['KeysTableName']}`,
    ...args,
  ];
  const env = {
    AWS_ENDPOINT_URL_DYNAMODB: aws.endpoint,
    AWS_REGION: aws.region,
    AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
  };
  const startedAt = performance.now();
  return new Promise((done, fail) => {
    execFile(process.execPath, command, { cwd: root, env }, (error, stdout, stderr) => {
      const megabytes = Number(/^peak (\d+)$/m.exec(stderr)?.[1]) / 1024;
      const seconds = (performance.now() - startedAt) / 1000;
      if (error !== null) return fail(new Error(`${what}: ${stdout}${stderr}`));
      say(`${what}: ${seconds.toFixed(1)} s, ${Math.round(megabytes)} MB at most`);
      done(megabytes);
    });
  });
}
