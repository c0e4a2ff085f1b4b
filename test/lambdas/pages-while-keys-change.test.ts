import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import { startedService } from '../fakes/service.ts';
import { pagedThrough } from './fixtures/paged-through.ts';
import { now, rowWith } from './fixtures/rows.ts';

type Change =
  | { readonly kind: 'born'; readonly at: number }
  | { readonly kind: 'deleted' | 'rotated'; readonly index: number };

/** Few, so that keys share an instant, and are born also behind where the reader stands. */
const birth = fc.nat(4);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('born'), at: birth }),
  fc.record({ kind: fc.constantFrom('deleted', 'rotated'), index: fc.nat() }),
);

it('shows each key that is there throughout exactly once, whatever happens between two pages', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(birth, { maxLength: 25 }),
      fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom('asc', 'desc'),
      async (births, changes, size, order) => {
        const { asAdmin, table } = await startedService();
        const live: KeyRow[] = [];
        const path = `/key/list?return_full_object=true&size=${size}&sort_by=created_at&sort_order=${order}`;
        const bear = async (at: number) => {
          const created_at = new Date(now.getTime() + at).toISOString();
          const hash = randomUUID();
          const row = rowWith({
            keyId: randomUUID(),
            cur: { hash, ver: null },
            key: { token: hash, created_at },
          });
          await table.commit([{ kind: 'create-row', row }], randomUUID(), 1000);
          live.push(row);
        };
        const replace = async (index: number, changed: Partial<KeyRow>) => {
          const [row] = live.splice(index % live.length, 1);
          if (row === undefined) return;
          const next = { ...row, ...changed, rev: row.rev + 1 };
          await table.commit([{ kind: 'replace-row', row: next }], randomUUID(), 1000);
          if (next.status === 'active') live.push(next);
        };
        for (const at of births) await bear(at);
        const before = live.map(({ keyId }) => keyId);

        const found = await pagedThrough(
          (cursor) => asAdmin({ method: 'GET', path: `${path}&cursor=${cursor}` }),
          async (page) => {
            for (const next of changes[page - 1] ?? []) {
              if (next.kind === 'born') await bear(next.at);
              else if (next.kind === 'deleted') await replace(next.index, { status: 'deleted' });
              else await replace(next.index, { cur: { hash: randomUUID(), ver: null } });
            }
          },
        );

        expect(new Set(found).size).toBe(found.length);
        const after = live.map(({ keyId }) => keyId);
        const throughout = before.filter((keyId) => after.includes(keyId));
        expect(found).toEqual(expect.arrayContaining(throughout));
      },
    ),
    { numRuns: 200 },
  );
});
