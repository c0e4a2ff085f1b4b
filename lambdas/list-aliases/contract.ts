import * as z from 'zod/mini';
import { type Contract, commonErrors, listErrors } from '../shared/http/contract.ts';
import { cursorQuery, whole } from '../shared/http/window.ts';
import { listAliasesQuery } from './schema.ts';

export const contract: Contract = {
  summary: 'List aliases',
  description:
    'The aliases that are taken, in alphabetical order; for others than admins and viewers those of their own keys. `search` finds those that have it in them, in any case, among 10,000. Those of one user or team are looked for among 10,000 keys, of a user in a team among 1,000, and are a 400 beyond, also through a cursor: then list the keys.',
  query: z.extend(listAliasesQuery, cursorQuery),
  answer: z.strictObject({
    aliases: z.array(z.string()),
    total_count: whole.count,
    current_page: whole.count,
    total_pages: whole.count,
    size: z.number(),
    total_is_lower_bound: whole.isLowerBound,
    next_cursor: whole.next,
  }),
  errors: { ...commonErrors, ...listErrors },
};
