/**
 * `npm run erase -- --env <env> --user <id>`: erases a person from rows and audit trail, which goes on to
 * verify. Without `--apply` nothing is written. Exit code 0: nothing names them any more, or would; 1:
 * something is left; 2: it stopped.
 */
import { parseArgs } from 'node:util';
import { secureRandom } from '../lambdas/shared/adapters/randomness.ts';
import { keyLists } from '../lambdas/shared/adapters/table/key-lists.ts';
import { keyTable } from '../lambdas/shared/adapters/table/key-table.ts';
import { isNobody, namesOf } from '../lambdas/shared/domain/erasure.ts';
import { isAddress } from '../lambdas/shared/domain/recipient.ts';
import { erasableTrail } from './erase/erasable-trail.ts';
import { erasePerson } from './erase/erase-person.ts';
import { lineOf, sumOf } from './erase/erase-report.ts';
import { print, runAsCommand, say } from './operator/command.ts';
import { operatorName } from './operator/operator-name.ts';
import { pace } from './operator/pace.ts';
import { pause } from './operator/pause.ts';
import { settingsOf } from './operator/settings.ts';
import { clientOf, documentsOf, tableOf } from './operator/tables.ts';
import { Unusable } from './operator/unusable.ts';

const usage =
  'Usage: npm run erase -- --env <env> --user <id> [--email <address>]… [--apply] [--as <name>] [--keys-table <name>] [--audit-table <name>]';

await runAsCommand(main);

async function main(beginsToWrite: () => void): Promise<void> {
  const { values } = parseArgs({
    options: {
      env: { type: 'string' },
      user: { type: 'string' },
      email: { type: 'string', multiple: true, default: [] },
      apply: { type: 'boolean', default: false },
      as: { type: 'string' },
      'keys-table': { type: 'string' },
      'audit-table': { type: 'string' },
    },
  });
  const { env, user, email: emails, apply } = values;
  if (env === undefined || user === undefined || user === '') throw new Unusable(usage);
  const person = { userId: user, emails };
  if (isNobody(person)) throw new Unusable('--user names no person but Latchkey itself');
  if (!emails.every(isAddress)) throw new Unusable('--email takes e-mail addresses');
  const by = operatorName(values.as);
  if (namesOf(person).is(by)) {
    throw new Unusable('Who erases is recorded, and has this name too: give another one with --as');
  }
  const { storeAuditLogs } = settingsOf(env);
  const client = clientOf(env);
  const documents = documentsOf(client);
  const keys = values['keys-table'] ?? (await tableOf(client, env, 'KeysTable'));
  const audit = values['audit-table'] ?? (await tableOf(client, env, 'AuditTable'));
  if (apply) beginsToWrite();
  const erasure = await erasePerson({
    stores: {
      table: keyTable(documents, keys),
      lists: keyLists(documents, keys),
      trail: erasableTrail(client, audit),
      random: secureRandom,
      now: () => new Date(),
      pause,
    },
    person,
    isAudited: storeAuditLogs,
    isApplied: apply,
    by,
    runId: secureRandom.uuid(),
    onFound: (found) => print(lineOf(found)),
    onLook: pace(say, undefined, 'rows and records'),
  });
  print(sumOf(erasure, apply));
  if (erasure.left.length > 0) process.exitCode = 1;
}
