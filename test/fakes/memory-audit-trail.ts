import type { AuditRecord } from '../../lambdas/shared/domain/audit-record.ts';
import type { AuditTrail } from '../../lambdas/shared/domain/ports.ts';
import { stored } from './dynamo-item.ts';

/** The audit trail in memory: a record is kept as it was first written. */
export class MemoryAuditTrail implements AuditTrail {
  readonly records = new Map<string, AuditRecord>();
  /** What stands in the place of records that somebody has damaged. */
  readonly damaged = new Map<string, unknown>();

  async append(record: AuditRecord): Promise<void> {
    const id = `${record.key_id}_${record.seq}`;
    stored(record);
    const known = this.records.get(id);
    if (known === undefined) {
      this.records.set(id, JSON.parse(JSON.stringify(record)));
    } else if (known.digest !== record.digest) {
      throw new Error('The audit trail has another record of this number');
    }
  }

  /** A key's records in the order of their `seq`. */
  of(keyId: string): AuditRecord[] {
    return [...this.records.values()]
      .filter((record) => record.key_id === keyId)
      .sort((left, right) => left.seq - right.seq);
  }
}
