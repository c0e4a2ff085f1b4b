import type { KeyTrail } from '../../scripts/restore/key-trail.ts';
import type { TableItems } from '../../scripts/restore/table-items.ts';
import type { MemoryAuditTrail } from './memory-audit-trail.ts';
import type { MemoryKeyTable } from './memory-key-table.ts';

/** The items of a keys table in memory, in small pages. What is removed leaves no stream record. */
export const memoryTableItems = (table: MemoryKeyTable, pageSize = 7): TableItems => ({
  async *pages() {
    const pks = [...table.items.keys()].sort();
    for (let from = 0; from <= pks.length; from += pageSize) {
      const page = pks.slice(from, from + pageSize).map((pk) => table.items.get(pk));
      yield structuredClone(page.filter((item) => item !== undefined));
    }
  },
  async read(pks) {
    const found = pks.map((pk) => [pk, table.items.get(pk)] as const);
    return new Map(
      found.flatMap(([pk, item]) =>
        item === undefined ? [] : [[pk, structuredClone(item)] as const],
      ),
    );
  },
  async put(item) {
    table.putItem({ ...item, pk: String(item['pk']) });
  },
  async remove({ pk, rev }) {
    const current = table.items.get(String(pk));
    if (current !== undefined && current['rev'] !== rev) return false;
    table.items.delete(String(pk));
    return true;
  },
});

/** The trail of one key in memory. */
export const memoryKeyTrail = (trail: MemoryAuditTrail): KeyTrail => ({
  from: async (keyId, seq) =>
    trail
      .of(keyId)
      .filter((record) => record.seq >= seq)
      .map((record) => structuredClone(Object(trail.damaged.get(record.id) ?? record))),
});
