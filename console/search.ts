/** What the list is searched by: nothing but what the API offers. */
import { hex } from './hex.ts';

export const searchedBy = {
  search: 'Alias or hash',
  user_id: 'User',
  team_id: 'Team',
  key_id: 'Key id',
} as const;
export type SearchedBy = keyof typeof searchedBy;

export const statuses = {
  '': 'All but deleted',
  active: 'Active',
  revoked: 'Blocked',
  expired: 'Expired',
  deleted: 'Deleted',
} as const;
export type StatusFilter = keyof typeof statuses;

export interface Search {
  readonly by: SearchedBy;
  readonly text: string;
  readonly status: StatusFilter;
}

export const everything: Search = { by: 'search', text: '', status: '' };

export const isEverything = ({ text, status }: Search): boolean => text === '' && status === '';

/** As members of the query. */
export const queryOf = ({ by, text, status }: Search): Record<string, string> => ({
  ...(text.trim() === '' ? {} : { [by]: text.trim() }),
  ...(status === '' ? {} : { status }),
});

/**
 * What to look for in the place of what was typed. A query is in a URL, which ends up in logs: of a
 * key's value only the hash may get there. Null for what may be the beginning of one.
 */
export async function safelySearched(search: Search): Promise<Search | null> {
  const text = search.text.trim();
  if (!/(^|[^0-9A-Za-z])sk-/.test(text)) return search;
  const value = /sk-\S{13,}$/.exec(text)?.[0];
  // Without HTTPS browsers have no hashes.
  if (value === undefined || !isSecureContext) return null;
  return { ...search, by: 'search', text: await hashOf(value) };
}

async function hashOf(value: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(value));
  return hex(new Uint8Array(digest));
}
