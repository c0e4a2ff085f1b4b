import { lateSecret } from './late-secret.ts';
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
