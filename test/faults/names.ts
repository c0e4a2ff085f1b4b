/** What may be under a name before a key takes it. */
import type { World } from './invariants.ts';

/** The secret of a key that has been deleted, in its deletion window. */
export async function inItsWindow(world: World, alias: string): Promise<void> {
  await world.generate({ key_alias: alias });
  const { status } = await world.asAdmin({ path: '/key/delete', body: { key_aliases: [alias] } });
  if (status !== 200) throw new Error(`The delete answered ${status}`);
}

/** A secret that Latchkey did not make. */
export function strangerUnder(world: World, alias: string): void {
  world.secrets.service.createSecret({
    Name: `litellm/${alias}`,
    SecretString: 'theirs',
    ClientRequestToken: 'f'.repeat(32),
  });
}
