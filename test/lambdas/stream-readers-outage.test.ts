/**
 * Both readers on one stream while SES is in trouble for hours: the audit has every change at once, and
 * every mail goes out, once, at the latest by a replay of what was given up. And the other way round.
 */
import { describe, expect, it } from 'vitest';
import { mailOf } from '../../lambdas/email-key-change/handler.ts';
import { sendParked } from '../../lambdas/email-key-change/send-parked.ts';
import type { Mailer } from '../../lambdas/shared/domain/ports.ts';
import { replayRecords } from '../../scripts/replay/replay-records.ts';
import { MemoryMailer } from '../fakes/memory-mailer.ts';
import { seededChoice } from '../fakes/seeded-choice.ts';
import { startedService } from '../fakes/service.ts';
import type { StreamPoller } from '../fakes/stream-poller.ts';
import { streamRecordOf } from '../fakes/stream-record.ts';
import { streamRecords, through } from '../fixtures/replayed.ts';
import { auditHandler, broken, emailHandler, pollerOf } from './fixtures/readers.ts';
import type { Service } from './fixtures/stored.ts';

const minuteMs = 60_000;
/** As the mappings are deployed; by their age alone records are given up. */
const deployed = { retries: 10_000, maxAgeMs: 6 * 60 * minuteMs };
const shards = 4;
const addressAt = (minute: number) => `owner-${minute}@example.com`;

interface Readers {
  readonly audit: StreamPoller;
  readonly mails: StreamPoller;
}
type Minutes = readonly [from: number, to: number];

/** Each reader is given its turns of a minute, at the end of which the audit must not be behind. */
const auditedAtOnce = (service: Service, minutes: Minutes, { audit, mails }: Readers) =>
  pass(service, minutes, async (minute) => {
    await audit.drain();
    expect(broken(service), `minute ${minute}`).toEqual([]);
    for (let shard = 0; shard < shards; shard += 1) await mails.step();
  });

/** Minute by minute, with a key for somebody every ten of them. */
async function pass(
  service: Service,
  [from, to]: Minutes,
  work: (minute: number) => Promise<void>,
): Promise<void> {
  for (let minute = from; minute < to; minute += 1) {
    if (minute % 10 === 0) {
      const user_email = addressAt(minute);
      const { status } = await service.generate({ user_email, send_invite_email: true });
      expect(status).toBe(200);
    }
    await work(minute);
    service.clock.advance(minuteMs);
  }
}

/** Both readers, the one with SES as it is given. */
function readersOf(service: Service, mailer: Mailer) {
  const handler = emailHandler(service, service.notices, mailer);
  const options = { ...deployed, shards, choose: seededChoice(1) };
  return {
    handler,
    audit: pollerOf(service, auditHandler(service.trail), options),
    mails: pollerOf(service, handler, options),
  };
}

const owedIn = (from: number, to: number) =>
  Array.from({ length: (to - from) / 10 }, (_, index) => addressAt(from + 10 * index));

const inboxOf = ({ inbox }: MemoryMailer) => inbox.map(({ to }) => to).toSorted();

describe('while SES is in trouble', () => {
  it('for two hours: the audit never waits, and the mails go out after, once each', async () => {
    const service = await startedService();
    const { mailer } = service;
    let isDown = true;
    const readers = readersOf(service, {
      send: async (mail) =>
        isDown ? { kind: 'refused', reason: 'ServiceUnavailable' } : mailer.send(mail),
    });
    await auditedAtOnce(service, [0, 120], readers);
    expect(mailer.inbox).toEqual([]);
    isDown = false;
    await auditedAtOnce(service, [120, 180], readers);
    await readers.mails.drain();
    expect(readers.mails.failures).toEqual([]);
    expect(inboxOf(mailer)).toEqual(owedIn(0, 180).toSorted());
    expect(readers.audit.failures).toEqual([]);
  });

  it('silent for two hours: likewise', async () => {
    const service = await startedService();
    const { mailer } = service;
    let isDown = true;
    const readers = readersOf(service, {
      send: async (mail) => (isDown ? { kind: 'unanswered' } : mailer.send(mail)),
    });
    await auditedAtOnce(service, [0, 120], readers);
    isDown = false;
    await auditedAtOnce(service, [120, 180], readers);
    await readers.mails.drain();
    expect(readers.mails.failures).toEqual([]);
    expect(inboxOf(mailer)).toEqual(owedIn(0, 180).toSorted());
  });

  it('for longer than a record may wait: it is kept whole, and a replay delivers it, once', async () => {
    const service = await startedService();
    const { mailer } = service;
    let isDown = true;
    const readers = readersOf(service, {
      send: async (mail) =>
        isDown ? { kind: 'refused', reason: 'AccountSendingPaused' } : mailer.send(mail),
    });
    await auditedAtOnce(service, [0, 480], readers);
    isDown = false;
    await auditedAtOnce(service, [480, 490], readers);
    await readers.mails.drain();
    const { failures } = readers.mails;
    const whole = service.table.changes.map(streamRecordOf);
    expect(failures.length).toBeGreaterThan(0);
    for (const record of failures) expect(whole).toContainEqual(record);
    const inTime = inboxOf(mailer);
    expect(inTime).not.toContain(addressAt(0));
    expect(inTime).toContain(addressAt(470));

    for (let times = 0; times < 2; times += 1) {
      const again = await replayRecords(streamRecords(failures), through(readers.handler));
      expect(again).toEqual([]);
      expect(inboxOf(mailer)).toEqual(owedIn(0, 490).toSorted());
    }
    expect(readers.audit.failures).toEqual([]);
  });

  it('by a daily quota: nothing waits for it but what it has no room for, and that goes out on the days after, once', async () => {
    const service = await startedService();
    const mailer = new MemoryMailer(service.now, { perSecond: 14, perDay: 20 });
    const readers = readersOf(service, mailer);
    await auditedAtOnce(service, [0, 600], readers);
    // All records are read: the stream holds nothing back.
    expect(await readers.mails.step()).toBe(false);
    expect(readers.mails.failures).toEqual([]);
    expect(mailer.inbox).toHaveLength(20);
    const deps = { ...service, mailer };
    for (let hour = 0; hour < 72; hour += 1) {
      await sendParked({
        ...deps,
        rowOf: async (keyId) => service.table.row(keyId),
        render: (due) => mailOf(deps, due),
        hasTime: () => true,
        onFailure: (id, error) => expect.fail(`${id} ${String(error)}`),
      });
      expect(mailer.inbox.length).toBeLessThanOrEqual(20 * (2 + Math.floor(hour / 24)));
      service.clock.advance(60 * minuteMs);
    }
    expect(inboxOf(mailer)).toEqual(owedIn(0, 600).toSorted());
  });

  it('by addresses that it rejects: they hold nothing up, not even each other', async () => {
    const service = await startedService();
    const { mailer } = service;
    const bad = owedIn(0, 120).filter((_, index) => index % 2 === 0);
    for (const address of bad) mailer.rejected.add(address);
    const readers = readersOf(service, mailer);
    await auditedAtOnce(service, [0, 120], readers);
    expect(await readers.mails.step()).toBe(false);
    expect(readers.mails.failures).toEqual([]);
    const good = owedIn(0, 120).filter((address) => !bad.includes(address));
    expect(inboxOf(mailer)).toEqual(good.toSorted());
  });
});

it('an audit table that is gone for longer than a record may wait holds no mail up, and a replay closes each gap', async () => {
  const service = await startedService();
  const { mailer, trail } = service;
  let isGone = true;
  const handler = auditHandler({
    append: async (record) => {
      if (isGone) throw new Error('The table is gone');
      await trail.append(record);
    },
  });
  const audit = pollerOf(service, handler, { ...deployed, shards, choose: seededChoice(1) });
  const { mails } = readersOf(service, mailer);
  await pass(service, [0, 480], async (minute) => {
    await mails.drain();
    expect(inboxOf(mailer)).toHaveLength(Math.floor(minute / 10) + 1);
    for (let shard = 0; shard < shards; shard += 1) await audit.step();
  });
  isGone = false;
  await audit.drain();
  expect(audit.trimmed).toBe(0);
  expect(broken(service)).not.toEqual([]);
  for (let times = 0; times < 2; times += 1) {
    expect(await replayRecords(streamRecords(audit.failures), through(handler))).toEqual([]);
    expect(broken(service)).toEqual([]);
  }
});
