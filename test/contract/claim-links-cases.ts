import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type ClaimLink, presentedToken } from '../../lambdas/shared/domain/claim-link.ts';
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import type {
  ClaimLinks,
  IssuedLinks,
  KeyTable,
  KeyWrite,
  NoticeRef,
} from '../../lambdas/shared/domain/ports.ts';
import { rowWith } from '../lambdas/fixtures/rows.ts';
import { limitMs, unique } from './apart.ts';
import type { Suite } from './suite.ts';

const now = new Date('2026-11-25T13:50:00.000Z');

/** The link of a notice, and what uses it up: over it and the row as both were read, or not at all. */
export const claimLinksCases =
  (make: () => { readonly table: KeyTable; readonly links: ClaimLinks & IssuedLinks }) =>
  ({ test }: Suite): void => {
    const { table, links } = make();
    const find = (id: string) => links.find(id, limitMs);
    const rowOf = async (keyId: string) =>
      (await table.load({ target: { keyId } }, limitMs)).target;
    const commit = (...writes: KeyWrite[]) => table.commit(writes, randomUUID(), limitMs);
    const newNotice = (keyId: string): NoticeRef => ({
      id: randomUUID(),
      keyId,
      event: 'key_created',
    });
    /** A row that is there, with the notice of a mail about it. */
    const born = async (changes: Parameters<typeof rowWith>[0] = {}) => {
      const keyId = unique();
      const row = rowWith({ keyId, cur: { hash: unique(), ver: randomUUID() }, ...changes });
      await commit({ kind: 'create-row', row });
      return { row, notice: newNotice(keyId) };
    };
    const issued = async (notice: NoticeRef, row: KeyRow) => {
      const url = await links.issue(notice, row, now);
      const token = url?.split('/claim#')[1] ?? '';
      const link = await find(notice.id);
      if (link === null) throw new Error('There is no link');
      return { token, hash: presentedToken(token)?.hash, link };
    };
    const using = (row: KeyRow, link: ClaimLink): KeyWrite[] => [
      { kind: 'replace-row', row: { ...row, rev: row.rev + 1 } },
      { kind: 'replace-claim-link', link: { ...link, state: 'used', rev: link.rev + 1 } },
    ];

    test('is found by its notice, with the hash of its token alone', async () => {
      const { row, notice } = await born();
      const { token, hash, link } = await issued(notice, row);
      expect(link).toMatchObject({
        notice_id: notice.id,
        key_id: row.keyId,
        token_hash: hash,
        hash: row.cur.hash,
        state: 'unused',
        former: [],
        reuses: 0,
        rev: 1,
      });
      expect(JSON.stringify(link)).not.toContain(token.split('.')[1]);
    });

    test('is absent where none was issued', async () => {
      expect(await find(randomUUID())).toBeNull();
    });

    test('takes the place of an unused one, which is remembered', async () => {
      const { row, notice } = await born();
      const first = await issued(notice, row);
      const second = await issued(notice, row);
      expect(second.hash).not.toBe(first.hash);
      expect(second.link).toMatchObject({ token_hash: second.hash, former: [first.hash], rev: 2 });
    });

    test('remembers the last five before it', async () => {
      const { row, notice } = await born();
      const hashes: (string | undefined)[] = [];
      for (let count = 0; count < 8; count += 1) hashes.push((await issued(notice, row)).hash);
      expect((await find(notice.id))?.former).toEqual(hashes.slice(2, 7));
    });

    test('is not issued anew once it was used', async () => {
      const { row, notice } = await born();
      const { link } = await issued(notice, row);
      expect(await commit(...using(row, link))).toEqual({ kind: 'committed' });
      expect(await links.issue(notice, row, now)).toBeNull();
      expect(await find(notice.id)).toMatchObject({ state: 'used', rev: 2 });
    });

    test('is not issued for a key that has no secret, or is deleted', async () => {
      for (const changes of [{ secretName: null }, { status: 'deleted' as const }]) {
        const { row, notice } = await born(changes);
        expect(await links.issue(notice, row, now)).toBeNull();
        expect(await find(notice.id)).toBeNull();
      }
    });

    test('is used up by one of two at once', async () => {
      const { row, notice } = await born();
      const { link } = await issued(notice, row);
      const outcomes = await Promise.all([
        commit(...using(row, link)),
        commit(...using(row, link)),
      ]);
      expect(outcomes.filter(({ kind }) => kind === 'committed')).toHaveLength(1);
      expect(await rowOf(row.keyId)).toMatchObject({ rev: row.rev + 1 });
    });

    test('is used up once, where the answer was lost and the call is made again', async () => {
      const { row, notice } = await born();
      const { link } = await issued(notice, row);
      const token = randomUUID();
      for (let call = 0; call < 2; call += 1) {
        expect(await table.commit(using(row, link), token, limitMs)).toEqual({ kind: 'committed' });
      }
      expect(await find(notice.id)).toMatchObject({ rev: 2 });
    });

    test('is not used up where the row was written meanwhile', async () => {
      const { row, notice } = await born();
      const { link } = await issued(notice, row);
      await commit({ kind: 'replace-row', row: { ...row, rev: row.rev + 1, blocked: true } });
      expect(await commit(...using(row, link))).toEqual({ kind: 'refused', failed: [0] });
      expect(await find(notice.id)).toEqual(link);
    });

    test('is not used up where another took its place meanwhile, and the row is as it was', async () => {
      const { row, notice } = await born();
      const { link } = await issued(notice, row);
      await issued(notice, row);
      expect(await commit(...using(row, link))).toEqual({ kind: 'refused', failed: [1] });
      expect(await rowOf(row.keyId)).toEqual(row);
    });
  };
