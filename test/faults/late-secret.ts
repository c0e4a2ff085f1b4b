import type { World } from './invariants.ts';

/** A birth is undone, and its secret arrives all the same: the call was under way for too long. */
export async function lateSecret(world: World): Promise<void> {
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
