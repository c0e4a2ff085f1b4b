import type { Refused, Tally } from './import-rows.ts';

/** What is said of a row that is not taken. */
export const refusalLine = ({ line, row, key, reason }: Refused): string =>
  `line ${line}, row ${row}${key === null ? '' : `, ${JSON.stringify(key)}`}: ${reason}`.replaceAll(
    /\p{Cc}/gu,
    '?',
  );

/** What an import has come to, or would. */
export function sumOf(tally: Tally, isApplied: boolean): string {
  const { rows, imported, present, refused, leftOut } = tally;
  const columns = [...leftOut].map(([name, of]) => `${JSON.stringify(name)} (${of})`);
  return [
    isApplied ? `${imported} imported` : `${imported} could be imported; --apply does it`,
    `${present} in already`,
    `${refused} refused`,
    `${rows} rows in all`,
    ...(columns.length === 0
      ? []
      : [`Left out, with the number of rows that have it: ${columns.join(', ')}`]),
  ].join('\n');
}
