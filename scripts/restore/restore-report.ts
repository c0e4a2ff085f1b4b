/** What a restore says to its operator: key ids and actions, neither values nor hashes. */
import type { Adoption } from './adopt-restored.ts';
import type { KeyOutcome, RestoreReplay } from './replay-restore.ts';

/** Null for a key of which there is nothing to say. */
export function lineOf(keyId: string, { kind, actions, notes }: KeyOutcome): string | null {
  if (kind === 'kept' && notes.length === 0) return null;
  const said = {
    kept: 'as it was',
    replayed: actions.length === 0 ? 'put right' : actions.join(', '),
    left: 'LEFT',
  }[kind];
  const line = [`${keyId}: ${said}`, ...notes].join(kind === 'left' ? ': ' : '; ');
  return line.replaceAll(/\p{Cc}/gu, '?');
}

/** What a replay has come to, or would. */
export function sumOf(
  { keys, replayed, besides, notes, left }: RestoreReplay,
  isApplied: boolean,
): string {
  const pending = replayed + besides > 0 ? '; --apply does it' : '';
  return [
    isApplied
      ? `${replayed} of ${keys} keys replayed`
      : `${replayed} of ${keys} keys would be replayed${pending}`,
    `${besides} aliases and hash pointers beside them`,
    ...(notes === 0 ? [] : [`${notes} left to the scheduled repairs, named above`]),
    left.size === 0
      ? 'Nothing is in the way of an adoption'
      : `${left.size} LEFT, named above: not adopted, unless they are left out with --without`,
  ].join('\n');
}

export const adoptedOf = ({ written, removed, leftOut }: Adoption): string =>
  [
    `Adopted: ${written} items written, ${removed} removed; the tables agree`,
    ...(leftOut === 0 ? [] : [`${leftOut} keys left out: they are refused`]),
  ].join('\n');
