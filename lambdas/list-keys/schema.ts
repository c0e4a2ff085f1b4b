import * as z from 'zod/mini';
import { type KeyFilter, type SortedBy, sortedBy } from '../shared/domain/key-search.ts';
import { choiceOf, queryChoice, queryOf, queryText, queryTruth } from '../shared/http/query.ts';
import type { Request } from '../shared/http/request.ts';
import { type Asked, askedOf, pageQuery, sizeQuery } from '../shared/http/window.ts';

const orders = ['asc', 'desc'] as const;
const statuses = ['active', 'expired', 'revoked', 'deleted'] as const;
const expiries = ['active', 'expired'] as const;

/** Query of `GET /key/list`. */
export const listKeysQuery = z.object({
  page: pageQuery(),
  size: sizeQuery(10),
  key_id: queryText(),
  key_hash: queryText(),
  key_alias: queryText(),
  search: queryText(),
  substring_matching: queryTruth(),
  user_id: queryText(),
  team_id: queryText(),
  organization_id: queryText(),
  project_id: queryText(),
  agent_id: queryText(),
  access_group_id: queryText(),
  status: queryChoice(statuses),
  expires: queryChoice(expiries),
  sort_by: queryChoice(sortedBy),
  sort_order: queryChoice(orders),
  return_full_object: queryTruth(),
  include_team_keys: queryTruth(),
  include_created_by_keys: queryTruth(),
  expand: queryText(),
});

export interface ListedKeys {
  readonly asked: Asked;
  readonly filter: KeyFilter;
  readonly by: SortedBy;
  readonly isAscending: boolean;
  /** Whether whole objects are asked for, and not hashes. */
  readonly isFull: boolean;
}

/** Throws `MalformedRequest` and `InvalidField`. */
export function listedKeys(request: Request): ListedKeys {
  const query = queryOf(listKeysQuery, request);
  const by = choiceOf('sort_by', query.sort_by, sortedBy);
  // As in LiteLLM: without a column to sort by the order is that of time, newest first.
  const order =
    by === null ? null : choiceOf('sort_order', query.sort_order?.toLowerCase(), orders);
  const { user_id = null, substring_matching: isPart } = query;
  return {
    asked: askedOf(request, query.page, query.size),
    filter: {
      keyId: query.key_id ?? null,
      keyHash: query.key_hash ?? null,
      keyAlias: query.key_alias ?? null,
      search: query.search ?? null,
      teamId: query.team_id ?? null,
      organizationId: query.organization_id ?? null,
      projectId: query.project_id ?? null,
      agentId: query.agent_id ?? null,
      accessGroupId: query.access_group_id ?? null,
      isAliasPart: isPart,
      userId: isPart ? null : user_id,
      userPart: isPart ? user_id : null,
      status: choiceOf('status', query.status, statuses),
      expires: choiceOf('expires', query.expires, expiries),
    },
    by: by ?? 'created_at',
    isAscending: order === 'asc',
    isFull: query.return_full_object || request.query.getAll('expand').includes('user'),
  };
}
