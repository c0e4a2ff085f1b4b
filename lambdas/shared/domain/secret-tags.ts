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

const tagValue = (text: string): string =>
  text
    .replaceAll(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, escapeBytes)
    .slice(0, 256)
    // Half a character at the cut would have the whole tag refused.
    .replace(/[\ud800-\udbff]$/, '');
