/**
 * How every list is read in pages: by number, as LiteLLM's clients do, or through a cursor, which costs
 * the same however long the list is. The order is total and never changes for an entry, so that whoever
 * pages through while others come and go sees each that was there all along exactly once.
 */
import { byteOrder } from './byte-order.ts';
import type { Deadline } from './deadline.ts';
import { InvalidField } from './errors.ts';
import type { Entry, Listing } from './ports.ts';

/** How far pages by number reach, and how many entries are counted. */
export const maxReached = 10_000;
/** How many entries a filter or another order may look through in one request, where an entry tells. */
const maxLookedThrough = 10_000;
/** The same where each entry's item has to be read, and for a page through a cursor. */
const maxRead = 1000;
/** Entries that a filter looks at in one go. */
const step = 250;
/** The same where their items are read: some are of 60 kB, and few of them are kept. */
const batch = 100;

/** The part of a list that is asked for. */
export type Window =
  | { readonly kind: 'page'; readonly page: number; readonly size: number }
  /** From the beginning where `after` is null. */
  | { readonly kind: 'cursor'; readonly after: string | null; readonly size: number };

/** What narrows a list beyond what its index does. */
export interface Search<E> {
  /** The entries that fit, in the same order, of a hundred at most where it reads items. */
  readonly keep: (entries: readonly E[]) => Promise<readonly E[]>;
  /** Whether `keep` reads the item behind each entry. */
  readonly readsItems: boolean;
  /** An order other than the list's own; equal entries keep that. */
  readonly compare?: ((left: E, right: E) => number) | undefined;
  /** What to do where there is too much to look through, or too little time; a standard text else. */
  readonly instead?: string;
}

export interface Page<E> {
  readonly entries: readonly E[];
  /** The position to go on after; null at the end, and in an order that has no positions. */
  readonly next: string | null;
  /** Null where nothing was counted. */
  readonly total: Total | null;
}

export interface Total {
  /** A lower bound where it is not exact. */
  readonly count: number;
  readonly isExact: boolean;
}

/**
 * One page. Throws `InvalidField` where the page is out of reach by number, or where a filter would
 * have to look through more than it may or has time for; all name the cursor.
 */
export function pageOf<E extends Entry>(
  listing: Listing<E>,
  window: Window,
  search: Search<E> | null,
  deadline: Deadline,
): Promise<Page<E>> {
  if (window.kind === 'page') {
    return search === null
      ? numbered(listing, window, deadline)
      : lookedThrough(listing, window, search, deadline);
  }
  if (search === null) return following(listing, window, deadline);
  if (search.compare !== undefined) throw noCursor();
  return searchedOn(listing, window, search, deadline);
}

/** A list of entries that are all there, in the order of their positions. */
export const listOf = <E extends Entry>(entries: readonly E[]): Listing<E> => ({
  // What was at `after` may have gone since.
  read: async (after, count) =>
    entries
      .filter(({ position }) => after === null || byteOrder(position, after) > 0)
      .slice(0, count),
  count: async (bound) => Math.min(entries.length, bound),
});

type Numbered = Extract<Window, { kind: 'page' }>;
type Following = Extract<Window, { kind: 'cursor' }>;

async function numbered<E extends Entry>(
  listing: Listing<E>,
  { page, size }: Numbered,
  deadline: Deadline,
): Promise<Page<E>> {
  const limitMs = deadline.tableLimitMs();
  const begin = (page - 1) * size;
  const wanted = Math.min(page * size, maxReached) + 1;
  const [read, count] = await Promise.all([
    begin >= maxReached ? [] : listing.read(null, wanted, limitMs),
    listing.count(maxReached + 1, limitMs),
  ]);
  const isExact = count <= maxReached;
  if (!isExact && page * size > maxReached) throw outOfReach(size);
  return {
    ...cut(read, begin, size),
    total: { count: isExact ? count : maxReached, isExact },
  };
}

async function following<E extends Entry>(
  listing: Listing<E>,
  { after, size }: Following,
  deadline: Deadline,
): Promise<Page<E>> {
  const read = await listing.read(after, size + 1, deadline.tableLimitMs());
  return { ...cut(read, 0, size), total: null };
}

async function lookedThrough<E extends Entry>(
  listing: Listing<E>,
  { page, size }: Numbered,
  search: Search<E>,
  deadline: Deadline,
): Promise<Page<E>> {
  const { compare } = search;
  const [begin, end] = [(page - 1) * size, page * size];
  let count = 0;
  let kept: E[] = [];
  for await (const found of allThatFit(listing, search, deadline)) {
    if (compare === undefined) {
      // One more than the page, which tells that it is not the last.
      kept.push(...found.slice(Math.max(0, begin - count), Math.max(0, end + 1 - count)));
    } else {
      kept = [...kept, ...found].sort(compare).slice(0, end);
    }
    count += found.length;
  }
  const { entries, next } = cut(kept, compare === undefined ? 0 : begin, size);
  return {
    entries,
    next: compare === undefined ? next : null,
    total: { count, isExact: true },
  };
}

/** All entries that fit, a batch at a time. Throws `InvalidField` where they are too many, or time runs short. */
export async function* allThatFit<E extends Entry>(
  listing: Listing<E>,
  search: Search<E>,
  deadline: Deadline,
): AsyncGenerator<readonly E[]> {
  const { keep, readsItems } = search;
  const most = readsItems ? maxRead : maxLookedThrough;
  const read = await listing.read(null, most + 1, deadline.tableLimitMs());
  if (read.length > most) throw tooMany(most, search);
  const atOnce = readsItems ? batch : most;
  for (let from = 0; from < read.length; from += atOnce) {
    if (from > 0 && !deadline.hasTimeForMore()) throw outOfTime(search);
    yield await keep(read.slice(from, from + atOnce));
  }
}

/**
 * A page may be short, even empty, and not be the last: it ends where enough was looked at, or where time
 * runs short. It looks at one batch in any case, so that whoever goes on comes to the end.
 */
async function searchedOn<E extends Entry>(
  listing: Listing<E>,
  { after, size }: Following,
  { keep, readsItems }: Search<E>,
  deadline: Deadline,
): Promise<Page<E>> {
  const kept: E[] = [];
  const atOnce = readsItems ? batch : step;
  let last = after;
  for (let looked = 0; looked < maxRead && kept.length <= size; looked += atOnce) {
    if (looked > 0 && !deadline.hasTimeForMore()) break;
    const read = await listing.read(last, atOnce, deadline.tableLimitMs());
    kept.push(...(await keep(read)));
    last = read.length < atOnce ? null : (read.at(-1)?.position ?? null);
    if (last === null) break;
  }
  const { entries, next } = cut(kept, 0, size);
  return { entries, next: next ?? last, total: null };
}

function cut<E extends Entry>(entries: readonly E[], from: number, size: number) {
  const page = entries.slice(from, from + size);
  const isLast = entries.length <= from + size;
  return { entries: page, next: isLast ? null : (page.at(-1)?.position ?? null) };
}

export const throughCursor =
  'page through it with cursor: send an empty one first, then the next_cursor of each answer';

const outOfReach = (size: number): InvalidField =>
  new InvalidField(
    'page',
    `Pages by number reach ${maxReached} entries: ${Math.floor(maxReached / size)} pages of ${size}. To see all of the list, ${throughCursor}.`,
  );

type Asked = Pick<Search<never>, 'compare' | 'instead'>;

function tooMany(most: number, search: Asked): InvalidField {
  const what =
    search.compare === undefined ? 'This filter looks through' : 'This order is possible among';
  return refused(search, `${what} ${most} entries at most, and there are more.`);
}

const outOfTime = (search: Asked): InvalidField =>
  refused(search, 'There was no time to look through all of the list.');

function refused({ compare, instead }: Asked, why: string): InvalidField {
  if (compare !== undefined) {
    const way = instead ?? `Narrow the list, or leave sort_by out and ${throughCursor}.`;
    return new InvalidField('sort_by', `${why} ${way}`);
  }
  return new InvalidField(null, `${why} ${instead ?? `Narrow the list, or ${throughCursor}.`}`);
}

const noCursor = (): InvalidField =>
  new InvalidField(
    'cursor',
    'A cursor needs the order that the list is kept in: leave sort_by out.',
  );
