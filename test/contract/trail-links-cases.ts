import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { AuditTrail, TrailLink, TrailLinks } from '../../lambdas/shared/domain/ports.ts';
import { auditRecordWith } from '../lambdas/fixtures/audit-records.ts';
import type { Suite } from './suite.ts';

export interface LinkedTrail {
  readonly trail: AuditTrail;
  readonly links: TrailLinks;
}

const link = (seq: number): TrailLink => ({
  seq,
  at: `2026-11-25T13:50:00.${String(seq).padStart(3, '0')}Z`,
  digest: `digest ${seq}`,
  chain: `chain ${seq}`,
  previous_chain: `chain ${seq - 1}`,
});

/** How the links of a key's audit records are read. */
export const trailLinksCases = (make: () => LinkedTrail) => {
  /** A key with these records, in the order in which they were written. */
  const keyWith = async (records: readonly object[]): Promise<string> => {
    const key_id = randomUUID();
    for (const record of records)
      await make().trail.append({ ...auditRecordWith(key_id, 0), ...record });
    return key_id;
  };
  const pagesOf = async (keyId: string, count: number) => {
    const pages: (readonly TrailLink[])[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<TrailLinks['newestFirst']>> = await make().links.newestFirst(
        keyId,
        cursor,
        count,
        5000,
      );
      pages.push(page.links);
      cursor = page.next;
    } while (cursor !== null);
    return pages;
  };

  return ({ test }: Suite): void => {
    test('come newest first, however they were written, and bare', async () => {
      const written = [9, 2, 10, 1].map((seq) => ({ ...link(seq), after: { alias: 'a' } }));
      const keyId = await keyWith(written);
      expect(await pagesOf(keyId, 100)).toEqual([[10, 9, 2, 1].map(link)]);
    });

    test('come a page at a time, each once', async () => {
      const keyId = await keyWith([1, 2, 3, 4, 5].map(link));
      const pages = await pagesOf(keyId, 2);
      expect(pages.flat()).toEqual([5, 4, 3, 2, 1].map(link));
      for (const page of pages) expect(page.length).toBeLessThanOrEqual(2);
    });

    test('of other keys are not among them', async () => {
      const keyId = await keyWith([1].map(link));
      await keyWith([1, 2].map(link));
      expect((await pagesOf(keyId, 100)).flat()).toEqual([link(1)]);
    });

    test('are none of a key without records', async () => {
      expect((await pagesOf(randomUUID(), 100)).flat()).toEqual([]);
    });

    test('of a damaged record are empty texts', async () => {
      const keyId = await keyWith([
        { seq: 1, at: undefined, digest: 7, chain: null, previous_chain: undefined },
      ]);
      const empty = { seq: 1, at: '', digest: '', chain: '', previous_chain: '' };
      expect((await pagesOf(keyId, 100)).flat()).toEqual([empty]);
    });
  };
};
