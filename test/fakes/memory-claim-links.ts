import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import type { ClaimLinks, NoticeRef } from '../../lambdas/shared/domain/ports.ts';

/** Makes links that lead nowhere, or none as long as they are off. */
export class MemoryClaimLinks implements ClaimLinks {
  isOn = false;

  async issue({ id }: NoticeRef, { secretName }: KeyRow): Promise<string | null> {
    return this.isOn && secretName !== null
      ? `http://localhost:4000/claim#${id}.secret-part-of-the-link`
      : null;
  }
}
