import * as z from 'zod/mini';
import { auditRecordAnswer } from '../shared/http/audit-schema.ts';
import { type Contract, commonErrors, listErrors } from '../shared/http/contract.ts';
import { cursorQuery, whole } from '../shared/http/window.ts';
import { listAuditQuery } from './schema.ts';

export const contract: Contract = {
  summary: 'List the audit trail',
  description:
    'The newest record first. For proxy admins and their viewers. All filters narrow at once. By `key_id`, or by `object_id`, `changed_by` or neither and time, a trail of any length is searched. `key_id` with a time, two of these names together, the other filters, and another `sort_by` than `updated_at` look through 1,000 records of what one name and the time leave (of a `key_id` the name alone) and are a 400 beyond, or where time runs short: then use `cursor`, or, without `key_id`, narrow the time. A record is there some seconds after the change. One that is not as it was written has `damaged` true, and null for what of it cannot be read.',
  query: z.extend(listAuditQuery, cursorQuery),
  answer: z.strictObject({
    audit_logs: z.array(auditRecordAnswer),
    total: whole.count,
    page: whole.count,
    page_size: z.number(),
    total_pages: whole.count,
    total_is_lower_bound: whole.isLowerBound,
    next_cursor: whole.next,
  }),
  errors: {
    ...commonErrors,
    ...listErrors,
    401: `${commonErrors[401]} Or the caller is no proxy admin or viewer.`,
  },
};
