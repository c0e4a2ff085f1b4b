import { adminSecretName } from './admin-secret.ts';
import type { Environment } from './environment.ts';
import { EnvironmentError } from './environment-error.ts';
import { normaliseSecretPrefix } from './secret-prefix.ts';

/**
 * Throws `EnvironmentError` where another environment may be deployed beside this one and one of them
 * would have rights to the other's secrets. A prefix that the other had before counts as well.
 */
export function checkApart(environment: Environment, all: readonly Environment[]): void {
  for (const other of all) {
    if (!areNeighbours(environment, other)) continue;
    for (const [one, another] of [
      [environment, other],
      [other, environment],
    ] as const) {
      const covering = prefixesOf(one).find((prefix) =>
        adminSecretName(another.name).startsWith(prefix),
      );
      if (covering === undefined) continue;
      throw new EnvironmentError(
        environment.name,
        'secrets.prefix',
        `"${covering}" of ${one.name} covers ${adminSecretName(another.name)}, the admin key of ${another.name}, ${unlessApart}`,
      );
    }
    const [own, theirs] = overlap(prefixesOf(environment), prefixesOf(other)) ?? [];
    if (own === undefined) continue;
    throw new EnvironmentError(
      environment.name,
      'secrets.prefix',
      `"${own}" and "${theirs}" of ${other.name} overlap, ${unlessApart}`,
    );
  }
}

const unlessApart =
  'and nothing says that the two are in different accounts: choose another, or set account (or region) of both';

/** The local one is on no AWS where others are. */
function areNeighbours(one: Environment, other: Environment): boolean {
  if (one.name === other.name || one.local !== null || other.local !== null) return false;
  return !differ(one.account, other.account) && !differ(one.region, other.region);
}

const differ = (one: string | undefined, other: string | undefined) =>
  one !== undefined && other !== undefined && one !== other;

const prefixesOf = ({ secrets }: Environment): string[] =>
  [secrets.prefix, ...secrets.previousPrefixes].flatMap(
    (written) => normaliseSecretPrefix(written) ?? [],
  );

/** A name under the one is under the other as well. */
function overlap(
  own: readonly string[],
  theirs: readonly string[],
): readonly [string, string] | undefined {
  return own
    .flatMap((one) => theirs.map((other) => [one, other] as const))
    .find(([one, other]) => one.startsWith(other) || other.startsWith(one));
}
