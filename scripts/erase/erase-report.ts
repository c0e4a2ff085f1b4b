/** What an erasure says to its operator: ids, and never what it erases. */
import type { Erasure, Found } from './erase-person.ts';

export function lineOf(found: Found): string {
  switch (found.kind) {
    case 'row':
      return `${found.keyId}: row`;
    case 'record':
      return `${found.id}: ${found.parts.join(', ')}`;
    case 'left':
      return `${found.id}: LEFT: ${found.reason}`;
  }
}

/** What an erasure has come to, or would. */
export function sumOf(
  { rows, records, parts, others, left, addresses }: Erasure,
  isApplied: boolean,
): string {
  const what = `${rows.active + rows.deleted} rows (${rows.active} of live keys, ${rows.deleted} of deleted ones) and ${records} audit records (who ${parts.who}, before ${parts.before}, after ${parts.after})`;
  return [
    isApplied ? `Erased from ${what}` : `Would be erased from ${what}; --apply does it`,
    ...(others.length === 0
      ? []
      : [
          `Others with keys among these, who stay: ${others.map((id) => JSON.stringify(id)).join(', ')}`,
        ]),
    ...(left.length === 0 ? [] : [`${left.length} LEFT, named above`]),
    ...addresses.map(
      (address) =>
        `${JSON.stringify(address)} stands beside this user: where it stands alone it stays, unless it is given with --email`,
    ),
  ]
    .join('\n')
    .replaceAll(/[^\P{Cc}\n]/gu, '?');
}
