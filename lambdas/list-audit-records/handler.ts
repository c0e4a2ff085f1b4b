/** `GET /audit`: who changed which key, a page at a time. */
import { documentClient } from '../shared/adapters/clients.ts';
import { auditReads } from '../shared/adapters/table/audit-reads.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { sealOf } from '../shared/domain/cursor.ts';
import { masterKeyId } from '../shared/domain/key-format.ts';
import type { AuditReads } from '../shared/domain/ports.ts';
import { page } from '../shared/http/answer.ts';
import { api, type Call, type Route, type Wiring } from '../shared/http/api.ts';
import { auditAnswer } from '../shared/http/audit-answer.ts';
import { wholeOf, windowOf } from '../shared/http/window.ts';
import { findRecords } from './find-records.ts';
import { type ListedRecords, listedRecords } from './schema.ts';

export const route: Route<ListedRecords> = {
  name: 'list-audit-records',
  right: () => 'audit.read',
  takesIdempotencyKey: false,
  parse: listedRecords,
  reads: () => ({ targets: [{ keyId: masterKeyId }] }),
};

type Stores = Pick<Wiring<ListedRecords>, 'now'> & { readonly audit: AuditReads };

export const listAuditRecords =
  ({ audit, now }: Stores) =>
  async ({ input, caller, loaded, deadline, requestId }: Call<ListedRecords>) => {
    const { asked, filter, by, isAscending } = input;
    const [admin = null] = loaded.targets;
    const seal = sealOf(admin, route.name, caller.keyId, { ...filter, by, isAscending });
    const window = windowOf(asked, seal, now());
    const found = await findRecords(audit, { filter, by, isAscending, window }, deadline);
    const { total, current, pages, isLowerBound, next } = wholeOf(found, asked, seal, now());
    return page('page_size', {
      audit_logs: found.entries.map(({ record }) => auditAnswer(record, route.name, requestId)),
      total,
      page: current,
      page_size: asked.size,
      total_pages: pages,
      total_is_lower_bound: isLowerBound,
      next_cursor: next,
    });
  };

export const handler = api(route, () => {
  const { KEYS_TABLE, AUDIT_TABLE } = readConfig('KEYS_TABLE', 'AUDIT_TABLE');
  const stores = { audit: auditReads(documentClient, AUDIT_TABLE), now: () => new Date() };
  return {
    ...stores,
    table: keyTable(documentClient, KEYS_TABLE),
    settings: readSettings(),
    operation: listAuditRecords(stores),
  };
});
