import { isLetIn } from './invariants.ts';
import { type Born, crashMatrix, mostlyOnes, type Variant } from './matrix.ts';
import { inItsWindow, strangerUnder } from './names.ts';

const born = { key_alias: 'a', user_email: 'owner@example.com' };
const headers = { 'idempotency-key': 'retry-1' };
const regenerate = (body: object) => (of: Born) => ({
  path: '/key/regenerate',
  headers,
  body: { key: of.token, ...body },
});

/** A 200 says that the old value is refused: at once, and whatever happens after. */
const oldIsDead: Variant['promise'] = (world, { key }) =>
  isLetIn(world, key) ? ['I7: the old value is let in after the 200'] : [];

crashMatrix('regenerate', [
  { name: 'in place', born, sent: regenerate({}), expected: 200, promise: oldIsDead },
  {
    name: 'to another alias',
    born,
    sent: regenerate({ key_alias: 'b' }),
    expected: 200,
    promise: oldIsDead,
  },
]);

crashMatrix(
  'regenerate in other forms',
  [
    {
      name: 'in place, with settings, without Idempotency-Key',
      born,
      sent: (of) => ({ path: `/key/${of.token}/regenerate`, body: { max_budget: 7 } }),
      expected: 200,
      promise: oldIsDead,
    },
    {
      name: 'with a grace period',
      born,
      sent: regenerate({ grace_period: '1h' }),
      expected: 200,
    },
    {
      name: 'the secret of its last key is in its deletion window',
      born,
      before: (world) => inItsWindow(world, 'b'),
      sent: regenerate({ key_alias: 'b' }),
      expected: 200,
      promise: oldIsDead,
    },
    {
      name: "somebody else's secret is there",
      born,
      before: async (world) => strangerUnder(world, 'b'),
      sent: (of) => ({ path: '/key/regenerate', body: { key: of.token, key_alias: 'b' } }),
      expected: 409,
    },
    {
      name: 'to no alias',
      born,
      sent: regenerate({ key_alias: null }),
      expected: 200,
      promise: oldIsDead,
    },
    {
      name: 'no secret',
      born: { ...born, store_secret: false },
      sent: (of) => ({ path: '/key/regenerate', body: { key: of.token, key_alias: 'b' } }),
      expected: 200,
      promise: oldIsDead,
    },
  ],
  mostlyOnes,
);
