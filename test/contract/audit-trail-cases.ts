import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { AuditTrail } from '../../lambdas/shared/domain/ports.ts';
import { auditRecordWith } from '../lambdas/fixtures/audit-records.ts';
import type { Suite } from './suite.ts';

export interface Trail {
  readonly trail: AuditTrail;
  /** All records of a key, in the order of `seq`. */
  readonly recordsOf: (keyId: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** The audit trail: once written, a record is what it is. */
export const auditTrailCases =
  (make: () => Trail) =>
  ({ test }: Suite): void => {
    test('keeps a record whole, images and nulls included', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      const record = auditRecordWith(keyId, 1, {
        before: null,
        after: { metadata: { list: [1, 'two', null], none: {} }, text: 'ключ 🔑' },
        who: { source_ip: null },
      });
      await trail.append(record);
      expect(await recordsOf(keyId)).toEqual([expect.objectContaining(record)]);
    });

    test('appended again changes nothing', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      await trail.append(auditRecordWith(keyId, 1, { digest: 'd1' }));
      const before = await recordsOf(keyId);
      await trail.append(auditRecordWith(keyId, 1, { digest: 'd1' }));
      expect(await recordsOf(keyId)).toEqual(before);
    });

    test('refuses another record under the number of one that is there', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      await trail.append(auditRecordWith(keyId, 1, { digest: 'd1' }));
      const before = await recordsOf(keyId);
      await expect(
        trail.append(auditRecordWith(keyId, 1, { digest: 'd2', action: 'forged' })),
      ).rejects.toThrow();
      expect(await recordsOf(keyId)).toEqual(before);
    });

    test('keeps one record of several appended at once', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      await Promise.all(
        Array.from({ length: 5 }, (_, copy) => trail.append(auditRecordWith(keyId, 1, { copy }))),
      );
      expect(await recordsOf(keyId)).toHaveLength(1);
    });

    test('keeps the records of a key apart by seq, and in its order, however they come', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      for (const seq of [10, 2, 1, 9]) await trail.append(auditRecordWith(keyId, seq));
      expect((await recordsOf(keyId)).map(({ seq }) => seq)).toEqual([1, 2, 9, 10]);
    });

    test('keeps the records of different keys apart', async () => {
      const [{ trail, recordsOf }, one, two] = [make(), randomUUID(), randomUUID()];
      await trail.append(auditRecordWith(one, 1));
      await trail.append(auditRecordWith(two, 1));
      expect(await recordsOf(one)).toEqual([expect.objectContaining({ key_id: one })]);
    });

    test('is not shared with who wrote it', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      const after = { alias: 'a' };
      await trail.append(auditRecordWith(keyId, 1, { after }));
      after.alias = 'b';
      expect(await recordsOf(keyId)).toEqual([expect.objectContaining({ after: { alias: 'a' } })]);
    });

    test('refuses what the table cannot hold, rather than cut it', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      const after = { x: 'x'.repeat(400 * 1024) };
      await expect(trail.append(auditRecordWith(keyId, 1, { after }))).rejects.toThrow();
      expect(await recordsOf(keyId)).toEqual([]);
    });
  };
