import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Delivery, NoticeState } from '../../lambdas/shared/domain/notice.ts';
import type {
  Deliveries,
  Notice,
  Notices,
  ParkedNotices,
} from '../../lambdas/shared/domain/ports.ts';
import type { Suite } from './suite.ts';

const start = new Date('2026-11-25T13:50:00.000Z');
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const newNotice = (): Notice => ({
  id: randomUUID(),
  keyId: randomUUID(),
  event: 'key_created',
  rev: 2,
});
const told = (state: NoticeState, seconds = 0, reason?: string): Delivery => ({
  state,
  at: after(seconds).toISOString(),
  ...(reason === undefined ? {} : { reason }),
});
const parking = (until: number) => ({
  due: '{"id":"n"}',
  until: after(until),
  reason: 'DailyQuotaExceeded',
});

/** Who may send a notice, and when. */
export const noticesCases =
  (make: () => Notices & ParkedNotices & Deliveries) =>
  ({ test }: Suite): void => {
    test('is taken by one sender, and in flight for 20 seconds', async () => {
      const [notices, notice] = [make(), newNotice()];
      expect(await notices.take(notice, start)).toBe('taken');
      expect(await notices.take(notice, after(0))).toBe('in-flight');
      expect(await notices.take(notice, after(20.9))).toBe('in-flight');
      expect(await notices.take(notice, after(21))).toBe('taken');
      expect(await notices.take(notice, after(22))).toBe('in-flight');
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
      await notices.giveBack(notice, 'Throttling', after(1));
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
      expect(await notices.take(notice, after(21))).toBe('taken');
      await notices.markSent(notice, 'message-1', after(22));
      await notices.giveBack(notice, 'Throttling', after(18));
      expect(await notices.take(notice, after(19))).toBe('closed');
    });

    test('of the same key are told apart', async () => {
      const [notices, notice] = [make(), newNotice()];
      await notices.take(notice, start);
      await notices.markSent(notice, 'message-1', after(1));
      const next = { ...notice, id: randomUUID() };
      expect(await notices.take(next, after(2))).toBe('taken');
    });

    test('switched off is closed for good', async () => {
      const [notices, notice] = [make(), newNotice()];
      await notices.take(notice, start);
      await notices.markSwitchedOff(notice, after(1));
      expect(await notices.take(notice, after(86_400))).toBe('closed');
      expect(await notices.find(notice.id)).toMatchObject({ state: 'switched_off', reason: null });
    });

    test('is found as it was noted last', async () => {
      const [notices, notice] = [make(), newNotice()];
      expect(await notices.find(notice.id)).toBeNull();
      await notices.take(notice, start);
      await notices.giveBack(notice, 'Throttling', after(1));
      expect(await notices.find(notice.id)).toEqual({
        ...notice,
        state: 'sending',
        at: after(1).toISOString(),
        reason: 'Throttling',
      });
      await notices.take(notice, after(2));
      await notices.markSent(notice, 'message-1', after(3));
      expect(await notices.find(notice.id)).toEqual({
        ...notice,
        state: 'sent',
        at: after(3).toISOString(),
        reason: null,
      });
    });

    test('goes only forwards, whatever is told late or twice', async () => {
      const [notices, notice] = [make(), newNotice()];
      await notices.take(notice, start);
      const stateOf = async () => (await notices.find(notice.id))?.state;
      // Told by SES before its sender could note it.
      expect(await notices.advance(notice, told('sent'), 'm')).toBe('noted');
      await notices.markSent(notice, 'm', after(1));
      await notices.markFailed(notice, 'MessageRejected', after(1));
      await notices.giveBack(notice, 'Throttling', after(1));
      await notices.park(notice, parking(60), after(1));
      expect(await stateOf()).toBe('sent');
      expect(await notices.advance(notice, told('delivered'), 'm')).toBe('noted');
      expect(await notices.advance(notice, told('sent'), 'm')).toBe('behind');
      expect(await notices.advance(notice, told('bounced', 1, 'Permanent'), 'm')).toBe('noted');
      for (const late of ['sent', 'delivered', 'bounced', 'complained', 'rejected'] as const) {
        expect(await notices.advance(notice, told(late, 2), 'm')).toBe('behind');
      }
      expect(await notices.find(notice.id)).toMatchObject({
        state: 'bounced',
        at: after(1).toISOString(),
        reason: 'Permanent',
      });
    });

    test('of several tellers at once, each is heard and the furthest stays', async () => {
      const [notices, notice] = [make(), newNotice()];
      await notices.take(notice, start);
      await Promise.all([
        notices.markSent(notice, 'm', after(1)),
        notices.advance(notice, told('sent'), 'm'),
        notices.advance(notice, told('delivered'), 'm'),
        notices.advance(notice, told('bounced'), 'm'),
      ]);
      expect(await notices.find(notice.id)).toMatchObject({ state: 'bounced' });
    });

    test('parked is nobody’s but those who send what is parked, and found in its time', async () => {
      const [notices, notice] = [make(), newNotice()];
      await notices.take(notice, start);
      await notices.park(notice, parking(600), after(1));
      expect(await notices.take(notice, after(2))).toBe('closed');
      const found = async (seconds: number) => notices.findParked(after(seconds), 1000);
      expect(await found(599)).not.toContain(notice.id);
      expect(await found(600)).toContain(notice.id);
      expect(await notices.takeParked(notice.id, after(600))).toEqual({
        notice: expect.objectContaining(notice),
        due: '{"id":"n"}',
      });
      expect(await notices.takeParked(notice.id, after(601))).toBeNull();
      expect(await found(610)).not.toContain(notice.id);
      // Its sender died: it is found again, and taken by the next.
      expect(await found(625)).toContain(notice.id);
      expect(await notices.takeParked(notice.id, after(625))).not.toBeNull();
      await notices.park(notice, parking(900), after(626));
      expect(await notices.takeParked(notice.id, after(900))).not.toBeNull();
      await notices.markSent(notice, 'm', after(901));
      expect(await found(10_000)).not.toContain(notice.id);
      expect(await notices.takeParked(notice.id, after(10_000))).toBeNull();
    });

    test('that was never parked is not taken as if it were', async () => {
      const [notices, notice] = [make(), newNotice()];
      expect(await notices.takeParked(notice.id, start)).toBeNull();
      await notices.take(notice, start);
      expect(await notices.takeParked(notice.id, after(100))).toBeNull();
    });
  };
