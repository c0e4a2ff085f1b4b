import type { World } from './invariants.ts';
import { crashMatrix } from './matrix.ts';

/** Looks, looks again, opens and closes: each a run of its own. */
const disturbedRuns = 4;

crashMatrix(
  'repair',
  [
    {
      name: "somebody scheduled a live key's secret for deletion",
      sent: null,
      disturbedRuns,
      before: async (world) => {
        await world.generate({ key_alias: 'a' });
        world.secrets.service.deleteSecret({ SecretId: 'litellm/a', RecoveryWindowInDays: 7 });
      },
    },
    {
      name: "somebody put another value into a live key's secret",
      sent: null,
      disturbedRuns,
      before: async (world) => {
        await world.generate({ key_alias: 'a' });
        world.secrets.service.putSecretValue({
          SecretId: 'litellm/a',
          SecretString: 'another',
          ClientRequestToken: 'e'.repeat(32),
        });
      },
    },
    {
      name: 'the secret of an undone birth arrives late',
      sent: null,
      disturbedRuns,
      before: lateSecret,
    },
  ],
  // Four runs make thirty calls: pairs would be a hundred thousand.
  [1],
);

async function lateSecret(world: World): Promise<void> {
  const { clock, secrets, table, settings } = world;
  secrets.trouble('unanswered', 'unanswered');
  await world.generate({ key_alias: 'a' });
  const [row] = table.rows().filter(({ alias }) => alias === 'a');
  await clock.pass(settings.timing.fenceSeconds * 1000);
  await world.repair();
  secrets.service.createSecret({
    Name: 'litellm/a',
    SecretString: 'sk-late-0123456789abcdef',
    ClientRequestToken: row?.intent?.ver ?? '',
    Tags: [
      { Key: 'latchkey:env', Value: settings.environment },
      { Key: 'key_id', Value: row?.keyId ?? '' },
    ],
  });
}
