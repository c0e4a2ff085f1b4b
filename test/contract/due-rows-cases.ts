import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import type { DueRows, KeyTable } from '../../lambdas/shared/domain/ports.ts';
import { rowWith } from '../lambdas/fixtures/rows.ts';
import type { Suite } from './suite.ts';

export interface Finding {
  /** Writes the rows that are to be found. */
  readonly table: KeyTable;
  readonly due: DueRows;
  /** Where nobody else notes where a sweep stands. */
  readonly sweep: DueRows;
}

const limitMs = 5000;
/** Far ahead, so that nobody takes a row of these cases for his. */
const dueTime = '2200-01-01T00:00:00.000Z';
const at = (ms: number) => new Date(Date.parse(dueTime) + ms);

/** How the scheduled function finds rows that want it. */
export const dueRowsCases = (make: () => Finding) => {
  const write = async (changes: Partial<KeyRow>): Promise<KeyRow> => {
    const noSecret = { cur: { hash: randomUUID(), ver: null }, secretName: null, secretArn: null };
    const row = rowWith({ keyId: randomUUID().replaceAll('-', ''), ...noSecret, ...changes });
    const outcome = await make().table.commit([{ kind: 'create-row', row }], randomUUID(), limitMs);
    expect(outcome).toEqual({ kind: 'committed' });
    return row;
  };
  const dueBy = (by: Date, count = 10_000) => make().due.findDue(by, count, limitMs);
  /** All pages of this size, joined. */
  const scanned = async (count: number): Promise<string[]> => {
    const found: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<DueRows['scanRows']>> = await make().due.scanRows(
        cursor,
        count,
        limitMs,
      );
      expect(page.rows.length).toBeLessThanOrEqual(count);
      found.push(...page.rows.map(({ keyId }) => keyId));
      cursor = page.next;
    } while (cursor !== null);
    return found;
  };

  return ({ describe }: Suite): void => {
    describe('findDue', ({ test }) => {
      test('finds a row from the very instant it is due', async () => {
        const { keyId } = await write({ sweepAt: dueTime });
        expect(await dueBy(at(-1))).not.toContain(keyId);
        expect(await dueBy(at(0))).toContain(keyId);
        expect(await dueBy(at(86_400_000))).toContain(keyId);
      });

      test('finds no row that nothing is due on', async () => {
        const { keyId } = await write({});
        expect(await dueBy(at(0))).not.toContain(keyId);
      });

      test('finds a row no more once nothing is due on it', async () => {
        const row = await write({ sweepAt: dueTime });
        const { sweepAt: _, ...rest } = row;
        await make().table.commit(
          [{ kind: 'replace-row', row: { ...rest, rev: row.rev + 1 } }],
          randomUUID(),
          limitMs,
        );
        expect(await dueBy(at(0))).not.toContain(row.keyId);
      });

      test('finds the longest overdue first, and no more than asked for', async () => {
        const [later, sooner] = [
          await write({ sweepAt: at(2).toISOString() }),
          await write({ sweepAt: at(1).toISOString() }),
        ];
        const all = await dueBy(at(2));
        expect(all.indexOf(sooner.keyId)).toBeLessThan(all.indexOf(later.keyId));
        expect(all.indexOf(sooner.keyId)).toBeGreaterThanOrEqual(0);
        expect(await dueBy(at(2), 1)).toHaveLength(1);
        expect(await dueBy(at(2), 3)).toEqual(all.slice(0, 3));
      });
    });

    describe('findReminders', ({ test }) => {
      const dayMs = 86_400_000;
      /** Its first reminder is due 30 days before the expiry. */
      const remindedAt = (ms: number, changes: Partial<KeyRow> = {}) =>
        write({ expires: at(ms + 30 * dayMs).toISOString(), ...changes });
      const remindersBy = (by: Date, count = 10_000) =>
        make().due.findReminders(by, count, limitMs);

      test('finds a key from the very instant its reminder is due', async () => {
        const { keyId } = await remindedAt(20);
        expect(await remindersBy(at(19))).not.toContain(keyId);
        expect(await remindersBy(at(20))).toContain(keyId);
        expect(await remindersBy(at(dayMs))).toContain(keyId);
      });

      test('finds no repair, and is not found among those', async () => {
        const repair = await write({ sweepAt: dueTime });
        const reminder = await remindedAt(0);
        expect(await remindersBy(at(0))).toContain(reminder.keyId);
        expect(await remindersBy(at(0))).not.toContain(repair.keyId);
        expect(await dueBy(at(0))).not.toContain(reminder.keyId);
      });

      test('finds a key with what is due first alone', async () => {
        const repairFirst = await remindedAt(2, { sweepAt: at(1).toISOString() });
        const reminderFirst = await remindedAt(1, { sweepAt: at(2).toISOString() });
        expect(await dueBy(at(2))).toContain(repairFirst.keyId);
        expect(await remindersBy(at(2))).not.toContain(repairFirst.keyId);
        expect(await remindersBy(at(2))).toContain(reminderFirst.keyId);
        expect(await dueBy(at(2))).not.toContain(reminderFirst.keyId);
      });

      test('finds the longest overdue first, and no more than asked for', async () => {
        const [later, sooner] = [await remindedAt(31), await remindedAt(30)];
        const all = await remindersBy(at(31));
        expect(all.indexOf(sooner.keyId)).toBeLessThan(all.indexOf(later.keyId));
        expect(all.indexOf(sooner.keyId)).toBeGreaterThanOrEqual(0);
        expect(await remindersBy(at(31), 3)).toEqual(all.slice(0, 3));
      });
    });

    describe('findRotations', ({ test }) => {
      const rotatedAt = (ms: number, changes: Partial<Omit<KeyRow, 'key'>> = {}) => {
        const schedule = { auto_rotate: true, rotation_interval: '30d' };
        const key = { ...rowWith().key, ...schedule, key_rotation_at: at(ms).toISOString() };
        return write({ secretName: 'litellm/rotated', ...changes, key });
      };
      const rotationsBy = (by: Date, count = 10_000) =>
        make().due.findRotations(by, count, limitMs);
      const idsBy = async (by: Date) => (await rotationsBy(by)).map(({ keyId }) => keyId);

      test('finds a key from the very instant its rotation is due, and says since when', async () => {
        const { keyId } = await rotatedAt(5);
        expect(await idsBy(at(4))).not.toContain(keyId);
        expect(await rotationsBy(at(5))).toContainEqual({ keyId, dueAt: at(5).toISOString() });
        expect(await idsBy(at(86_400_000))).toContain(keyId);
      });

      test('finds no repair, and is not found among those', async () => {
        const repair = await write({ sweepAt: dueTime });
        const rotation = await rotatedAt(0);
        expect(await idsBy(at(0))).toContain(rotation.keyId);
        expect(await idsBy(at(0))).not.toContain(repair.keyId);
        expect(await dueBy(at(0))).not.toContain(rotation.keyId);
      });

      test('finds a key with the earlier of both alone', async () => {
        const repairFirst = await rotatedAt(2, { sweepAt: at(1).toISOString() });
        const rotationFirst = await rotatedAt(1, { sweepAt: at(2).toISOString() });
        const [repairs, rotations] = [await dueBy(at(2)), await idsBy(at(2))];
        for (const [{ keyId }, found, other] of [
          [repairFirst, repairs, rotations],
          [rotationFirst, rotations, repairs],
        ] as const) {
          expect(found).toContain(keyId);
          expect(other).not.toContain(keyId);
        }
      });

      test('finds the longest overdue first, and no more than asked for', async () => {
        const [later, sooner] = [await rotatedAt(8), await rotatedAt(7)];
        const all = await idsBy(at(8));
        expect(all.indexOf(sooner.keyId)).toBeLessThan(all.indexOf(later.keyId));
        expect(all.indexOf(sooner.keyId)).toBeGreaterThanOrEqual(0);
        expect(await rotationsBy(at(8), 3)).toEqual((await rotationsBy(at(8))).slice(0, 3));
      });
    });

    describe('scanRows', ({ test }) => {
      for (const count of [1, 7, 1000]) {
        test(`finds every row once, live or deleted, in pages of ${count}`, async () => {
          const rows = [
            await write({}),
            await write({ status: 'deleted' }),
            await write({}),
            await write({ status: 'deleted', alias: 'a' }),
          ];
          const found = await scanned(count);
          const ours = found.filter((keyId) => rows.some((row) => row.keyId === keyId));
          expect(ours.toSorted()).toEqual(rows.map(({ keyId }) => keyId).toSorted());
          expect(new Set(found).size).toBe(found.length);
        });
      }

      test('comes in the same order again', async () => {
        await write({});
        expect(await scanned(1000)).toEqual(await scanned(3));
      });
    });

    describe('the sweep', ({ test }) => {
      test('stands where it was last noted', async () => {
        const { sweep } = make();
        expect(await sweep.readSweep(limitMs)).toBeNull();
        const underWay = {
          cursor: 'somewhere',
          startedAt: '2026-11-25T13:50:00.000Z',
          isAuditOff: true,
          auditedSince: '2026-11-25T13:40:00.000Z',
        };
        await sweep.writeSweep(underWay, limitMs);
        expect(await sweep.readSweep(limitMs)).toEqual(underWay);
        const over = { ...underWay, cursor: null, isAuditOff: false, auditedSince: null };
        await sweep.writeSweep(over, limitMs);
        expect(await sweep.readSweep(limitMs)).toEqual(over);
      });
    });
  };
};
