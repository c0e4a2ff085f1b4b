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
export function sumOf({ rows, records, left, addresses }: Erasure, isApplied: boolean): string {
  const what = `${rows} rows and ${records} audit records`;
  return [
    isApplied ? `Erased from ${what}` : `Would be erased from ${what}; --apply does it`,
    ...(left.length === 0 ? [] : [`${left.length} LEFT, named above`]),
    ...addresses.map(
      (address) =>
        `${JSON.stringify(address)} stands beside this user: where it stands alone it stays, unless it is given with --email`,
    ),
  ]
    .join('\n')
    .replaceAll(/[^\P{Cc}\n]/gu, '?');
}
