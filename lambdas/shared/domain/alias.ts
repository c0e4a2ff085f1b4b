import { InvalidField } from './errors.ts';

/** U+0000-001F, U+007F-009F, U+2028 and U+2029: they break logs, mails and terminals. */
// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** A secret's name has no more characters; DynamoDB's keys take them in any script. */
const maxLength = 512;

/** Whether any key could have this alias. Only then is it looked up: a key of the table is bounded text. */
export const isPossibleAlias = (alias: string): boolean =>
  alias !== '' && alias.length <= maxLength && alias.isWellFormed();

/** The alias to look up for a field of a request, if any. */
export const possibleAlias = (alias: string | null | undefined): string | undefined =>
  typeof alias === 'string' && isPossibleAlias(alias) ? alias : undefined;

/** An environment's pattern, which the whole alias must match. Throws `SyntaxError` where it is none. */
export const aliasMatcher = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 'u');

/**
 * Refuses an alias that is blank, has control characters or a `..` path segment,
 * or breaks the environment's own pattern. Throws `InvalidField` on `key_alias`.
 */
export function checkAlias(alias: string, pattern: string | null): void {
  if (alias.trim() === '')
    throw refused('must not be blank; a key without alias has none, or null');
  if (controls.test(alias)) throw refused('must not contain control characters');
  if (alias.split('/').includes('..')) throw refused('must not contain ".." as a path segment');
  if (pattern !== null && !aliasMatcher(pattern).test(alias)) {
    throw refused(`must match the pattern ${pattern} of this environment`);
  }
}

const refused = (rule: string): InvalidField => new InvalidField('key_alias', `key_alias ${rule}.`);
