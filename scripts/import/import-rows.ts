/** An import from the file's values to the table, row by row; says what became of each. */
import { DomainError, InvalidField, Unavailable } from '../../lambdas/shared/domain/errors.ts';
import {
  hashesOfWords,
  type ImportContext,
  importedKeyOf,
} from '../../lambdas/shared/domain/imported-key.ts';
import {
  containsKey,
  isTokenHash,
  maskedIdentifier,
} from '../../lambdas/shared/domain/key-format.ts';
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import {
  checkImport,
  type ImportStores,
  importKey,
} from '../../lambdas/shared/protocol/import-key.ts';
import { eachInFlight } from '../operator/each-in-flight.ts';
import type { JsonText } from './json-values.ts';
import { readRow } from './litellm-row.ts';

export interface ImportRun extends Omit<ImportContext, 'now' | 'tokens'> {
  readonly stores: ImportStores;
  readonly now: () => Date;
  /** Else nothing is written, and what would be is counted. */
  readonly isApplied: boolean;
  /** Told of each row that is not taken. */
  readonly onRefused: (refused: Refused) => void;
  readonly onRow: (tally: Tally) => void;
}

export interface Refused {
  readonly line: number;
  /** From 1, of all rows in the file: a line may have several. */
  readonly row: number;
  /** The alias or the masked hash; null where neither can be shown. */
  readonly key: string | null;
  readonly column: string | null;
  readonly reason: string;
}

export interface Tally {
  rows: number;
  /** Brought in, or found fit to be. */
  imported: number;
  /** In already, from the same values. */
  present: number;
  refused: number;
  /** Columns that are not taken, with the number of rows that have something there. */
  readonly leftOut: Map<string, number>;
}

/** Rows that are on their way to the table at once. */
const mostInFlight = 16;
/** Names of columns that are told apart. */
const mostNames = 100;

interface Candidate {
  readonly place: Pick<Refused, 'line' | 'row' | 'key'>;
  readonly key: KeyRow;
}

/**
 * Imports all rows, and goes on after a refused one. They are read twice: a row may contain the value
 * of a later one. Memory grows by two hashes and an alias per row. Throws what is no matter of one row.
 */
export async function importRows(
  read: () => AsyncIterable<JsonText>,
  run: ImportRun,
): Promise<Tally> {
  const tokens = await tokensOf(read());
  const tally: Tally = { rows: 0, imported: 0, present: 0, refused: 0, leftOut: new Map() };
  /** The rows that have a hash or an alias. */
  const rowOf = new Map<string, number>();

  const refuse = (place: Candidate['place'], error: unknown): void => {
    // A table that stays out of reach does so for all rows.
    if (!(error instanceof DomainError) || error instanceof Unavailable) throw error;
    tally.refused += 1;
    run.onRefused({ ...place, column: error.param, reason: error.message });
  };

  await eachInFlight(candidates(), mostInFlight, async ({ place, key }) => {
    try {
      const { stores, isApplied } = run;
      const became = await (isApplied ? importKey(stores, key) : checkImport(stores, key));
      tally[became === 'present' ? 'present' : 'imported'] += 1;
    } catch (error) {
      refuse(place, error);
    }
    run.onRow(tally);
  });
  return tally;

  async function* candidates(): AsyncGenerator<Candidate> {
    for await (const { line, text } of read()) {
      for (const value of rowsIn(text)) {
        tally.rows += 1;
        const place = { line, row: tally.rows, key: shownKey(value, tokens) };
        try {
          yield { place, key: candidateOf(value) };
        } catch (error) {
          refuse(place, error);
        }
      }
    }
  }

  function candidateOf(value: unknown): KeyRow {
    if (value === undefined) throw new InvalidField(null, 'This is no JSON, or cut off.');
    if (!isObject(value)) throw new InvalidField(null, 'This is no key: whole objects are needed.');
    const { fields, leftOut } = readRow(value);
    const key = importedKeyOf(fields, { ...run, tokens, now: run.now() });
    claim(key.cur.hash, 'token', tally.rows);
    if (key.alias !== null) claim(`alias ${key.alias}`, 'key_alias', tally.rows);
    for (const name of leftOut) {
      const shown = maySay(name, tokens) ? name.slice(0, 100) : maskedIdentifier(name);
      if (tally.leftOut.size >= mostNames && !tally.leftOut.has(shown)) continue;
      tally.leftOut.set(shown, (tally.leftOut.get(shown) ?? 0) + 1);
    }
    return key;
  }

  function claim(name: string, column: string, row: number): void {
    const other = rowOf.get(name);
    if (other !== undefined) throw new InvalidField(column, `Row ${other} has this ${column} too.`);
    rowOf.set(name, row);
  }
}

/** The rows of a value: one, a list of them, or an answer of `/key/list`. Undefined for what is no JSON. */
function rowsIn(text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [undefined];
  }
  if (Array.isArray(value)) return value;
  const keys = isObject(value) && !('token' in value) ? value['keys'] : undefined;
  return Array.isArray(keys) ? keys : [value];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The hashes of all rows, whether they can be imported or not. */
async function tokensOf(values: AsyncIterable<JsonText>): Promise<Set<string>> {
  const tokens = new Set<string>();
  for await (const { text } of values) {
    for (const value of rowsIn(text)) {
      const token = isObject(value) ? value['token'] : undefined;
      if (typeof token === 'string' && isTokenHash(token)) tokens.add(token);
    }
  }
  return tokens;
}

const maySay = (text: string, tokens: ReadonlySet<string>): boolean =>
  !containsKey(text) && !hashesOfWords(text).some((hash) => tokens.has(hash));

/** Neither a value nor a whole hash is ever shown. */
function shownKey(value: unknown, tokens: ReadonlySet<string>): string | null {
  if (!isObject(value)) return null;
  const { key_alias, token } = value;
  if (typeof key_alias === 'string' && key_alias !== '' && maySay(key_alias, tokens)) {
    return key_alias.slice(0, 100);
  }
  return typeof token === 'string' && isTokenHash(token) ? maskedIdentifier(token) : null;
}
