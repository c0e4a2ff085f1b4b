/** Writes the end of each key's trail as its row has it, a key per line. */
import { open, rename } from 'node:fs/promises';
import * as z from 'zod/mini';
import type { RowHead } from '../../lambdas/shared/domain/audit-finding.ts';
import { lineOf, ownerOnly, type Scan } from './export-trail.ts';

const headItem = z.object({
  keyId: z.string(),
  seq: z.number(),
  chain: z.string(),
  event: z.object({ at: z.string() }),
});

/** What of a row its head is made of. */
export const headAttributes = ['keyId', 'seq', 'chain', 'event.at'] as const;

/**
 * The file appears when it is whole. After an interruption it is made anew, so that no key that was
 * there before the time in its last line is missing.
 */
export async function exportHeads(path: string, scan: Scan, now: () => Date): Promise<number> {
  const exported_at = now().toISOString();
  const part = `${path}.part`;
  const file = await open(part, 'w', ownerOnly);
  let records = 0;
  try {
    for await (const items of scan()) {
      const heads = items.map((item): RowHead => {
        const { keyId, seq, chain, event } = headItem.parse(item);
        return { key_id: keyId, seq, chain, at: event.at };
      });
      await file.appendFile(heads.map(lineOf).join(''));
      records += heads.length;
    }
    await file.appendFile(lineOf({ complete: true, records, exported_at }));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  return records;
}
