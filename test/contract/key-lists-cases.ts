import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { byteOrder } from '../../lambdas/shared/domain/byte-order.ts';
import { masterKeyId } from '../../lambdas/shared/domain/key-format.ts';
import type { AliasLease, KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import type {
  KeyListing,
  KeyLists,
  KeyTable,
  KeyWrite,
} from '../../lambdas/shared/domain/ports.ts';
import { rowWith } from '../lambdas/fixtures/rows.ts';
import { idIn, inParts, limitMs, someTime, unique } from './apart.ts';
import type { Suite } from './suite.ts';

export interface Listed {
  /** Writes what is to be listed. */
  readonly table: KeyTable;
  readonly lists: KeyLists;
}

const idsOf = (entries: readonly { readonly keyId: string }[]) => entries.map(({ keyId }) => keyId);
const rest = <T>(list: readonly T[], of: T) => list.slice(list.indexOf(of) + 1);

/** The lists of keys and aliases, beside whatever else there is. */
export const keyListsCases = (make: () => Listed) => {
  const commit = async (write: KeyWrite) =>
    expect(await make().table.commit([write], randomUUID(), limitMs)).toEqual({
      kind: 'committed',
    });
  /** It names no secret, so that no reconciler looks after one. */
  const born = async (changes: Parameters<typeof rowWith>[0] = {}): Promise<KeyRow> => {
    const noSecret = { cur: { hash: unique(), ver: null }, secretName: null, secretArn: null };
    const row = rowWith({ keyId: unique(), ...noSecret, ...changes });
    await commit({ kind: 'create-row', row });
    return row;
  };
  const replaced = async (row: KeyRow, changes: Partial<KeyRow>): Promise<KeyRow> => {
    const next = { ...row, ...changes, rev: row.rev + 1 };
    await commit({ kind: 'replace-row', row: next });
    return next;
  };
  const held = async (alias: string): Promise<AliasLease> => {
    const lease: AliasLease = {
      alias,
      state: 'held',
      keyId: unique(),
      secretName: null,
      secretArn: null,
      deletedAt: null,
      rev: 1,
    };
    await commit({ kind: 'put-lease', lease });
    return lease;
  };
  const keys = (of: KeyListing['of'], more: Partial<KeyListing> = {}) =>
    make().lists.keys({ status: 'live', of, isOldestFirst: false, ...more });
  const all = (of: KeyListing['of'], more: Partial<KeyListing> = {}) =>
    keys(of, more).read(null, 100, limitMs);
  /** A user's keys, born one after the other, in all partitions of an index. */
  const bornInTurn = async (count: number) => {
    const [user_id, at] = [unique(), someTime()];
    const rows: KeyRow[] = [];
    for (let n = 0; n < count; n += 1) {
      rows.push(await born({ keyId: idIn(n % 4), key: { user_id, created_at: at(n) } }));
    }
    return { of: { userId: user_id }, at, oldestFirst: idsOf(rows), rows };
  };

  return ({ describe }: Suite): void => {
    describe('keys', ({ test }) => {
      test('come newest first, or oldest first, by their birth and not by when they were written', async () => {
        const [user_id, at] = [unique(), someTime()];
        const [second, third, first] = [
          await born({ key: { user_id, created_at: at(1) } }),
          await born({ key: { user_id, created_at: at(2) } }),
          await born({ key: { user_id, created_at: at(0) } }),
        ];
        const oldestFirst = idsOf([first, second, third]);
        const of = { userId: user_id };
        expect(idsOf(await all(of, { isOldestFirst: true }))).toEqual(oldestFirst);
        expect(idsOf(await all(of))).toEqual(oldestFirst.toReversed());
      });

      test('come with what an entry tells of them', async () => {
        const [user_id, at] = [unique(), someTime()];
        const row = await born({
          alias: 'ключ 🔑',
          blocked: true,
          expires: at(9),
          key: { user_id, created_at: at(0) },
        });
        const { status, alias, blocked, expires, cur, keyId } = row;
        const listed = { token: cur.hash, alias, status, blocked, expires };
        const position = `${at(0)}#${keyId}`;
        expect(await all({ userId: user_id })).toEqual([{ position, keyId, listed }]);
      });

      test('are among all, among those of their user and of their team, and nobody else’s', async () => {
        const [userId, teamId, at] = [unique(), unique(), someTime()];
        const owner = { user_id: userId, team_id: teamId };
        const { keyId } = await born({ key: { ...owner, created_at: at(0) } });
        const { keyId: unowned } = await born({
          key: { user_id: undefined, created_at: at(1) },
        });
        const { keyId: userOnly } = await born({ key: { user_id: userId, created_at: at(2) } });
        const others = { user_id: teamId, team_id: userId, created_at: at(3) };
        const { keyId: foreign } = await born({ key: others });
        const next = await keys('all', { isOldestFirst: true }).read(at(0), 4, limitMs);
        expect(idsOf(next)).toEqual([keyId, unowned, userOnly, foreign]);
        expect(idsOf(await all({ userId }))).toEqual([userOnly, keyId]);
        expect(idsOf(await all({ teamId }))).toEqual([keyId]);
        for (const of of ['all', { userId }, { teamId }] as const) {
          const deleted = await keys(of, { status: 'deleted' }).read(at(4), 5, limitMs);
          expect(idsOf(deleted).filter((id) => [keyId, unowned].includes(id))).toEqual([]);
        }
      });

      test('are among the deleted ones from their deletion on, and among no others', async () => {
        const [userId, teamId, at] = [unique(), unique(), someTime()];
        const key = { user_id: userId, team_id: teamId, created_at: at(0) };
        const row = await born({ key });
        const live = await all({ userId });
        await replaced(row, { status: 'deleted' });
        for (const of of ['all', { userId }, { teamId }] as const) {
          const [first] = await keys(of, { status: 'deleted' }).read(at(1), 1, limitMs);
          expect(first).toMatchObject({ keyId: row.keyId, listed: { status: 'deleted' } });
          expect(first?.position).toBe(live[0]?.position);
          const before = await keys(of, { isOldestFirst: true }).read(at(0), 1, limitMs);
          expect(idsOf(before)).not.toContain(row.keyId);
        }
      });

      test('follow their owner', async () => {
        const [one, other] = [unique(), unique()];
        const row = await born({ key: { user_id: one, team_id: one } });
        await replaced(row, { key: { ...row.key, user_id: other, team_id: undefined } });
        expect(await all({ userId: one })).toEqual([]);
        expect(await all({ teamId: one })).toEqual([]);
        expect(idsOf(await all({ userId: other }))).toEqual([row.keyId]);
      });

      test('have a position each, also when born in the same instant, and keep it', async () => {
        const [user_id, at] = [unique(), someTime()];
        const key = { user_id, created_at: at(0) };
        const rows = [await born({ key }), await born({ key }), await born({ key })];
        const before = await all({ userId: user_id });
        expect(new Set(before.map(({ position }) => position)).size).toBe(3);
        for (const row of rows) {
          await replaced(row, { cur: { hash: unique(), ver: null }, alias: unique() });
        }
        const after = await all({ userId: user_id });
        expect(after.map(({ position }) => position)).toEqual(
          before.map(({ position }) => position),
        );
        expect(after.map(({ listed }) => listed.token)).not.toEqual(
          before.map(({ listed }) => listed.token),
        );
      });

      for (const isOldestFirst of [true, false]) {
        const order = isOldestFirst ? 'oldest first' : 'newest first';

        test(`go on exactly after a position, ${order}`, async () => {
          const { of } = await bornInTurn(5);
          const entries = await all(of, { isOldestFirst });
          for (const entry of entries) {
            const next = await keys(of, { isOldestFirst }).read(entry.position, 9, limitMs);
            expect(next).toEqual(rest(entries, entry));
          }
        });

        test(`go on after the position of one that is deleted or gone since, ${order}`, async () => {
          const { of, at, rows } = await bornInTurn(5);
          const before = await all(of, { isOldestFirst });
          const [, , middle] = rows;
          if (middle === undefined) throw new Error('There is no key');
          await replaced(middle, { status: 'deleted' });
          for (const keyId of [middle.keyId, unique()]) {
            const next = await keys(of, { isOldestFirst }).read(`${at(2)}#${keyId}`, 2, limitMs);
            expect(next).toEqual(before.slice(3));
          }
        });

        test(`of all partitions come as one list, ${order}, in parts of any size`, async () => {
          const { oldestFirst, at } = await bornInTurn(13);
          const expected = isOldestFirst ? oldestFirst : oldestFirst.toReversed();
          const start = isOldestFirst ? at(0) : at(13);
          for (const size of [1, 3, 13]) {
            const found: string[] = [];
            let after = start;
            while (found.length < 13) {
              const count = Math.min(size, 13 - found.length);
              const part = await keys('all', { isOldestFirst }).read(after, count, limitMs);
              found.push(...idsOf(part));
              after = part.at(-1)?.position ?? '';
              expect(part).toHaveLength(count);
            }
            expect(found).toEqual(expected);
          }
        });
      }

      test('are fewer than asked for only at the end', async () => {
        const { of, oldestFirst } = await bornInTurn(4);
        for (const size of [1, 2, 3, 4, 5]) {
          expect(idsOf(await inParts(keys(of, { isOldestFirst: true }), size))).toEqual(
            oldestFirst,
          );
        }
        expect(await all({ userId: unique() })).toEqual([]);
      });

      test('are counted, no further than the bound', async () => {
        const { of } = await bornInTurn(3);
        const counts = [1, 2, 3, 4].map((bound) => keys(of).count(bound, limitMs));
        expect(await Promise.all(counts)).toEqual([1, 2, 3, 3]);
        expect(await keys({ teamId: unique() }).count(5, limitMs)).toBe(0);
        expect(await keys('all').count(2, limitMs)).toBe(2);
      });

      test('never are the admin key', async () => {
        const row = rowWith({ keyId: masterKeyId, secretName: null, secretArn: null });
        await make().table.commit([{ kind: 'create-row', row }], randomUUID(), limitMs);
        const target = { keyId: masterKeyId };
        expect((await make().table.load({ target }, limitMs)).target).not.toBeNull();
        for (const status of ['live', 'deleted'] as const) {
          expect(idsOf(await inParts(keys('all', { status }), 1000))).not.toContain(masterKeyId);
        }
      });

      test('without time are unavailable', async () => {
        const unavailable = { kind: 'unavailable' };
        await expect(keys('all').read(null, 1, 0)).rejects.toMatchObject(unavailable);
        await expect(keys('all').count(1, 0)).rejects.toMatchObject(unavailable);
      });
    });

    describe('aliases', ({ test }) => {
      const aliasesAfter = async (after: string, count: number) =>
        (await make().lists.aliases().read(after, count, limitMs)).map(({ alias }) => alias);

      test('come in the order of their UTF-8 bytes', async () => {
        const prefix = unique();
        // In JavaScript's own order the key would come before the tilde.
        const ends = ['～', '🔑', '𐀀', 'é', 'a', 'B', 'aa', '0', '/', 'ключ', '\u{10FFFF}'];
        for (const end of ends) await held(prefix + end);
        const found = await aliasesAfter(prefix, ends.length);
        expect(found).toEqual(ends.map((end) => prefix + end).sort(byteOrder));
        expect(found).not.toEqual([...found].sort());
        for (const alias of found.slice(0, -1)) {
          expect(await aliasesAfter(alias, 1)).toEqual(rest(found, alias).slice(0, 1));
        }
      });

      test('are there while they are taken, and go on after one that is free again', async () => {
        const prefix = unique();
        const [a, b, c] = [
          await held(`${prefix}a`),
          await held(`${prefix}b`),
          await held(`${prefix}c`),
        ];
        expect(await aliasesAfter(prefix, 3)).toEqual([a.alias, b.alias, c.alias]);
        const { alias, keyId } = b;
        await commit({ kind: 'free-lease', alias, keyId, deletedAt: null });
        expect(await aliasesAfter(prefix, 2)).toEqual([a.alias, c.alias]);
        expect(await aliasesAfter(alias, 1)).toEqual([c.alias]);
      });

      test('are counted, no further than the bound', async () => {
        for (let n = 0; n < 3; n += 1) await held(unique());
        expect(await make().lists.aliases().count(2, limitMs)).toBe(2);
      });

      test('without time are unavailable', async () => {
        const unavailable = { kind: 'unavailable' };
        const aliases = make().lists.aliases();
        await expect(aliases.read(null, 1, 0)).rejects.toMatchObject(unavailable);
        await expect(aliases.count(1, 0)).rejects.toMatchObject(unavailable);
      });
    });
  };
};
