/** `GET /audit/{id}`: one record of the audit trail. */
import { documentClient } from '../shared/adapters/clients.ts';
import { auditReads } from '../shared/adapters/table/audit-reads.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { type AuditPlace, placeOf } from '../shared/domain/audit-record.ts';
import { RecordNotFound } from '../shared/domain/errors.ts';
import type { AuditReads } from '../shared/domain/ports.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { auditAnswer } from '../shared/http/audit-answer.ts';

export const route: Route<AuditPlace | null> = {
  name: 'show-audit-record',
  right: () => 'audit.read',
  takesIdempotencyKey: false,
  parse: ({ params }) => placeOf(params['id'] ?? ''),
  reads: () => ({}),
};

export const showAuditRecord =
  (audit: AuditReads) =>
  async ({ input, deadline, requestId }: Call<AuditPlace | null>) => {
    if (input === null) throw new RecordNotFound();
    const [record] = await audit.records([input], deadline.tableLimitMs());
    if (record === null || record === undefined) throw new RecordNotFound();
    return ok(auditAnswer(record, route.name, requestId));
  };

export const handler = api(route, () => {
  const { KEYS_TABLE, AUDIT_TABLE } = readConfig('KEYS_TABLE', 'AUDIT_TABLE');
  return {
    table: keyTable(documentClient, KEYS_TABLE),
    settings: readSettings(),
    now: () => new Date(),
    operation: showAuditRecord(auditReads(documentClient, AUDIT_TABLE)),
  };
});
