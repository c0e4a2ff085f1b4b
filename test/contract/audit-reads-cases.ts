import { expect } from 'vitest';
import {
  type AuditPlace,
  type AuditRecord,
  auditRecordOf,
} from '../../lambdas/shared/domain/audit-record.ts';
import type { AuditListing, AuditReads, AuditTrail } from '../../lambdas/shared/domain/ports.ts';
import { rowWith } from '../lambdas/fixtures/rows.ts';
import { idIn, inParts, limitMs, someTime, unique } from './apart.ts';
import type { Suite } from './suite.ts';

export interface ReadTrail {
  /** Writes the records that are to be found. */
  readonly trail: AuditTrail;
  readonly reads: AuditReads;
}

const placeOf = ({ key_id: keyId, seq }: AuditRecord): AuditPlace => ({ keyId, seq });
const placed = ({ id, key_id, seq, action }: AuditRecord) => ({ id, key_id, seq, action });
const placesOf = (entries: readonly AuditPlace[]) =>
  entries.map(({ keyId, seq }) => ({ keyId, seq }));

/** Reads of the trail, beside whatever else is in it. */
export const auditReadsCases = (make: () => ReadTrail) => {
  const recorded = async (changes: Partial<AuditRecord> = {}): Promise<AuditRecord> => {
    const { key_id: keyId = unique(), seq = 1 } = changes;
    const record = auditRecordOf(null, rowWith({ keyId, seq }));
    if (record === null) throw new Error('This change leaves no record');
    const written = { ...record, ...changes };
    await make().trail.append(written);
    return written;
  };
  const list = (of: AuditListing['of'], more: Partial<AuditListing> = {}) =>
    make().reads.list({ of, from: null, to: null, isOldestFirst: false, ...more });
  const all = async (of: AuditListing['of'], more: Partial<AuditListing> = {}) =>
    placesOf(await list(of, more).read(null, 100, limitMs));
  /** Records of keys in all partitions, one a millisecond, by one actor about one object. */
  const recordedInTurn = async (count: number) => {
    const [changed_by, object_id, at] = [unique(), unique(), someTime()];
    const records: AuditRecord[] = [];
    for (let n = 0; n < count; n += 1) {
      records.push(await recorded({ key_id: idIn(n % 4), changed_by, object_id, at: at(n) }));
    }
    const listings = ['all', { changedBy: changed_by }, { objectId: object_id }] as const;
    return { at, listings, oldestFirst: records.map(placeOf) };
  };

  return ({ describe }: Suite): void => {
    describe('list', ({ test }) => {
      test('has a key’s records in the order of their numbers', async () => {
        const [key_id, at] = [unique(), someTime()];
        for (const seq of [10, 2, 100, 1, 9]) await recorded({ key_id, seq, at: at(-seq) });
        await recorded({ at: at(0) });
        const oldestFirst = [1, 2, 9, 10, 100].map((seq) => ({ keyId: key_id, seq }));
        const of = { keyId: key_id };
        expect(await all(of, { isOldestFirst: true })).toEqual(oldestFirst);
        expect(await all(of)).toEqual(oldestFirst.toReversed());
        expect(placesOf(await inParts(list(of), 2))).toEqual(oldestFirst.toReversed());
        expect(await list(of).count(3, limitMs)).toBe(3);
        expect(await list(of).count(9, limitMs)).toBe(5);
        expect(await all({ keyId: unique() })).toEqual([]);
      });

      test('has an actor’s, an object’s and everybody’s by time, and nobody else’s', async () => {
        const { at, listings, oldestFirst } = await recordedInTurn(9);
        const stranger = await recorded({ at: at(9) });
        const [, ...ofOne] = listings;
        for (const of of ofOne) {
          expect(await all(of, { isOldestFirst: true })).toEqual(oldestFirst);
          expect(await all(of)).toEqual(oldestFirst.toReversed());
          expect(await list(of).count(4, limitMs)).toBe(4);
          expect(await list(of).count(10, limitMs)).toBe(9);
        }
        const everybodys = [...oldestFirst, placeOf(stranger)];
        const bounds = { from: at(0), to: at(9) };
        expect(await all('all', { ...bounds, isOldestFirst: true })).toEqual(everybodys);
        expect(await all('all', bounds)).toEqual(everybodys.toReversed());
        expect(await list('all', bounds).count(4, limitMs)).toBe(4);
        expect(await list('all', bounds).count(11, limitMs)).toBe(10);
      });

      test('has a position for each, also of the same instant and of one key', async () => {
        const [changed_by, key_id, at] = [unique(), unique(), someTime()];
        const same = { changed_by, at: at(0) };
        for (const seq of [1, 2, 10]) await recorded({ ...same, key_id, seq });
        await recorded(same);
        const entries = await list({ changedBy: changed_by }).read(null, 9, limitMs);
        expect(new Set(entries.map(({ position }) => position)).size).toBe(4);
        const others = await list('all', { from: at(0), to: at(0) }).read(null, 9, limitMs);
        expect(others).toEqual(entries);
      });

      for (const isOldestFirst of [true, false]) {
        const order = isOldestFirst ? 'oldest first' : 'newest first';

        test(`keeps to a range of time, both ends included, ${order}, and goes on in it`, async () => {
          const { at, listings, oldestFirst } = await recordedInTurn(9);
          const inRange = (first: number, last: number) => {
            const places = oldestFirst.slice(first, last + 1);
            return isOldestFirst ? places : places.toReversed();
          };
          for (const of of listings) {
            const between = { from: at(2), to: at(6), isOldestFirst };
            const found = await list(of, between).read(null, 9, limitMs);
            expect(placesOf(found)).toEqual(inRange(2, 6));
            expect(await list(of, between).count(9, limitMs)).toBe(5);
            expect(await all(of, { ...between, to: at(2) })).toEqual(inRange(2, 2));
            for (const [index, { position }] of found.entries()) {
              const next = await list(of, between).read(position, 9, limitMs);
              expect(next).toEqual(found.slice(index + 1));
            }
            expect(await inParts(list(of, between), 2)).toEqual(found);
            const gone = isOldestFirst ? `${at(3)}#~` : `${at(5)}#`;
            const after = await list(of, between).read(gone, 9, limitMs);
            expect(after).toEqual(found.slice(2));
          }
        });
      }

      test('keeps to a range with one end', async () => {
        const { at, listings, oldestFirst } = await recordedInTurn(5);
        const [, ...ofOne] = listings;
        for (const of of ofOne) {
          expect(await all(of, { from: at(3) })).toEqual(oldestFirst.slice(3).toReversed());
          expect(await all(of, { to: at(1) })).toEqual(oldestFirst.slice(0, 2).toReversed());
        }
      });

      test('without time is unavailable', async () => {
        const unavailable = { kind: 'unavailable' };
        await expect(list('all').read(null, 1, 0)).rejects.toMatchObject(unavailable);
        await expect(list('all').count(1, 0)).rejects.toMatchObject(unavailable);
      });
    });

    describe('records', ({ test }) => {
      test('come whole, in the order asked for, with null for what is not there', async () => {
        const [one, two] = [await recorded(), await recorded({ after: { alias: 'ключ 🔑' } })];
        const wanted = [placeOf(two), { keyId: unique(), seq: 1 }, placeOf(one)];
        const unknownSeq = { ...placeOf(one), seq: 2 };
        const found = await make().reads.records([...wanted, unknownSeq], limitMs);
        expect(found).toEqual([two, null, one, null]);
      });

      test('come all, more than a hundred at once', async () => {
        const keyId = unique();
        for (const seq of [1, 100, 101, 250]) await recorded({ key_id: keyId, seq });
        const wanted = Array.from({ length: 250 }, (_, index) => ({ keyId, seq: index + 1 }));
        const found = await make().reads.records(wanted, limitMs);
        expect(found).toHaveLength(250);
        expect(found.flatMap((record) => record?.seq ?? [])).toEqual([1, 100, 101, 250]);
        expect(found[249]?.seq).toBe(250);
      });

      test('come without what is damaged in them, and say so', async () => {
        const sound = await recorded();
        const damaged = await recorded({ at: 'noon', digest: 'none' });
        const found = await make().reads.records([placeOf(damaged), placeOf(sound)], limitMs);
        expect(found[0]).toMatchObject({
          ...placed(damaged),
          at: null,
          digest: null,
          isDamaged: true,
        });
        expect(found[1]).toEqual(sound);
      });

      test('are none where none is asked for', async () => {
        expect(await make().reads.records([], limitMs)).toEqual([]);
      });

      test('without time are unavailable', async () => {
        const wanted = [{ keyId: unique(), seq: 1 }];
        await expect(make().reads.records(wanted, 0)).rejects.toMatchObject({
          kind: 'unavailable',
        });
      });
    });
  };
};
