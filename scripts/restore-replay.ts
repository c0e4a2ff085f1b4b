/**
 * `npm run restore:replay -- --env <env> --table <restored table> --since <time>`: brings a table that was
 * restored to that time to what the audit trail says of each key, and with `--adopt` copies it into the
 * environment's own. Without `--apply` or `--adopt` nothing is written. Exit code 0: all of it is replayed,
 * or could be, or adopted; 1: keys are left; 2: it stopped.
 */
import { parseArgs } from 'node:util';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { secureRandom } from '../lambdas/shared/adapters/randomness.ts';
import { secretRepairs } from '../lambdas/shared/adapters/secret-repairs.ts';
import { auditReads } from '../lambdas/shared/adapters/table/audit-reads.ts';
import { keyTable } from '../lambdas/shared/adapters/table/key-table.ts';
import { isKeyId } from '../lambdas/shared/domain/key-format.ts';
import { print, runAsCommand, say } from './operator/command.ts';
import { connectionOf } from './operator/connection.ts';
import { pace } from './operator/pace.ts';
import { pause, waitMs } from './operator/pause.ts';
import { settingsOf } from './operator/settings.ts';
import { clientOf, documentsOf, tableOf } from './operator/tables.ts';
import { Unusable } from './operator/unusable.ts';
import { adoptRestored } from './restore/adopt-restored.ts';
import { keyTrail } from './restore/key-trail.ts';
import { type RestoreReplay, type RestoreRun, replayRestore } from './restore/replay-restore.ts';
import { adoptedOf, lineOf, sumOf } from './restore/restore-report.ts';
import { runningFunctions } from './restore/running-functions.ts';
import { restoredTo, tableItems } from './restore/table-items.ts';

const usage =
  'Usage: npm run restore:replay -- --env <env> --table <restored table> --since <2026-01-31T00:00:00Z> [--apply | --adopt] [--accept <key id>]… [--without <key id>]… [--keys-table <name>] [--audit-table <name>]';

await runAsCommand(main);

async function main(beginsToWrite: () => void): Promise<void> {
  const { values } = parseArgs({
    options: {
      env: { type: 'string' },
      table: { type: 'string' },
      since: { type: 'string' },
      apply: { type: 'boolean', default: false },
      adopt: { type: 'boolean', default: false },
      accept: { type: 'string', multiple: true, default: [] },
      without: { type: 'string', multiple: true, default: [] },
      'keys-table': { type: 'string' },
      'audit-table': { type: 'string' },
    },
  });
  const { env, table, since: at, apply, adopt, accept, without } = values;
  const isOne = !(apply && adopt);
  if (env === undefined || table === undefined || at === undefined || !isOne) {
    throw new Unusable(usage);
  }
  const since = timeOf(at);
  if (![...accept, ...without].every(isKeyId)) {
    throw new Unusable('--accept and --without take key ids alone');
  }
  const settings = settingsOf(env);
  const client = clientOf(env);
  const documents = documentsOf(client);
  const keys = values['keys-table'] ?? (await tableOf(client, env, 'KeysTable'));
  const audit = values['audit-table'] ?? (await tableOf(client, env, 'AuditTable'));
  if (table === keys) throw new Unusable('--table is the restored table, not the one in use');
  checkRestored(table, since, await restoredTo(client, table));
  const connection = connectionOf(env);
  const wholeTable = (name: string) => ({
    table: keyTable(documents, name),
    items: tableItems(documents, name),
  });
  const run: RestoreRun = {
    stores: {
      restored: wholeTable(table),
      own: wholeTable(keys),
      audit: auditReads(documents, audit),
      trail: keyTrail(client, audit),
      secrets: secretRepairs(new SecretsManagerClient(connection)),
      settings,
      random: secureRandom,
      now: () => new Date(),
      pause,
    },
    since,
    accepted: new Set(accept),
    isApplied: apply,
    onKey: (keyId, outcome) => {
      const line = lineOf(keyId, outcome);
      if (line !== null) print(line);
    },
    onLook: pace(say, undefined, 'items'),
  };
  if (apply || adopt) beginsToWrite();
  if (adopt) {
    const lambda = new LambdaClient(connection);
    const adoption = await adoptRestored({
      ...run,
      without: new Set(without),
      running: () => runningFunctions(lambda, env),
      wait: async (ms) => {
        say(`Waiting for ${ms / 1000} s: calls that were let in before may write until then`);
        await waitMs(ms);
      },
      onWrite: pace(say, undefined, 'writes'),
    });
    print(adoptedOf(adoption));
    return;
  }
  const replay: RestoreReplay = await replayRestore(run);
  print(sumOf(replay, apply));
  if ([...replay.left.keys()].some((keyId) => !without.includes(keyId))) process.exitCode = 1;
}

function timeOf(text: string): Date {
  const at = new Date(text);
  const isTime = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(at.getTime());
  if (!isTime) throw new Unusable('--since takes a time with its zone, as 2026-01-31T00:00:00Z');
  if (at.getTime() > Date.now()) throw new Unusable('--since is ahead');
  return at;
}

/** Keys that were born between the restore and a later `--since` would be missed. */
function checkRestored(
  table: string,
  since: Date,
  restore: Awaited<ReturnType<typeof restoredTo>>,
): void {
  if (restore === null) {
    say(`${table} was made by no restore: that it is of --since or later is yours to know`);
    return;
  }
  if (restore.isUnderWay) throw new Unusable(`${table} is being restored yet`);
  if (since.getTime() <= restore.at.getTime()) return;
  throw new Unusable(`${table} was restored to ${restore.at.toISOString()}: --since is later`);
}
