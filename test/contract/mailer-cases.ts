import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Mail, Mailer } from '../../lambdas/shared/domain/ports.ts';
import type { Suite } from './suite.ts';

export interface Post {
  readonly mailer: Mailer;
  /** Subjects of what arrived at an address, in order. */
  readonly arrivedAt: (address: string) => Promise<readonly string[]>;
}

const mailTo = (to: string, changes: Partial<Mail> = {}): Mail => ({
  to,
  subject: 'Latchkey: a subject with ключ',
  html: '<p>text</p>',
  text: 'text',
  noticeId: randomUUID(),
  ...changes,
});

/** Mail that goes out, and mail that never will. */
export const mailerCases =
  (make: () => Post) =>
  ({ test }: Suite): void => {
    test('a mail is sent under an id of its own and arrives once', async () => {
      const [{ mailer, arrivedAt }, address] = [make(), `${randomUUID()}@example.com`];
      const first = await mailer.send(mailTo(address));
      expect(first).toEqual({ kind: 'sent', messageId: expect.stringMatching(/./) });
      expect(await arrivedAt(address)).toEqual(['Latchkey: a subject with ключ']);
      const second = await mailer.send(mailTo(address, { subject: 'second' }));
      expect(second).toMatchObject({ kind: 'sent' });
      expect(second).not.toEqual(first);
      expect(await arrivedAt(address)).toHaveLength(2);
    });

    for (const address of ['', 'nobody', 'a@b@example.com', 'a b@example.com']) {
      test(`to the address ${JSON.stringify(address)} is rejected and arrives nowhere`, async () => {
        const { mailer, arrivedAt } = make();
        expect(await mailer.send(mailTo(address))).toMatchObject({ kind: 'rejected' });
        expect(await arrivedAt(address)).toEqual([]);
      });
    }

    test('over ten megabytes is rejected', async () => {
      const { mailer } = make();
      const html = 'x'.repeat(10 * 1024 * 1024);
      expect(await mailer.send(mailTo('a@example.com', { html }))).toMatchObject({
        kind: 'rejected',
      });
    });
  };
