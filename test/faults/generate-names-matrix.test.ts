import type { World } from './invariants.ts';
import { crashMatrix } from './matrix.ts';

const sent = { path: '/key/generate', body: { key_alias: 'a' } };

crashMatrix('generate under a name with a past', [
  {
    name: "somebody else's secret is there",
    sent,
    before: async ({ secrets }) => {
      secrets.service.createSecret({
        Name: 'litellm/a',
        SecretString: 'theirs',
        ClientRequestToken: 'f'.repeat(32),
      });
    },
    expected: 409,
  },
  {
    name: 'an undone birth freed it',
    sent,
    before: async (world) => {
      world.secrets.trouble('throttled');
      await world.generate({ key_alias: 'a' });
    },
    expected: 200,
  },
  {
    name: 'the secret of its last key is in its deletion window',
    sent,
    before: lateSecretCleanedUp,
    expected: 200,
  },
]);

/** A birth is undone, its secret arrives all the same, and the sweep removes it. */
async function lateSecretCleanedUp(world: World): Promise<void> {
  const { clock, secrets, table, settings, repair } = world;
  secrets.trouble('unanswered', 'unanswered');
  await world.generate({ key_alias: 'a' });
  const [row] = table.rows().filter(({ alias }) => alias === 'a');
  await clock.pass(settings.timing.fenceSeconds * 1000);
  await repair();
  secrets.service.createSecret({
    Name: 'litellm/a',
    SecretString: 'sk-late-0123456789abcdef',
    ClientRequestToken: row?.intent?.ver ?? '',
    Tags: [
      { Key: 'latchkey:env', Value: settings.environment },
      { Key: 'key_id', Value: row?.keyId ?? '' },
    ],
  });
  for (let run = 0; run < 5; run += 1) {
    await clock.pass(settings.timing.fenceSeconds * 1000);
    await repair();
  }
  if (table.lease('a')?.deletedAt === null) throw new Error('The late secret was not cleaned up');
}
