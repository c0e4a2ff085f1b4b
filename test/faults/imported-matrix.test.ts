/** An imported key has no secret; its next value is the first that can have one. */
import { bringIn, litellmKey } from '../lambdas/fixtures/imports.ts';
import { isLetIn, type World } from './invariants.ts';
import { crashMatrix, mostlyOnes, type Variant } from './matrix.ts';
import { inItsWindow, strangerUnder } from './names.ts';

const key = '0123456789ABCDEFG';
const headers = { 'idempotency-key': 'retry-1' };
const regenerate = (body: object = {}) => ({
  path: '/key/regenerate',
  headers,
  body: { key, ...body },
});
const fields = { key_id: key, user_email: 'owner@example.com' };

/** After a 200 the old value is refused, and the new one is in Secrets Manager. */
const hasItsSecret: Variant['promise'] = (world, _born, { body }) => [
  ...(isLetIn(world, litellmKey) ? ['I7: the old value is let in after the 200'] : []),
  ...(world.table.row(body.key_id)?.secretName === null ? ['the key has no secret'] : []),
];

/** A step that was begun and never answered: the reconciler is to end it. */
async function openRegenerate(world: World): Promise<void> {
  world.secrets.trouble('unanswered', 'lost-answer');
  const { status } = await world.asAdmin({ path: '/key/regenerate', body: { key } });
  if (status !== 503) throw new Error(`The regenerate answered ${status}`);
}

crashMatrix('regenerate of an imported key', [
  {
    name: 'in place',
    before: async (world) => {
      await bringIn(world, { ...fields, key_alias: 'a' });
    },
    sent: regenerate(),
    expected: 200,
    promise: hasItsSecret,
  },
]);

crashMatrix(
  'regenerate of an imported key in other forms',
  [
    {
      name: 'the secret of the last key of its alias is in its deletion window',
      before: async (world) => {
        await inItsWindow(world, 'a');
        await bringIn(world, { ...fields, key_alias: 'a' });
      },
      sent: regenerate(),
      expected: 200,
      promise: hasItsSecret,
    },
    {
      name: 'to another alias',
      before: async (world) => {
        await bringIn(world, { ...fields, key_alias: 'a' });
      },
      sent: regenerate({ key_alias: 'b' }),
      expected: 200,
      promise: hasItsSecret,
    },
    {
      name: 'without alias, with a grace period',
      before: async (world) => {
        await bringIn(world, fields);
      },
      sent: regenerate({ grace_period: '1h' }),
      expected: 200,
    },
    {
      name: "somebody else's secret has the name",
      before: async (world) => {
        strangerUnder(world, 'a');
        await bringIn(world, { ...fields, key_alias: 'a' });
      },
      sent: { path: '/key/regenerate', body: { key } },
      expected: 409,
    },
    {
      name: 'deleted while it is open',
      before: async (world) => {
        await bringIn(world, { ...fields, key_alias: 'a' });
        await openRegenerate(world);
      },
      sent: { path: '/key/delete', headers, body: { keys: [key] } },
      expected: 200,
      live: 0,
    },
    {
      name: 'given to another owner while it is open',
      before: async (world) => {
        await bringIn(world, { ...fields, key_alias: 'a' });
        await openRegenerate(world);
      },
      sent: { path: '/key/update', headers, body: { key, team_id: 'engines' } },
      expected: 200,
    },
    {
      name: 'on its creator’s wish without a secret',
      before: async (world) => {
        await bringIn(world, { ...fields, key_alias: 'a', store_secret: false });
      },
      sent: { path: '/key/regenerate', body: { key } },
      expected: 200,
    },
  ],
  mostlyOnes,
);
