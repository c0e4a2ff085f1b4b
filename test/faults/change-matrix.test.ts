import type { Received } from '../fakes/service.ts';
import { isLetIn } from './invariants.ts';
import { crashMatrix, mostlyOnes } from './matrix.ts';

const born = { key_alias: 'a', spend: 3 };
const headers = { 'idempotency-key': 'retry-1' };
const others = ['sk-chosen-by-somebody', 'sk-chosen-by-another'];

const changedIn = ({ successful_updates: made }: Received['body']): string[] =>
  made.map(({ key_info }: { key_info: { key_id: string } }) => key_info.key_id);

crashMatrix('changes that the table alone holds', [
  {
    name: 'update',
    born,
    sent: (of) => ({ path: '/key/update', headers, body: { key: of.token, tpm_limit: 5 } }),
    expected: 200,
    promise: (world, { key_id }) =>
      world.table.row(key_id)?.key.tpm_limit === 5 ? [] : ['the update is not there'],
  },
  {
    name: 'three updates in one call',
    born,
    before: async (world) => {
      for (const key of others) await world.generate({ key });
    },
    sent: (of) => ({
      path: '/key/bulk_update',
      headers,
      body: { keys: [of.token, ...others].map((key) => ({ key, max_budget: 5 })) },
    }),
    expected: 200,
    live: 3,
    promise: ({ table }, _born, { body }) =>
      changedIn(body).some((keyId) => table.row(keyId)?.key.max_budget !== 5)
        ? ['a change that was told is not there']
        : [],
    finally: ({ table, trail }) =>
      table
        .rows()
        .some(
          ({ keyId, key }) =>
            keyId !== 'master' && (key.max_budget !== 5 || trail.of(keyId).length !== 2),
        )
        ? ['I12: a change was not made exactly once']
        : [],
    // They leave nothing to it.
    disturbedRuns: 0,
  },
  {
    name: 'block',
    born,
    sent: (of) => ({ path: '/key/block', headers, body: { key: of.token } }),
    expected: 200,
    promise: (world, { key }) => (isLetIn(world, key) ? ['I7: a blocked key is let in'] : []),
  },
]);

crashMatrix(
  'changes of the same kind',
  [
    {
      name: 'update of the owner',
      born,
      sent: (of) => ({ path: '/key/update', headers, body: { key: of.token, user_id: 'bob' } }),
      expected: 200,
      promise: ({ secrets }) =>
        secrets.secrets.get('litellm/a')?.tags['user_id'] === 'bob'
          ? []
          : ['the secret has the tags of the former owner'],
    },
    {
      name: 'unblock',
      born: { ...born, blocked: true },
      sent: (of) => ({ path: '/key/unblock', headers, body: { key: of.token } }),
      expected: 200,
      promise: (world, { key }) => (isLetIn(world, key) ? [] : ['an unblocked key is refused']),
    },
    {
      name: 'reset spend',
      born,
      sent: (of) => ({ path: `/key/${of.token}/reset_spend`, headers, body: { reset_to: 1 } }),
      expected: 200,
      promise: (world, { key_id }) =>
        world.table.row(key_id)?.key.spend === 1 ? [] : ['the spend is another'],
    },
  ],
  mostlyOnes,
);
