import { auditEntry, auditOrderOf } from '../../lambdas/shared/adapters/table/audit-reads.ts';
import { auditItem } from '../../lambdas/shared/adapters/table/audit-table.ts';
import { foundRecord } from '../../lambdas/shared/domain/audit-record.ts';
import type { AuditReads } from '../../lambdas/shared/domain/ports.ts';
import type { MemoryAuditTrail } from './memory-audit-trail.ts';
import { memoryListing, unavailable } from './memory-listing.ts';

/** Reads of the audit trail in memory. */
export const memoryAuditReads = (trail: MemoryAuditTrail): AuditReads => ({
  list: (listing) => {
    const order = auditOrderOf(listing);
    const items = () => [...trail.records.values()].map(auditItem);
    return memoryListing(items, order, (item) => auditEntry(item, order.sk));
  },
  records: async (wanted, limitMs) => {
    if (limitMs <= 0) throw unavailable();
    return wanted.map(({ keyId, seq }) => {
      const id = `${keyId}_${seq}`;
      const record = trail.damaged.get(id) ?? trail.records.get(id);
      return record === undefined ? null : foundRecord({ keyId, seq }, structuredClone(record));
    });
  },
});
