import type { TrailLinks } from '../../lambdas/shared/domain/ports.ts';
import type { MemoryAuditTrail } from './memory-audit-trail.ts';

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The links of an audit trail in memory. */
export const memoryTrailLinks = (trail: MemoryAuditTrail): TrailLinks => ({
  async newestFirst(keyId, cursor, count) {
    const left = trail
      .of(keyId)
      .filter(({ seq }) => cursor === null || seq < Number(cursor))
      .toReversed();
    const page = left.slice(0, count);
    return {
      links: page.map(({ seq, at, digest, chain, previous_chain }) => ({
        seq,
        at: textOf(at),
        digest: textOf(digest),
        chain: textOf(chain),
        previous_chain: textOf(previous_chain),
      })),
      // As DynamoDB, which does not look whether anything comes after a full page.
      next: page.length === count ? String(page.at(-1)?.seq) : null,
    };
  },
});
