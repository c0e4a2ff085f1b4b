import { isLetIn } from './invariants.ts';
import { type Born, crashMatrix, mostlyOnes, type Variant } from './matrix.ts';

const born = { key_alias: 'a' };
const headers = { 'idempotency-key': 'retry-1' };
const remove = (of: Born) => ({ path: '/key/delete', headers, body: { keys: [of.key_id] } });

const isDead: Variant['promise'] = (world, { key }) =>
  isLetIn(world, key) ? ['I7: a deleted key is let in'] : [];

crashMatrix('delete', [
  { name: 'by key id', born, sent: remove, expected: 200, live: 0, promise: isDead },
]);

crashMatrix(
  'delete in other forms',
  [
    {
      name: 'two keys, one by its alias',
      born,
      before: async (world) => {
        await world.generate({ key_alias: 'b' });
      },
      sent: (of) => ({
        path: '/key/delete',
        headers,
        body: { keys: [of.token], key_aliases: ['b'] },
      }),
      expected: 200,
      live: 0,
      promise: isDead,
    },
    {
      name: 'a regenerate is open',
      born,
      before: async (world, of) => {
        world.secrets.trouble('unanswered', 'lost-answer');
        await world.asAdmin({ path: '/key/regenerate', body: { key: of.token, key_alias: 'b' } });
      },
      sent: remove,
      expected: 200,
      live: 0,
      promise: isDead,
    },
    {
      name: 'no secret',
      born: { ...born, store_secret: false },
      sent: remove,
      expected: 200,
      live: 0,
      promise: isDead,
    },
  ],
  mostlyOnes,
);
