import { isDeepStrictEqual } from 'node:util';
import type { Resource } from './template.ts';

/** What a change of a secret loses, other than by a replacement: a sentence each. */
export function* secretLosses(before: Resource, after: Resource): Iterable<string> {
  for (const name of ['GenerateSecretString', 'SecretString']) {
    if (isDeepStrictEqual(before.Properties[name], after.Properties[name])) continue;
    yield `has another ${name}: CloudFormation puts a new value in the place of the present one. Leave it as it is.`;
  }
}
