import { Denied, InvalidField } from './errors.ts';
import { weaknessOf } from './key-format.ts';
import type { Settings } from './settings.ts';

/**
 * A value of the caller's choice, or null where there is none. Throws `Denied` where the environment
 * allows none, and `InvalidField` for a weak one.
 *
 * @param param the field that it came in
 */
export function chosenValue(
  chosen: string | null,
  param: string,
  { allowCustomKeys }: Pick<Settings, 'allowCustomKeys'>,
): string | null {
  if (chosen === null) return null;
  if (!allowCustomKeys) {
    throw new Denied('Choosing the value of a key is not allowed in this environment.', param);
  }
  const weakness = weaknessOf(chosen);
  if (weakness !== null) throw new InvalidField(param, `A chosen key ${weakness}.`);
  return chosen;
}
