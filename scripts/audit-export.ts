/**
 * `npm run audit:export -- --env <env>`: the audit trail of an environment as a file, a record per
 * line, and with `--heads <file>` the ends of the trails as the rows have them. Given again after an
 * interruption, it goes on where it ended; a complete export is left alone.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { auditScan, headScan } from './audit/audited-tables.ts';
import { exportHeads } from './audit/export-heads.ts';
import { exportTrail } from './audit/export-trail.ts';
import { pace } from './operator/pace.ts';
import { clientOf, tableOf } from './operator/tables.ts';

const usage =
  'Usage: npm run audit:export -- --env <env> [--out <file>] [--heads <file>] [--audit-table <name>] [--keys-table <name>]';

const say = (line: string) => {
  process.stderr.write(`${line}\n`);
};
const now = () => new Date();

await main().catch((error: Error) => {
  say(error.message);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      env: { type: 'string' },
      out: { type: 'string' },
      heads: { type: 'string' },
      'audit-table': { type: 'string' },
      'keys-table': { type: 'string' },
    },
  });
  const { env, heads } = values;
  if (env === undefined) throw new Error(usage);
  const path = values.out ?? `audit-${env}.jsonl`;
  const client = clientOf(env);
  if (heads !== undefined && !existsSync(heads)) {
    // A head that is younger than the trail would look as if the trail had lost its end.
    if (existsSync(path)) {
      throw new Error(`Heads come first, and ${path} has begun: name another file, or remove it`);
    }
    const table = values['keys-table'] ?? (await tableOf(client, env, 'KeysTable'));
    const count = await exportHeads(heads, headScan(client, table), now);
    say(`${heads}: the heads of ${count} keys`);
  }
  const table = values['audit-table'] ?? (await tableOf(client, env, 'AuditTable'));
  const { records, wasComplete } = await exportTrail(
    path,
    auditScan(client, table),
    now,
    pace(say),
  );
  say(`${path}: ${wasComplete ? 'complete already' : 'complete'}, ${records} records`);
}
