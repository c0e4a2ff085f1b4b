import { InvalidField } from './errors.ts';
import type { KeyTable } from './ports.ts';
import { type Caller, isAdmin } from './roles.ts';
import type { Settings } from './settings.ts';

/**
 * Refuses one more key to an ordinary user who owns the most that the environment allows. Requests
 * at the same moment may exceed it by a few: an exact count would serialise all of a user's births.
 */
export async function checkKeyCount(
  table: KeyTable,
  caller: Caller,
  { maxKeysPerUser }: Settings,
  limitMs: number,
): Promise<void> {
  if (maxKeysPerUser === null || isAdmin(caller) || caller.userId === null) return;
  if ((await table.countLiveKeys(caller.userId, maxKeysPerUser, limitMs)) < maxKeysPerUser) return;
  throw new InvalidField(
    'user_id',
    `A user may own at most ${maxKeysPerUser} keys in this environment; delete one first.`,
  );
}
