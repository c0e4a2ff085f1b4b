import {
  auditOrder,
  auditPartition,
  auditSort,
  rowKey,
} from '../../lambdas/shared/adapters/table/keys.ts';
import type { AuditRecord } from '../../lambdas/shared/domain/audit-record.ts';
import type { Item, Scan } from '../../scripts/audit/export-trail.ts';

/** A record as the audit table has it. */
export const auditItem = (record: AuditRecord): Item => {
  const { key_id, seq, at } = record;
  return {
    ...record,
    pk: rowKey(key_id),
    sk: auditSort(seq),
    time_pk: auditPartition(key_id),
    order_sk: auditOrder(at, key_id, seq),
  };
};

/** A scan of these items in their order, in small pages, of which DynamoDB may give empty ones too. */
export const scanOf = (items: readonly Item[], pageSize = 2): Scan =>
  async function* (after) {
    const isStart = ({ pk, sk }: Item) => pk === after?.['pk'] && sk === after?.['sk'];
    const from = after === undefined ? 0 : items.findIndex(isStart) + 1;
    if (after !== undefined && from === 0) throw new Error('There is no item of this key');
    yield [];
    for (let at = from; at < items.length; at += pageSize) yield items.slice(at, at + pageSize);
  };
