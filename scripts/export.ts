/**
 * `npm run export -- [--env <env>] [--out <file>] [--deleted] [--keys-table <name>]`: the keys of an
 * environment as a file, a key per line in the form of LiteLLM's full rows. Hashes, no values, and no
 * secrets. Exit code 2 where it cannot be made.
 */
import { existsSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { keyLists } from '../lambdas/shared/adapters/table/key-lists.ts';
import { keyTable } from '../lambdas/shared/adapters/table/key-table.ts';
import { lineOf } from './audit/export-trail.ts';
import { exportedKeys } from './export/export-keys.ts';
import { pace } from './operator/pace.ts';
import { pause } from './operator/pause.ts';
import { clientOf, documentsOf, tableOf } from './operator/tables.ts';
import { Unusable } from './operator/unusable.ts';

const say = (line: string) => {
  process.stderr.write(`${line}\n`);
};

await main().catch((error: Error) => {
  say(error.message);
  process.exitCode = 2;
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      env: { type: 'string', default: 'local' },
      out: { type: 'string' },
      deleted: { type: 'boolean', default: false },
      'keys-table': { type: 'string' },
    },
  });
  const { env } = values;
  const path = values.out ?? `keys-${env}.jsonl`;
  if (existsSync(path)) throw new Unusable(`${path} is there already: name another file`);
  const client = clientOf(env);
  const name = values['keys-table'] ?? (await tableOf(client, env, 'KeysTable'));
  const documents = documentsOf(client);
  const stores = {
    table: keyTable(documents, name),
    lists: keyLists(documents, name),
    now: () => new Date(),
    pause,
  };
  const progress = pace(say);
  const part = `${path}.part`;
  // For its owner alone: metadata may have credentials of logging callbacks.
  const file = await open(part, 'w', 0o600);
  let count = 0;
  try {
    for await (const keys of exportedKeys(stores, values.deleted)) {
      await file.appendFile(keys.map(lineOf).join(''));
      count += keys.length;
      progress(count);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  say(`${path}: ${count} keys`);
}
