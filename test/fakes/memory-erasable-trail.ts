import { isDeepStrictEqual } from 'node:util';
import type { ErasableTrail } from '../../scripts/erase/erasable-trail.ts';
import type { MemoryAuditTrail } from './memory-audit-trail.ts';

/** The audit trail in memory as an operator may change it. */
export const memoryErasableTrail = (trail: MemoryAuditTrail, pageSize = 3): ErasableTrail => ({
  async *pages() {
    const all = [...trail.records].map(([id, record]) => trail.damaged.get(id) ?? record);
    for (let from = 0; from < all.length; from += pageSize) {
      yield structuredClone(all.slice(from, from + pageSize)).map((record) => Object(record));
    }
  },
  has: async ({ keyId, seq }) => trail.records.has(`${keyId}_${seq}`),
  async redact(before, after) {
    const current = trail.records.get(before.id);
    const isAsRead =
      current?.digest === before.digest && isDeepStrictEqual(current.salts, before.salts);
    if (isAsRead) trail.records.set(before.id, structuredClone(after));
    return isAsRead;
  },
});
