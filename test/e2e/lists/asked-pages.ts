/** Pages of the lists of a population, to be the same whatever its size. */
import { auditOrder } from '../../../lambdas/shared/adapters/table/keys.ts';
import { cursorAt, sealOf } from '../../../lambdas/shared/domain/cursor.ts';
import { noFilter } from '../../../lambdas/shared/domain/key-search.ts';
import type { Population } from './population.ts';

export interface AskedPage {
  readonly name: string;
  readonly path: string;
  /** Token hashes, aliases, or ids of audit records. */
  readonly expected: readonly string[];
}

/** Entries of a page. */
const length = 10;
/** So many entries before the end each partition of an index still has a page's worth. */
const nearEnd = 60;

const noAuditFilter = {
  keyId: null,
  objectId: null,
  changedBy: null,
  changedByApiKey: null,
  action: null,
  tableName: null,
  objectKeyHash: null,
  objectTeamId: null,
  from: null,
  to: null,
};

export function askedPages(population: Population, now: Date): AskedPage[] {
  const { size, middle, admin, idOf, aliasOf, at, rowOf, recordOf } = population;
  const numbers = [...Array(size).keys()];
  const newestFirst = numbers.toReversed();
  const byTime = { by: 'created_at', isAscending: false };

  const token = (n: number) => rowOf(n).cur.hash;
  const keys = (name: string, query: string, expected: readonly number[]): AskedPage => ({
    name: `keys: ${name}`,
    path: `/key/list?size=${length}&${query}`,
    expected: expected.slice(0, length).map(token),
  });
  const keysAfter = (n: number) =>
    cursorOf('list-keys', { ...noFilter, ...byTime }, `${at(n)}#${idOf(n)}`);

  const aliases = (name: string, query: string, from: number): AskedPage => ({
    name: `aliases: ${name}`,
    path: `/key/aliases?size=${length}&${query}`,
    expected: numbers.slice(from, from + length).map(aliasOf),
  });
  const aliasesAfter = (n: number) =>
    cursorOf('list-aliases', { ...noFilter, isAliasPart: true }, aliasOf(n));

  const audit = (name: string, query: string, expected: readonly number[]): AskedPage => ({
    name: `audit: ${name}`,
    path: `/audit?page_size=${length}&${query}`,
    expected: expected.slice(0, length).map((n) => `${recordOf(n).key_id}_${recordOf(n).seq}`),
  });
  const auditAfter = (n: number) => {
    const { key_id, seq } = recordOf(n);
    const list = { ...noAuditFilter, by: 'updated_at', isAscending: false };
    return cursorOf('list-audit-records', list, auditOrder(at(n), key_id, seq));
  };

  function cursorOf(route: string, list: Readonly<Record<string, unknown>>, position: string) {
    return `cursor=${cursorAt(position, sealOf(admin, route, idOf(0), list), now)}`;
  }

  const pages = [
    keys('first, by number', 'page=1', newestFirst),
    keys('first', 'cursor=', newestFirst),
    keys('second', keysAfter(size - length), newestFirst.slice(length)),
    keys('near the end', keysAfter(nearEnd), newestFirst.slice(-nearEnd)),
    keys('last', keysAfter(length), newestFirst.slice(-length)),
    keys('of one user', 'cursor=&user_id=ada', newestFirst.filter(population.isAdas)),
    keys('of one team', 'cursor=&team_id=core', newestFirst.filter(population.isCores)),
    keys('by key_hash', `key_hash=${token(middle)}`, [middle]),
    keys('by key_id', `key_id=${idOf(middle)}`, [middle]),
    keys('by key_alias', `key_alias=${aliasOf(middle)}`, [middle]),
    aliases('first, by number', 'page=1', 0),
    aliases('first', 'cursor=', 0),
    aliases('second', aliasesAfter(length - 1), length),
    aliases('near the end', aliasesAfter(size - nearEnd - 1), size - nearEnd),
    aliases('last', aliasesAfter(size - length - 1), size - length),
    audit('first, by number', 'page=1', newestFirst),
    audit('first', 'cursor=', newestFirst),
    audit('second', auditAfter(size - length), newestFirst.slice(length)),
    audit('near the end', auditAfter(nearEnd), newestFirst.slice(-nearEnd)),
    audit('last', auditAfter(length), newestFirst.slice(-length)),
    audit('by key_id', `cursor=&key_id=${idOf(0)}`, newestFirst.filter(population.isOfFirst)),
    audit('by object_id', 'cursor=&object_id=object', newestFirst.filter(population.isOfObject)),
    audit('by changed_by', 'cursor=&changed_by=ada', newestFirst.filter(population.isByAda)),
    audit(
      'of a minute',
      `cursor=&start_date=${at(middle - 30)}&end_date=${at(middle + 29)}`,
      newestFirst.slice(middle - 30),
    ),
  ];
  const whole = keys('first, whole objects', 'cursor=&return_full_object=true', newestFirst);
  return [...pages, whole];
}
