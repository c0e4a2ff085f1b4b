import { describe, expect, it } from 'vitest';
import { FakeClock } from './clock.ts';
import { MemoryMailer } from './memory-mailer.ts';

const mail = { to: 'ada@example.com', subject: 's', html: 'h', text: 't', noticeId: 'n' };
const overRate = { kind: 'refused', reason: 'ThrottlingException' };
const overQuota = { kind: 'over-quota', reason: 'DailyQuotaExceeded' };

describe('SES in memory', () => {
  it('drops what is over the rate of a second', async () => {
    const clock = new FakeClock();
    const mailer = new MemoryMailer(clock.now, { perSecond: 2, perDay: 100 });
    for (let count = 0; count < 2; count += 1) {
      expect(await mailer.send(mail)).toMatchObject({ kind: 'sent' });
    }
    expect(await mailer.send(mail)).toEqual(overRate);
    clock.advance(999);
    expect(await mailer.send(mail)).toEqual(overRate);
    clock.advance(1);
    expect(await mailer.send(mail)).toMatchObject({ kind: 'sent' });
    expect(mailer.inbox).toHaveLength(3);
  });

  it('drops what is over the quota of any 24 hours', async () => {
    const clock = new FakeClock();
    const mailer = new MemoryMailer(clock.now, { perSecond: 1, perDay: 3 });
    for (let count = 0; count < 3; count += 1) {
      expect(await mailer.send(mail)).toMatchObject({ kind: 'sent' });
      clock.advance(3_600_000);
    }
    expect(await mailer.send(mail)).toEqual(overQuota);
    clock.advance(21 * 3_600_000 - 1);
    expect(await mailer.send(mail)).toEqual(overQuota);
    clock.advance(1);
    expect(await mailer.send(mail)).toMatchObject({ kind: 'sent' });
  });

  it('counts no mail that it refused or rejected', async () => {
    const mailer = new MemoryMailer(new FakeClock().now, { perSecond: 1, perDay: 1 });
    mailer.rejected.add('bad@example.com');
    const rejected = await mailer.send({ ...mail, to: 'bad@example.com' });
    expect(rejected).toEqual({ kind: 'rejected', reason: 'MessageRejected' });
    expect(await mailer.send(mail)).toMatchObject({ kind: 'sent' });
  });

  it('ends the next sends as planned; a lost answer has taken effect', async () => {
    const mailer = new MemoryMailer();
    mailer.next({ kind: 'refused', reason: 'AccountSendingPaused' }, 'lost-answer', {
      kind: 'unanswered',
    });
    expect(await mailer.send(mail)).toEqual({ kind: 'refused', reason: 'AccountSendingPaused' });
    expect(mailer.inbox).toHaveLength(0);
    expect(await mailer.send(mail)).toEqual({ kind: 'unanswered' });
    expect(mailer.inbox).toHaveLength(1);
    expect(await mailer.send(mail)).toEqual({ kind: 'unanswered' });
    expect(mailer.inbox).toHaveLength(1);
    expect(await mailer.send(mail)).toMatchObject({ kind: 'sent' });
  });
});
