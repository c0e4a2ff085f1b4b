/**
 * Reads the keys table's stream and writes one audit record per change: exactly one, however often
 * a record is delivered.
 */
import { documentClient } from '../shared/adapters/clients.ts';
import { type RowChange, rowStreamHandler } from '../shared/adapters/row-stream.ts';
import { auditTable } from '../shared/adapters/table/audit-table.ts';
import { readConfig } from '../shared/config.ts';
import { auditRecordOf } from '../shared/domain/audit-record.ts';
import type { AuditTrail } from '../shared/domain/ports.ts';

export const auditKeyChange =
  (trail: () => AuditTrail) =>
  async ({ before, after }: RowChange): Promise<void> => {
    const record = auditRecordOf(before, after);
    if (record !== null) await trail().append(record);
  };

export const handler = rowStreamHandler(
  'audit-key-change',
  auditKeyChange(() => auditTable(documentClient, readConfig('AUDIT_TABLE').AUDIT_TABLE)),
);
