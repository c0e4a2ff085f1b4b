/**
 * `npm run import -- <file>`: takes the keys of a LiteLLM over, with the values that they have. Without
 * `--apply` nothing is written. Exit code 0: all rows are in, or could be; 1: some were refused; 2: the
 * input or the environment is none to work with.
 */
import { createReadStream, openSync, statSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { secureRandom } from '../lambdas/shared/adapters/randomness.ts';
import { keyTable } from '../lambdas/shared/adapters/table/key-table.ts';
import { findEnvironment } from '../lib/environments.ts';
import { refusalLine, sumOf } from './import/import-report.ts';
import { importRows, type Tally } from './import/import-rows.ts';
import { jsonValues } from './import/json-values.ts';
import { operatorName } from './operator/operator-name.ts';
import { pace } from './operator/pace.ts';
import { pause } from './operator/pause.ts';
import { clientOf, documentsOf, tableOf } from './operator/tables.ts';
import { Unusable } from './operator/unusable.ts';

const usage =
  'Usage: npm run import -- <file> [--env <env>] [--apply] [--as <name>] [--report <file>] [--with-roles] [--keys-table <name>]';

const say = (line: string) => {
  process.stderr.write(`${line}\n`);
};
const print = (text: string) => {
  process.stdout.write(`${text}\n`);
};

let reached: Tally | null = null;
await main().catch((error: Error) => {
  say(error.cause instanceof Error ? `${error.message} (${error.cause})` : error.message);
  if (reached !== null) print(`Stopped; the same again goes on.\n${sumOf(reached, true)}`);
  process.exitCode = 2;
});

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      env: { type: 'string', default: 'local' },
      apply: { type: 'boolean', default: false },
      as: { type: 'string' },
      report: { type: 'string' },
      'with-roles': { type: 'boolean', default: false },
      'keys-table': { type: 'string' },
    },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new Unusable(usage);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new Unusable(`There is no file ${file}`);
  if (!found.isFile()) throw new Unusable('The rows are read twice: give a file, and no pipe');
  if (values.report !== undefined && resolve(values.report) === resolve(file)) {
    throw new Unusable('--report would write over the keys: name another file');
  }
  const { env, apply } = values;
  const as = operatorName(values.as);
  const { secrets, keys } = findEnvironment(env);
  const client = clientOf(env);
  const name = values['keys-table'] ?? (await tableOf(client, env, 'KeysTable'));
  const report = values.report === undefined ? null : openSync(values.report, 'w', 0o600);
  const note = (entry: object) => {
    if (report !== null) writeSync(report, `${JSON.stringify(entry)}\n`);
  };
  const progress = pace(say);
  const tally = await importRows(() => jsonValues(createReadStream(file)), {
    stores: { table: keyTable(documentsOf(client), name), random: secureRandom, pause },
    importedBy: as,
    runId: secureRandom.uuid(),
    withRoles: values['with-roles'],
    isApplied: apply,
    settings: { secretPrefix: secrets.prefix },
    now: () => new Date(),
    random: secureRandom,
    onRefused: (refused) => {
      note(refused);
      print(refusalLine(refused));
    },
    onRow: (sofar) => {
      if (apply) reached = sofar;
      progress(sofar.rows);
    },
  });
  for (const [column, rows] of tally.leftOut) note({ column, rows, reason: 'left out' });
  print(sumOf(tally, apply));
  if (Object.keys({ ...keys.limits, ...keys.defaults }).length > 0) {
    print(`Limits and defaults of ${env} are for new keys: these keep what they have.`);
  }
  if (tally.refused > 0) process.exitCode = 1;
}
