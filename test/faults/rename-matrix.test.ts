import { isLetIn, type World } from './invariants.ts';
import { type Born, crashMatrix, mostlyOnes, type Variant } from './matrix.ts';
import { inItsWindow, strangerUnder } from './names.ts';

const born = { key_alias: 'a' };
const headers = { 'idempotency-key': 'retry-1' };
const rename = (key_alias: string | null) => (of: Born) => ({
  path: '/key/update',
  headers,
  body: { key: of.token, key_alias, tpm_limit: 5 },
});

/** A rename changes no value, and after a 200 the name is the new one. */
const isRenamed: Variant['promise'] = (world, { key, key_id }, { body }) => [
  ...(isLetIn(world, key) ? [] : ['the value is refused after a rename']),
  ...(world.table.row(key_id)?.alias === body.key_alias ? [] : ['the alias is another']),
];

async function renamed(world: World, of: Born, key_alias: string): Promise<void> {
  await world.asAdmin({ path: '/key/update', body: { key: of.token, key_alias } });
}

crashMatrix('rename', [
  { name: 'to a free alias', born, sent: rename('b'), expected: 200, promise: isRenamed },
]);

crashMatrix(
  'rename under a name with a past',
  [
    {
      name: 'back to the alias before',
      born,
      before: (world, of) => renamed(world, of, 'b'),
      sent: rename('a'),
      expected: 200,
      promise: isRenamed,
    },
    {
      name: 'the secret of its last key is in its deletion window',
      born,
      before: (world) => inItsWindow(world, 'b'),
      sent: rename('b'),
      expected: 200,
      promise: isRenamed,
    },
    {
      name: "somebody else's secret is there",
      born,
      before: async (world) => strangerUnder(world, 'b'),
      sent: (of) => ({ path: '/key/update', body: { key: of.token, key_alias: 'b' } }),
      expected: 409,
    },
    { name: 'to no alias', born, sent: rename(null), expected: 200, promise: isRenamed },
    {
      name: 'back to no alias',
      born: {},
      before: (world, of) => renamed(world, of, 'b'),
      sent: rename(null),
      expected: 200,
      promise: isRenamed,
    },
    {
      name: 'back to no alias, by way of two',
      born: {},
      before: async (world, of) => {
        await renamed(world, of, 'b');
        await renamed(world, of, 'c');
      },
      sent: rename(null),
      expected: 200,
      promise: isRenamed,
    },
    {
      name: 'no secret',
      born: { ...born, store_secret: false },
      sent: rename('b'),
      expected: 200,
      promise: isRenamed,
    },
  ],
  mostlyOnes,
);
