import * as z from 'zod/mini';
import type { AuditFilter } from '../shared/domain/audit-search.ts';
import { InvalidField } from '../shared/domain/errors.ts';
import { choiceOf, queryChoice, queryOf, queryText, queryTime } from '../shared/http/query.ts';
import type { Request } from '../shared/http/request.ts';
import { type Asked, askedOf, pageQuery, sizeQuery } from '../shared/http/window.ts';

const columns = [
  'updated_at',
  'id',
  'changed_by',
  'changed_by_api_key',
  'action',
  'table_name',
  'object_id',
] as const;
const orders = ['asc', 'desc'] as const;

/** Query of `GET /audit`. */
export const listAuditQuery = z.object({
  page: pageQuery(),
  page_size: sizeQuery(10),
  key_id: queryText(),
  object_id: queryText(),
  changed_by: queryText(),
  changed_by_api_key: queryText(),
  action: queryText(),
  table_name: queryText(),
  object_key_hash: queryText(),
  object_team_id: queryText(),
  start_date: queryTime('start'),
  end_date: queryTime('end'),
  sort_by: queryChoice(columns),
  sort_order: queryChoice(orders),
});

export type AuditColumn = (typeof columns)[number];

export interface ListedRecords {
  readonly asked: Asked;
  readonly filter: AuditFilter;
  readonly by: AuditColumn;
  readonly isAscending: boolean;
}

/** Throws `MalformedRequest` and `InvalidField`. */
export function listedRecords(request: Request): ListedRecords {
  const query = queryOf(listAuditQuery, request);
  const { start_date: start, end_date: end } = query;
  if (start !== null && end !== null && start > end) {
    throw new InvalidField('end_date', 'end_date must not be before start_date.');
  }
  return {
    asked: askedOf(request, query.page, query.page_size),
    filter: {
      keyId: query.key_id ?? null,
      objectId: query.object_id ?? null,
      changedBy: query.changed_by ?? null,
      changedByApiKey: query.changed_by_api_key ?? null,
      action: query.action ?? null,
      tableName: query.table_name ?? null,
      objectKeyHash: query.object_key_hash ?? null,
      objectTeamId: query.object_team_id ?? null,
      from: start === null ? null : new Date(start).toISOString(),
      to: end === null ? null : new Date(end).toISOString(),
    },
    by: choiceOf('sort_by', query.sort_by, columns) ?? 'updated_at',
    isAscending: choiceOf('sort_order', query.sort_order?.toLowerCase(), orders) === 'asc',
  };
}
