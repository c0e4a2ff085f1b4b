import type { Finding } from './finding.ts';
import type { Resource, Resources } from './template.ts';

/** Whether it is what lets the reconciler put secrets right: all that the functions store is in its reach. */
export const repairsSecrets = ({ Type, Properties }: Resource): boolean =>
  Type === 'AWS::IAM::Policy' &&
  ['DescribeSecret', 'RestoreSecret'].every((action) =>
    JSON.stringify(Properties).includes(`secretsmanager:${action}`),
  );

/** Keys stay with the secrets they have, also when new ones go under another prefix. */
export function reachFindings(released: Resources, next: Resources): Finding[] {
  const reached = new Set(patternsIn(next).map(([, prefix]) => prefix));
  return patternsIn(released)
    .filter(([, prefix]) => !reached.has(prefix))
    .map(([id, prefix]) => ({
      id,
      says: `Secrets under "${prefix}" are not reached any more: keys that have theirs there could not be rotated, renamed or deleted. Add "${prefix}" to secrets.previousPrefixes.`,
    }));
}

/** The prefixes of mirrored secrets, each with the logical id of the policy that reaches it. */
const patternsIn = (resources: Resources): [string, string][] =>
  Object.entries(resources)
    .filter(([, resource]) => repairsSecrets(resource))
    .flatMap(([id, { Properties }]) =>
      [...JSON.stringify(Properties).matchAll(/:secret:([^"*?]+\/)\*"/g)].map(
        ([, prefix = '']): [string, string] => [id, prefix],
      ),
    );
