import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { NoticeRef, Notices } from '../../lambdas/shared/domain/ports.ts';
import type { Suite } from './suite.ts';

const start = new Date('2026-11-25T13:50:00.000Z');
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const newNotice = (): NoticeRef => ({
  id: randomUUID(),
  keyId: randomUUID(),
  event: 'key_created',
});

/** Who may send a notice, and when. */
export const noticesCases =
  (make: () => Notices) =>
  ({ test }: Suite): void => {
    test('is taken by one sender, and in flight for 15 seconds', async () => {
      const [notices, notice] = [make(), newNotice()];
      expect(await notices.take(notice, start)).toBe('taken');
      expect(await notices.take(notice, after(0))).toBe('in-flight');
      expect(await notices.take(notice, after(15.9))).toBe('in-flight');
      expect(await notices.take(notice, after(16))).toBe('taken');
      expect(await notices.take(notice, after(17))).toBe('in-flight');
    });

    test('is taken by one of several senders at once', async () => {
      const [notices, notice] = [make(), newNotice()];
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => notices.take(notice, start)),
      );
      expect(answers.filter((answer) => answer === 'taken')).toHaveLength(1);
      expect(answers.filter((answer) => answer === 'in-flight')).toHaveLength(4);
    });

    test('given back can be taken at once', async () => {
      const [notices, notice] = [make(), newNotice()];
      await notices.take(notice, start);
      await notices.giveBack(notice, after(1));
      expect(await notices.take(notice, after(1))).toBe('taken');
      expect(await notices.take(notice, after(2))).toBe('in-flight');
    });

    test('sent is closed for good', async () => {
      const [notices, notice] = [make(), newNotice()];
      await notices.take(notice, start);
      await notices.markSent(notice, 'message-1', after(1));
      expect(await notices.take(notice, after(2))).toBe('closed');
      expect(await notices.take(notice, after(86_400))).toBe('closed');
      await notices.markSent(notice, 'message-1', after(3));
      expect(await notices.take(notice, after(4))).toBe('closed');
    });

    test('failed is closed for good', async () => {
      const [notices, notice] = [make(), newNotice()];
      await notices.take(notice, start);
      await notices.markFailed(notice, 'MessageRejected', after(1));
      expect(await notices.take(notice, after(86_400))).toBe('closed');
    });

    test('closed is not opened by a sender that gives it back late', async () => {
      const [notices, notice] = [make(), newNotice()];
      await notices.take(notice, start);
      expect(await notices.take(notice, after(16))).toBe('taken');
      await notices.markSent(notice, 'message-1', after(17));
      await notices.giveBack(notice, after(18));
      expect(await notices.take(notice, after(19))).toBe('closed');
    });

    test('of the same key are told apart', async () => {
      const [notices, notice] = [make(), newNotice()];
      await notices.take(notice, start);
      await notices.markSent(notice, 'message-1', after(1));
      const next = { ...notice, id: randomUUID() };
      expect(await notices.take(next, after(2))).toBe('taken');
    });
  };
