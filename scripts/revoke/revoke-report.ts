/** What a revocation says to its operator: key ids, aliases and owners, neither values nor hashes. */
import type { KeyOutcome, Revocation, RevokeRun, SeenKey } from './revoke-keys.ts';

const past = { delete: 'deleted', block: 'blocked' } as const;

export function lineOf(
  { keyId, row }: SeenKey,
  outcome: KeyOutcome,
  how: RevokeRun['how'],
): string {
  const told = Object.entries({
    alias: row?.alias ?? undefined,
    user: row?.key.user_id,
    team: row?.key.team_id,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${JSON.stringify(value)}`]));
  const became = {
    found: '',
    ended: past[how],
    already: `${past[how]} already`,
    left: outcome.kind === 'left' ? `LEFT: ${outcome.reason}` : '',
  }[outcome.kind];
  const line = `${[keyId, ...told].join(', ')}${became === '' ? '' : `: ${became}`}`;
  return line.replaceAll(/\p{Cc}/gu, '?');
}

/** What a revocation has come to, or would. */
export function sumOf(
  { keys, openSecrets }: Revocation,
  how: RevokeRun['how'],
  isApplied: boolean,
): string {
  const count = (kind: KeyOutcome['kind']) =>
    [...keys.values()].filter((outcome) => outcome.kind === kind).length;
  const left = count('left');
  return [
    isApplied
      ? `${count('ended')} ${past[how]}`
      : `${count('found')} would be ${past[how]}; --apply does it`,
    `${count('already')} ${past[how]} already`,
    ...(left === 0 ? [] : [`${left} LEFT, named above`]),
    ...(openSecrets === 0
      ? []
      : [`${openSecrets} of them have a secret yet: the scheduled repairs remove it`]),
  ].join('\n');
}
