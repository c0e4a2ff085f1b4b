/**
 * `npm run revoke -- --env <env> --user <id>`: ends every live key of a user or a team at once, or those
 * that are named. Without `--apply` nothing is written. Exit code 0: all are ended, or would be; 1: some
 * are left; 2: it stopped.
 */
import { parseArgs } from 'node:util';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { secureRandom } from '../lambdas/shared/adapters/randomness.ts';
import { secretRemoval } from '../lambdas/shared/adapters/secret-removal.ts';
import { keyLists } from '../lambdas/shared/adapters/table/key-lists.ts';
import { keyTable } from '../lambdas/shared/adapters/table/key-table.ts';
import { isKeyId } from '../lambdas/shared/domain/key-format.ts';
import { print, runAsCommand, say } from './operator/command.ts';
import { connectionOf } from './operator/connection.ts';
import { operatorName } from './operator/operator-name.ts';
import { pace } from './operator/pace.ts';
import { pause, waitMs } from './operator/pause.ts';
import { settingsOf } from './operator/settings.ts';
import { clientOf, documentsOf, tableOf } from './operator/tables.ts';
import { Unusable } from './operator/unusable.ts';
import { type Revoked, revokeKeys } from './revoke/revoke-keys.ts';
import { lineOf, sumOf } from './revoke/revoke-report.ts';

const usage =
  'Usage: npm run revoke -- --env <env> (--user <id> | --team <id> | --key <key id> …) [--block] [--apply] [--as <name>] [--keys-table <name>]';

await runAsCommand(main);

async function main(beginsToWrite: () => void): Promise<void> {
  const { values } = parseArgs({
    options: {
      env: { type: 'string' },
      user: { type: 'string' },
      team: { type: 'string' },
      key: { type: 'string', multiple: true },
      block: { type: 'boolean', default: false },
      apply: { type: 'boolean', default: false },
      as: { type: 'string' },
      'keys-table': { type: 'string' },
    },
  });
  const { env, apply } = values;
  if (env === undefined) throw new Unusable(usage);
  const of = revokedOf(values);
  const by = operatorName(values.as);
  const settings = settingsOf(env);
  const client = clientOf(env);
  const documents = documentsOf(client);
  const name = values['keys-table'] ?? (await tableOf(client, env, 'KeysTable'));
  // No retries, as in the functions: the protocol has to know of an answer that was lost.
  const secrets = new SecretsManagerClient({ ...connectionOf(env), maxAttempts: 1 });
  const how = values.block ? 'block' : 'delete';
  const progress = pace(say, undefined, 'keys');
  let seen = 0;
  if (apply) beginsToWrite();
  const revocation = await revokeKeys({
    stores: {
      table: keyTable(documents, name),
      lists: keyLists(documents, name),
      secrets: secretRemoval(secrets),
      random: secureRandom,
      now: () => new Date(),
      settings,
      pause,
    },
    of,
    how,
    isApplied: apply,
    by,
    runId: secureRandom.uuid(),
    wait: async (ms) => {
      say(
        `Looking again in ${ms / 1000} s: calls that were let in before may make a key until then`,
      );
      await waitMs(ms);
    },
    onKey: (key, outcome) => {
      print(lineOf(key, outcome, how));
      seen += 1;
      progress(seen);
    },
  });
  print(sumOf(revocation, how, apply));
  if ([...revocation.keys.values()].some(({ kind }) => kind === 'left')) process.exitCode = 1;
}

function revokedOf({
  user,
  team,
  key,
}: {
  readonly user?: string | undefined;
  readonly team?: string | undefined;
  readonly key?: readonly string[] | undefined;
}): Revoked {
  const given = [user, team, key].filter((one) => one !== undefined);
  if (given.length !== 1 || user === '' || team === '') throw new Unusable(usage);
  if (user !== undefined) return { userId: user };
  if (team !== undefined) return { teamId: team };
  const keyIds = [...new Set(key)];
  if (!keyIds.every(isKeyId)) {
    throw new Unusable('--key takes key ids alone: a value would be in your shell’s history');
  }
  return { keyIds };
}
