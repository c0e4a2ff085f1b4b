import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { AuditRecord } from '../../lambdas/shared/domain/audit-record.ts';
import type { AuditTrail } from '../../lambdas/shared/domain/ports.ts';
import type { Suite } from './suite.ts';

export interface Trail {
  readonly trail: AuditTrail;
  /** All records of a key, in the order of `seq`. */
  readonly recordsOf: (keyId: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;
}

const recordOf = (key_id: string, seq: number, more: Partial<AuditRecord> = {}): AuditRecord => ({
  id: `${key_id}_${seq}`,
  key_id,
  seq,
  action: 'created',
  at: '2026-11-25T13:50:00.000Z',
  table_name: 'LiteLLM_VerificationToken',
  object_id: 'hash',
  changed_by: 'ada',
  who: { changed_by: 'ada' },
  before: null,
  after: {},
  salts: { who: 'salt', before: '', after: '' },
  digest: 'digest',
  chain: 'chain',
  previous_chain: 'previous',
  event_id: 'event',
  request_id: 'request',
  operation_id: null,
  ...more,
});

/** The audit trail: once written, a record is what it is. */
export const auditTrailCases =
  (make: () => Trail) =>
  ({ test }: Suite): void => {
    test('keeps a record whole, images and nulls included', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      const record = recordOf(keyId, 1, {
        before: null,
        after: { metadata: { list: [1, 'two', null], none: {} }, text: 'ключ 🔑' },
        who: { source_ip: null },
      });
      await trail.append(record);
      expect(await recordsOf(keyId)).toEqual([expect.objectContaining(record)]);
    });

    test('appended again changes nothing', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      await trail.append(recordOf(keyId, 1, { digest: 'd1' }));
      const before = await recordsOf(keyId);
      await trail.append(recordOf(keyId, 1, { digest: 'd1' }));
      expect(await recordsOf(keyId)).toEqual(before);
    });

    test('refuses another record under the number of one that is there', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      await trail.append(recordOf(keyId, 1, { digest: 'd1' }));
      const before = await recordsOf(keyId);
      await expect(
        trail.append(recordOf(keyId, 1, { digest: 'd2', action: 'forged' })),
      ).rejects.toThrow();
      expect(await recordsOf(keyId)).toEqual(before);
    });

    test('keeps one record of several appended at once', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      await Promise.all(
        Array.from({ length: 5 }, (_, copy) => trail.append(recordOf(keyId, 1, { copy }))),
      );
      expect(await recordsOf(keyId)).toHaveLength(1);
    });

    test('keeps the records of a key apart by seq, and in its order, however they come', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      for (const seq of [10, 2, 1, 9]) await trail.append(recordOf(keyId, seq));
      expect((await recordsOf(keyId)).map(({ seq }) => seq)).toEqual([1, 2, 9, 10]);
    });

    test('keeps the records of different keys apart', async () => {
      const [{ trail, recordsOf }, one, two] = [make(), randomUUID(), randomUUID()];
      await trail.append(recordOf(one, 1));
      await trail.append(recordOf(two, 1));
      expect(await recordsOf(one)).toEqual([expect.objectContaining({ key_id: one })]);
    });

    test('is not shared with who wrote it', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      const after = { alias: 'a' };
      await trail.append(recordOf(keyId, 1, { after }));
      after.alias = 'b';
      expect(await recordsOf(keyId)).toEqual([expect.objectContaining({ after: { alias: 'a' } })]);
    });

    test('refuses what the table cannot hold, rather than cut it', async () => {
      const [{ trail, recordsOf }, keyId] = [make(), randomUUID()];
      const after = { x: 'x'.repeat(400 * 1024) };
      await expect(trail.append(recordOf(keyId, 1, { after }))).rejects.toThrow();
      expect(await recordsOf(keyId)).toEqual([]);
    });
  };
