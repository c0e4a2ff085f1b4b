import * as z from 'zod/mini';
import { queryText } from '../shared/http/query.ts';
import { pageQuery, sizeQuery } from '../shared/http/window.ts';

/** Query of `GET /key/aliases`. */
export const listAliasesQuery = z.object({
  page: pageQuery(),
  size: sizeQuery(50),
  search: queryText(),
  team_id: queryText(),
});
