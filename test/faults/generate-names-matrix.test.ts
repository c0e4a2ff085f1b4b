import type { World } from './invariants.ts';
import { lateSecret } from './late-secret.ts';
import { crashMatrix, mostlyOnes } from './matrix.ts';

const sent = { path: '/key/generate', body: { key_alias: 'a' } };

crashMatrix(
  'generate under a name with a past',
  [
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
      name: "somebody else's secret is there after one of ours",
      sent,
      before: async (world) => {
        await lateSecretCleanedUp(world);
        world.secrets.service.purge('litellm/a');
        world.secrets.service.createSecret({
          Name: 'litellm/a',
          SecretString: 'theirs',
          ClientRequestToken: 'f'.repeat(32),
        });
      },
      expected: 409,
    },
    {
      name: 'the secret of its last key is in its deletion window',
      sent,
      before: lateSecretCleanedUp,
      expected: 200,
    },
  ],
  mostlyOnes,
);

/** The secret arrived after its birth was undone, and the sweep has removed it. */
async function lateSecretCleanedUp(world: World): Promise<void> {
  await lateSecret(world);
  for (let run = 0; run < 5; run += 1) {
    await world.clock.pass(world.settings.timing.fenceSeconds * 1000);
    await world.repair();
  }
  if (world.table.lease('a')?.deletedAt === null) {
    throw new Error('The late secret was not cleaned up');
  }
}
