/**
 * How every list is read in pages: by number, as LiteLLM's clients do, or through a cursor, which costs
 * the same however long the list is. The order is total and never changes for an entry, so that whoever
 * pages through while others come and go sees each that was there all along exactly once.
 */
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

/** The part of a list that is asked for. */
export type Window =
  | { readonly kind: 'page'; readonly page: number; readonly size: number }
  /** From the beginning where `after` is null. */
  | { readonly kind: 'cursor'; readonly after: string | null; readonly size: number };

/** What narrows a list beyond what its index does. */
export interface Search<E> {
  /** The entries that fit, in the same order. */
  readonly keep: (entries: readonly E[]) => Promise<readonly E[]>;
  /** Whether `keep` reads the item behind each entry. */
  readonly readsItems: boolean;
  /** An order other than the list's own; equal entries keep that. */
  readonly compare?: ((left: E, right: E) => number) | undefined;
  /** What to do where that order cannot be had; leaving `sort_by` out where nothing else is said. */
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
 * have to look through more than it may; both name the cursor.
 */
export function pageOf<E extends Entry>(
  listing: Listing<E>,
  window: Window,
  search: Search<E> | null,
  deadline: Deadline,
): Promise<Page<E>> {
  if (window.kind === 'page') {
    if (window.page * window.size > maxReached) throw outOfReach(window.size);
    return search === null
      ? numbered(listing, window, deadline)
      : lookedThrough(listing, window, search, deadline);
  }
  if (search === null) return following(listing, window, deadline);
  if (search.compare !== undefined) throw noCursor(search);
  return searchedOn(listing, window, search, deadline);
}

/** A list of entries that are all there. */
export const listOf = <E extends Entry>(entries: readonly E[]): Listing<E> => ({
  read: async (after) => {
    const begin = after === null ? 0 : entries.findIndex(({ position }) => position === after) + 1;
    return entries.slice(begin);
  },
  count: async () => entries.length,
});

type Numbered = Extract<Window, { kind: 'page' }>;
type Following = Extract<Window, { kind: 'cursor' }>;

async function numbered<E extends Entry>(
  listing: Listing<E>,
  { page, size }: Numbered,
  deadline: Deadline,
): Promise<Page<E>> {
  const limitMs = deadline.tableLimitMs();
  const [read, count] = await Promise.all([
    listing.read(null, page * size + 1, limitMs),
    listing.count(maxReached + 1, limitMs),
  ]);
  const isExact = count <= maxReached;
  return {
    ...cut(read, (page - 1) * size, size),
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
  const { keep, readsItems, compare } = search;
  const most = readsItems ? maxRead : maxLookedThrough;
  const read = await listing.read(null, most + 1, deadline.tableLimitMs());
  if (read.length > most) throw tooMany(most, search);
  const kept = await keep(read);
  const ordered = compare === undefined ? kept : kept.toSorted(compare);
  const { entries, next } = cut(ordered, (page - 1) * size, size);
  return {
    entries,
    next: compare === undefined ? next : null,
    total: { count: kept.length, isExact: true },
  };
}

/** A page may be short, even empty, and not be the last: it ends where enough was looked at. */
async function searchedOn<E extends Entry>(
  listing: Listing<E>,
  { after, size }: Following,
  { keep }: Search<E>,
  deadline: Deadline,
): Promise<Page<E>> {
  const kept: E[] = [];
  let last = after;
  for (let looked = 0; looked < maxRead && kept.length <= size; looked += step) {
    const read = await listing.read(last, step, deadline.tableLimitMs());
    kept.push(...(await keep(read)));
    last = read.length < step ? null : (read.at(-1)?.position ?? null);
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

const throughCursor =
  'page through it with cursor: send an empty one first, then the next_cursor of each answer';

const outOfReach = (size: number): InvalidField =>
  new InvalidField(
    'page',
    `Pages by number reach ${maxReached} entries: ${Math.floor(maxReached / size)} pages of ${size}. To see all of the list, ${throughCursor}.`,
  );

function tooMany(
  most: number,
  { compare, instead }: Pick<Search<never>, 'compare' | 'instead'>,
): InvalidField {
  const bound = `${most} entries at most, and there are more`;
  if (compare === undefined) {
    const filter = `This filter looks through ${bound}. Narrow the list, or ${throughCursor}.`;
    return new InvalidField(null, filter);
  }
  const order = `This order is possible among ${bound}`;
  if (instead !== undefined) return new InvalidField(null, `${order}: ${instead}.`);
  const way = `Narrow the list, or leave sort_by out and ${throughCursor}.`;
  return new InvalidField('sort_by', `${order}. ${way}`);
}

const noCursor = ({
  instead = 'leave sort_by out',
}: Pick<Search<never>, 'instead'>): InvalidField =>
  new InvalidField('cursor', `A cursor needs the order that the list is kept in: ${instead}.`);
