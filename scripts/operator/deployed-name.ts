/** What CloudFormation made, by the beginning of its logical id, and the option that names it. */
export interface Deployed {
  readonly id: string;
  readonly option: string;
}

/**
 * The name that CloudFormation gave: stack, logical id, and letters of its own, of a bucket all in small
 * letters. The stack's outputs have it too, but reading those takes another client library and another
 * permission. Throws where there is not exactly one, as after a stack was removed and made anew while
 * its tables stayed.
 */
export function deployedName(
  names: readonly string[],
  environment: string,
  { id, option }: Deployed,
): string {
  const start = `latchkey-${environment}-${id}`.toLowerCase();
  const found = names.filter((name) => name.toLowerCase().startsWith(start));
  const [name, ...others] = found;
  if (name !== undefined && others.length === 0) return name;
  throw new Error(
    found.length === 0
      ? `There is no ${id} of ${environment} in this account and region`
      : `There are several: say which one with ${option}: ${found.join(', ')}`,
  );
}
