import * as z from 'zod/mini';
import { type Contract, commonErrors, listErrors } from '../shared/http/contract.ts';
import { fullKeyAnswer } from '../shared/http/key-schema.ts';
import { cursorQuery, whole } from '../shared/http/window.ts';
import { listKeysQuery } from './schema.ts';

export const contract: Contract = {
  summary: 'List keys',
  description:
    'The newest first: token hashes, or whole objects with `return_full_object`. Others than admins and viewers see their own keys. All filters narrow at once. `status=deleted` lists the deleted keys, anything else the others. By `key_hash`, `key_id`, `key_alias`, `user_id` and `team_id` a list of any length is searched; the other filters and another `sort_by` than `created_at` look through 10,000 keys, or 1,000 where that takes their rows, and are a 400 beyond, or where time runs short: then use `cursor`. Lists may be a moment behind.',
  query: z.extend(listKeysQuery, cursorQuery),
  answer: z.strictObject({
    keys: z.array(z.union([z.string(), fullKeyAnswer])),
    total_count: whole.count,
    current_page: whole.count,
    total_pages: whole.count,
    total_is_lower_bound: whole.isLowerBound,
    next_cursor: whole.next,
  }),
  errors: {
    ...commonErrors,
    ...listErrors,
    403: `${commonErrors[403]} Or the filter asks for the keys of somebody else.`,
  },
};
