/**
 * `npm run fuzz:deployed -- [--examples 20] [--seed 1] [--only 'POST /key/verify']`: Schemathesis against
 * the stack that is really deployed on a local AWS of its own, with all its checks. The first time
 * installs it in `.latchkey/schemathesis-venv`. Prints what was sent to each operation; a finding fails.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod/mini';
import { cleanEnvironment } from './local/clean-environment.ts';
import { startLocalEnvironment } from './local/local-environment.ts';
import { ensureVenv } from './local/python-venv.ts';
import { runCommand } from './local/run-command.ts';
import { readReport, type Told } from './local/schemathesis-report.ts';
import { stopwatch } from './local/stopwatch.ts';

const { values } = parseArgs({
  options: {
    examples: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const fuzzFolder = resolve(import.meta.dirname, '../test/fuzz');
const masterKey = 'sk-1234';
/** More than requests can end. */
const keyCount = 40;

const { log, done } = stopwatch(process.stdout);
const write = (line: string) => {
  done();
  process.stdout.write(`${line}\n`);
};
const stateDir = mkdtempSync(join(tmpdir(), 'latchkey-fuzz-'));
const python = await ensureVenv(
  {
    name: 'schemathesis-venv',
    requirements: join(fuzzFolder, 'requirements.txt'),
    holds: 'Schemathesis',
    oldestPython: 11,
  },
  log,
);
const environment = await startLocalEnvironment({ stateDir, persist: false, port: 0, log });
try {
  await fuzz(environment.baseUrl);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  write(error.message);
  process.exitCode = 1;
} finally {
  await environment.stop();
  rmSync(stateDir, { recursive: true, force: true });
}

async function fuzz(baseUrl: string): Promise<void> {
  const generate = async (body: object) => {
    const answer = await fetch(`${baseUrl}/key/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${masterKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return z.object({ key: z.string(), key_id: z.string() }).parse(await answer.json());
  };
  const admins: string[] = [];
  const ids: string[] = [];
  for (let count = 0; count < keyCount; count += 1) {
    admins.push((await generate({ user_role: 'proxy_admin' })).key);
    ids.push((await generate({ user_id: 'ada@example.com', max_budget: 5 })).key_id);
  }
  const report = join(stateDir, 'report');
  const args = [
    `--config-file=${join(fuzzFolder, 'schemathesis.toml')}`,
    'run',
    resolve('docs/openapi.json'),
    `--url=${baseUrl}`,
    '--checks=all',
    '--continue-on-failure',
    `--seed=${values.seed}`,
    `--max-examples=${values.examples}`,
    '--report=ndjson',
    `--report-dir=${report}`,
    '--no-color',
    ...(values.only === undefined ? [] : [`--include-name=${values.only}`]),
  ];
  const env = cleanEnvironment(stateDir, {
    SCHEMATHESIS_HOOKS: 'schemathesis_hooks',
    PYTHONPATH: fuzzFolder,
    LATCHKEY_ADMIN_KEYS: JSON.stringify(admins),
    LATCHKEY_KEY_IDS: JSON.stringify(ids),
    LATCHKEY_SEED: values.seed,
    COLUMNS: '160',
  });
  try {
    const options = { cwd: stateDir, env, onLine: write };
    await runCommand(join(dirname(python), 'schemathesis'), args, options);
  } finally {
    tell(readReport(report));
  }
}

function tell({ requests, statuses, held, failed }: Told): void {
  const operations = Object.keys(requests).filter((label) => label.includes(' /'));
  const total = Object.values(requests).reduce((sum, count) => sum + count, 0);
  for (const [operation, count] of Object.entries(requests)) {
    write(`${String(count).padStart(6)}  ${operation}`);
  }
  const answers = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`);
  write(`Answers: ${answers.join(', ')}`);
  write(`${total} requests to ${operations.length} operations, seed ${values.seed}`);
  write(`${held} checks held, ${failed} did not`);
}
