/**
 * The name of a key's secret: the prefix, then the alias, or `virtual-key-<token hash at birth>`
 * for a key without one. Secrets Manager takes only `A-Za-z0-9/_+=.@-` and 512 characters
 * (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html).
 *
 * Two aliases never share a name: every byte outside the plain characters is written `=HH`, `=`
 * itself included, and so is the first letter of an alias that imitates `virtual-key-`.
 */
import { InvalidField } from './errors.ts';
import { escapeBytes } from './escape-bytes.ts';

const maxLength = 512;
const unaliased = 'virtual-key-';

/** Throws `InvalidField` on `key_alias` when the name would be longer than Secrets Manager takes. */
export function secretNameOf(prefix: string, alias: string | null, firstToken: string): string {
  const name = prefix + (alias === null ? unaliased + firstToken : encodeAlias(alias));
  if (name.length > maxLength) {
    throw new InvalidField(
      'key_alias',
      `key_alias is too long: with its prefix the secret's name would have ${name.length} characters, at most ${maxLength} are possible.`,
    );
  }
  return name;
}

function encodeAlias(alias: string): string {
  const encoded = alias.replaceAll(/[^A-Za-z0-9/_+.@-]/gu, escapeBytes);
  return encoded.startsWith(unaliased) ? escapeBytes('v') + encoded.slice(1) : encoded;
}
