/** How every list is asked for a part of it, and what its answers say of the whole. */
import * as z from 'zod/mini';
import { cursorAt, positionOf, type Seal } from '../domain/cursor.ts';
import { InvalidField } from '../domain/errors.ts';
import type { Page, Window } from '../domain/paging.ts';
import { queryInteger } from './query.ts';
import type { Request } from './request.ts';

/** A part by number, or through a cursor: an empty one begins. */
export interface Asked {
  readonly page: number;
  readonly size: number;
  readonly cursor: string | null;
}

export const pageQuery = () => queryInteger(1, Number.MAX_SAFE_INTEGER, 1);
export const sizeQuery = (standard: number) => queryInteger(1, 100, standard);
/** For the OpenAPI document: an empty cursor is not one that is left out. */
export const cursorQuery = {
  cursor: z.optional(z.string()).register(z.globalRegistry, {
    description:
      'Pages through a list of any length: empty at first, then the next_cursor of each answer, until that is null. Instead of page.',
  }),
};

/** Members of every list's answer; through a cursor nothing is counted, and counts are null. */
export const whole = {
  count: z.nullable(z.number()),
  /** Whether there are more than were counted, 10,000. */
  isLowerBound: z.boolean(),
  /** Null at the end, and in an order that no cursor has. */
  next: z.nullable(z.string()),
};

/** Throws `InvalidField` where both page and cursor are given. */
export function askedOf({ query }: Request, page: number, size: number): Asked {
  const cursor = query.getAll('cursor').at(-1) ?? null;
  if (cursor !== null && query.getAll('page').some((given) => given !== '')) {
    throw new InvalidField('page', 'Send page or cursor, not both.');
  }
  return { page, size, cursor };
}

/** Throws `InvalidField` for a cursor that is none of this list. */
export function windowOf({ page, size, cursor }: Asked, seal: Seal, now: Date): Window {
  if (cursor === null) return { kind: 'page', page, size };
  return { kind: 'cursor', size, after: cursor === '' ? null : positionOf(cursor, seal, now) };
}

/** What an answer says of the whole. */
export function wholeOf({ total, next }: Page<unknown>, asked: Asked, seal: Seal, now: Date) {
  return {
    total: total?.count ?? null,
    current: total === null ? null : asked.page,
    pages: total === null ? null : Math.ceil(total.count / asked.size),
    isLowerBound: total !== null && !total.isExact,
    next: next === null ? null : cursorAt(next, seal, now),
  };
}
