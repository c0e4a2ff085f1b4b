import { escapeBytes } from './escape-bytes.ts';
import type { KeyRow } from './key-row.ts';
import type { Settings } from './settings.ts';

/**
 * The tags of a key's secret: whose it is, and what the environment adds. Tag values take letters,
 * digits, spaces and `_.:/=+-@`, at most 256 characters
 * (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Tag.html); other characters
 * are written `=HH`.
 */
export function secretTagsOf(row: KeyRow, settings: Settings): Record<string, string> {
  const { user_id, team_id } = row.key;
  return {
    ...settings.secretTags,
    'latchkey:env': settings.environment,
    key_id: row.keyId,
    ...(team_id === undefined ? {} : { team_id: tagValue(team_id) }),
    ...(user_id === undefined ? {} : { user_id: tagValue(user_id) }),
  };
}

/** The tags that follow the key's owner; an empty one says that there is none. */
export function ownerTagsOf({ key }: Pick<KeyRow, 'key'>): Record<'user_id' | 'team_id', string> {
  const { user_id = '', team_id = '' } = key;
  return { user_id: tagValue(user_id), team_id: tagValue(team_id) };
}

/**
 * The row after a change of its image: where the owner is another now, the scheduled function is to
 * look at its secret, and sets the tags. Who may read a secret may hang on them.
 */
export function retaggedSoon(before: KeyRow, after: KeyRow, at: string): KeyRow {
  const [was, is] = [ownerTagsOf(before), ownerTagsOf(after)];
  const isSame = was.user_id === is.user_id && was.team_id === is.team_id;
  // A look that is due anyway will see it, and has more to look at.
  // With a step open a key may be getting its first secret, with the tags of the owner before.
  const hasSecret = after.secretName !== null || after.intent !== null;
  return isSame || !hasSecret ? after : { ...after, sweepAt: after.sweepAt ?? at };
}

const tagValue = (text: string): string =>
  text
    .replaceAll(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, escapeBytes)
    .slice(0, 256)
    // Half a character at the cut would have the whole tag refused.
    .replace(/[\ud800-\udbff]$/, '');
