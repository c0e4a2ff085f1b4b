import type { AuditRecord, AuditTrail } from '../../lambdas/shared/domain/ports.ts';

export class MemoryAuditTrail implements AuditTrail {
  readonly records = new Map<string, AuditRecord>();

  async append(record: AuditRecord): Promise<void> {
    const id = `${record.key_id}_${record.seq}`;
    if (!this.records.has(id)) this.records.set(id, structuredClone(record));
  }

  of(keyId: string): AuditRecord[] {
    return [...this.records.values()].filter((record) => record.key_id === keyId);
  }
}
