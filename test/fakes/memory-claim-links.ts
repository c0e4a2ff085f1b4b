import { parseClaimLink } from '../../lambdas/shared/adapters/table/claim-links.ts';
import { claimLinkItem } from '../../lambdas/shared/adapters/table/items.ts';
import { claimLinkKey } from '../../lambdas/shared/adapters/table/keys.ts';
import { nextLink } from '../../lambdas/shared/domain/claim-link.ts';
import { Unavailable } from '../../lambdas/shared/domain/errors.ts';
import type { ClaimLinks, IssuedLinks, Randomness } from '../../lambdas/shared/domain/ports.ts';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import { settingsWith } from '../fixtures/settings.ts';
import type { MemoryKeyTable } from './memory-key-table.ts';
import { seededRandom } from './seeded-random.ts';

/** Claim links in memory, in the same transactions as the rows of that table. */
export const memoryClaimLinks = (
  { claimLinks }: MemoryKeyTable,
  settings: Settings = settingsWith(),
  random: Randomness = seededRandom('claim links'),
): ClaimLinks & IssuedLinks => {
  const find = (noticeId: string) => {
    const link = claimLinks.get(claimLinkKey(noticeId));
    return link === undefined ? null : parseClaimLink(claimLinkItem(link));
  };
  return {
    async find(noticeId, limitMs) {
      if (limitMs <= 0) throw new Unavailable('The tables cannot be read at the moment.', 2);
      return find(noticeId);
    },
    async issue(notice, row, now) {
      const next = nextLink(notice.id, row, find(notice.id), settings, now, random.bytes);
      if (next === null) return null;
      claimLinks.set(claimLinkKey(notice.id), next.link);
      return `${settings.baseUrl}/claim#${next.token}`;
    },
  };
};
