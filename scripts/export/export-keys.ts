/** The keys of an environment in the form of LiteLLM's full rows. */
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import type { KeyListing, KeyLists, KeyTable } from '../../lambdas/shared/domain/ports.ts';
import { fullKey } from '../../lambdas/shared/http/key-answer.ts';
import { readPatiently } from '../../lambdas/shared/protocol/import-key.ts';

export interface ExportStores {
  readonly table: KeyTable;
  readonly lists: KeyLists;
  readonly now: () => Date;
  readonly pause: (tries: number) => Promise<void>;
}

const pageSize = 100;
const limitMs = 10_000;

/** All live keys, oldest first, a page at a time, and then the deleted ones where wanted; never the admin key. */
export async function* exportedKeys(
  stores: ExportStores,
  withDeleted: boolean,
): AsyncGenerator<readonly object[]> {
  yield* exportedOf(stores, 'live');
  if (withDeleted) yield* exportedOf(stores, 'deleted');
}

async function* exportedOf(
  { table, lists, now, pause }: ExportStores,
  status: KeyListing['status'],
): AsyncGenerator<readonly object[]> {
  const list = lists.keys({ status, of: 'all', isOldestFirst: true });
  let after: string | null = null;
  for (;;) {
    const page = await readPatiently(pause, () => list.read(after, pageSize, limitMs));
    const targets = page.map(({ keyId }) => ({ keyId }));
    const read = await readPatiently(pause, () => table.load({ targets }, limitMs));
    // The index may be behind: what was deleted meanwhile is in the other list.
    const isListed = (row: KeyRow | null) =>
      row !== null && (row.status === 'deleted') === (status === 'deleted');
    yield read.targets.flatMap((row) => (row !== null && isListed(row) ? [rowOf(row, now())] : []));
    if (page.length < pageSize) return;
    after = page.at(-1)?.position ?? null;
  }
}

/** With credentials of logging callbacks as they are, which answers mask: else they would be lost. */
const rowOf = (row: KeyRow, now: Date): object => ({
  ...fullKey(row, now),
  metadata: row.key.metadata,
  ...(row.key.store_secret === false ? { store_secret: false } : {}),
});
