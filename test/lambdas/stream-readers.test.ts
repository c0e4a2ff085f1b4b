/**
 * Both readers of the stream, as they are deployed, under mappings that repeat, halve, lose answers
 * and give up: whatever happens on the way, the audit has each change once and each mail goes out.
 */
import { describe, expect, it } from 'vitest';
import type { AuditTrail, Mailer, Notices } from '../../lambdas/shared/domain/ports.ts';
import { MemoryMailer } from '../fakes/memory-mailer.ts';
import { seededChoice } from '../fakes/seeded-choice.ts';
import { startedService } from '../fakes/service.ts';
import {
  addresses,
  auditHandler,
  broken,
  drain,
  emailHandler,
  lifeOf,
  pollerOf,
} from './fixtures/readers.ts';

const seeds = Array.from({ length: 25 }, (_, seed) => seed);
const harsh = { shards: 3, batchSize: 6, duplicatePercent: 30, lostPercent: 20 };

describe('the audit', () => {
  it.each(seeds)('has every change exactly once and no gap (seed %i)', async (seed) => {
    const service = await startedService();
    await lifeOf(service);
    const choose = seededChoice(seed);
    const poller = pollerOf(service, auditHandler(service.trail), { ...harsh, choose });
    await drain(service, poller);
    expect(poller.failures).toEqual([]);
    expect(broken(service)).toEqual([]);
    expect(service.trail.records.size).toBe(
      service.table.rows().reduce((sum, { seq }) => sum + seq, 0),
    );
  });

  it.each(seeds)(
    'survives writes that fail before or after they took effect (seed %i)',
    async (seed) => {
      const service = await startedService();
      await lifeOf(service);
      const choose = seededChoice(seed);
      const flaky: AuditTrail = {
        async append(record) {
          if (choose(4) === 0) throw new Error('The table did not take the record');
          await service.trail.append(record);
          if (choose(4) === 0) throw new Error('The table did not answer');
        },
      };
      const poller = pollerOf(service, auditHandler(flaky), { ...harsh, lostPercent: 0, choose });
      await drain(service, poller);
      expect(poller.failures).toEqual([]);
      expect(broken(service)).toEqual([]);
    },
  );

  it.each(seeds)('is the same when two copies race, one from the start (seed %i)', async (seed) => {
    const service = await startedService();
    await lifeOf(service);
    const choose = seededChoice(seed);
    const copies = [1, 2].map(() =>
      pollerOf(service, auditHandler(service.trail), { ...harsh, choose }),
    );
    for (let steps = 0; steps < 5; steps += 1) await copies[0]?.step();
    copies[0]?.rewind();
    await drain(service, ...copies);
    expect(broken(service)).toEqual([]);
  });

  it.each(seeds)('loses nothing to a poison record (seed %i)', async (seed) => {
    const service = await startedService();
    await service.generate({ key_alias: 'before' });
    service.table.putItem({ pk: 'KEY#poison', v: 99 });
    await lifeOf(service);
    const choose = seededChoice(seed);
    const options = { ...harsh, lostPercent: 0, retries: 3, choose };
    const poller = pollerOf(service, auditHandler(service.trail), options);
    await drain(service, poller);
    const given = poller.failures.map(({ dynamodb }) => dynamodb?.Keys?.['pk']?.S);
    expect(given).toContain('KEY#poison');
    // Who shared its last batch waits whole in the failure destination; all others are done.
    service.table.items.delete('KEY#poison');
    for (const keyId of broken(service)) expect(given).toContain(`KEY#${keyId}`);
    const replay = poller.failures.filter(({ dynamodb }) => dynamodb?.NewImage?.['v']?.N !== '99');
    expect(await auditHandler(service.trail)({ Records: replay })).toEqual({
      batchItemFailures: [],
    });
    expect(broken(service)).toEqual([]);
  });
});

describe('mail', () => {
  it.each(seeds)('goes out exactly once where only answers get lost (seed %i)', async (seed) => {
    const service = await startedService();
    const owed = await lifeOf(service);
    const { notices, mailer } = service;
    const choose = seededChoice(seed);
    const poller = pollerOf(service, emailHandler(service, notices, mailer), { ...harsh, choose });
    await drain(service, poller);
    expect(poller.failures).toEqual([]);
    expect(addresses(service)).toEqual(owed.toSorted());
  });

  it.each(seeds)(
    'goes out twice only where a crash fell between SES and the mark (seed %i)',
    async (seed) => {
      const service = await startedService();
      const owed = await lifeOf(service);
      const choose = seededChoice(seed);
      const unmarked: string[] = [];
      const { mailer } = service;
      const notices: Notices = service.notices;
      const dying: Notices = {
        take: (notice, now) => notices.take(notice, now),
        giveBack: (notice, reason, now) => notices.giveBack(notice, reason, now),
        park: (notice, parking, now) => notices.park(notice, parking, now),
        markSwitchedOff: (notice, now) => notices.markSwitchedOff(notice, now),
        readSwitches: () => notices.readSwitches(),
        markFailed: (notice, reason, now) => notices.markFailed(notice, reason, now),
        async markSent(notice, messageId, now) {
          if (choose(3) === 0) {
            unmarked.push(mailer.inbox.at(-1)?.to ?? '');
            throw new Error('The function died');
          }
          await notices.markSent(notice, messageId, now);
        },
      };
      const options = { ...harsh, choose, retries: 50 };
      const poller = pollerOf(service, emailHandler(service, dying, mailer), options);
      await drain(service, poller);
      expect(poller.failures).toEqual([]);
      expect(addresses(service)).toEqual([...owed, ...unmarked].toSorted());
    },
  );

  it.each(seeds)(
    'goes out twice only where SES took it and did not answer (seed %i)',
    async (seed) => {
      const service = await startedService();
      const owed = await lifeOf(service);
      const choose = seededChoice(seed);
      const unanswered: string[] = [];
      const silent: Mailer = {
        async send(mail) {
          const outcome = await service.mailer.send(mail);
          if (choose(3) > 0) return outcome;
          unanswered.push(mail.to);
          return { kind: 'unanswered' };
        },
      };
      const handler = emailHandler(service, service.notices, silent);
      const poller = pollerOf(service, handler, { ...harsh, choose, retries: 50 });
      await drain(service, poller);
      expect(poller.failures).toEqual([]);
      expect(addresses(service)).toEqual([...owed, ...unanswered].toSorted());
    },
  );

  it('of a rejected address is given up, and holds no other back', async () => {
    const service = await startedService();
    const owed = await lifeOf(service);
    const { notices, mailer } = service;
    const [bad = '', ...others] = owed;
    mailer.rejected.add(bad);
    const poller = pollerOf(service, emailHandler(service, notices, mailer));
    await drain(service, poller);
    expect(poller.failures).toEqual([]);
    expect(addresses(service)).toEqual(others.toSorted());
  });

  it('over the sending rate waits and then goes out, once', async () => {
    const service = await startedService();
    const owed = await lifeOf(service);
    const mailer = new MemoryMailer(service.now, { perSecond: 1, perDay: 200 });
    const handler = emailHandler(service, service.notices, mailer);
    const poller = pollerOf(service, handler, { shards: 3 });
    await drain(service, poller);
    expect(poller.failures).toEqual([]);
    expect(mailer.inbox.map(({ to }) => to).toSorted()).toEqual(owed.toSorted());
  });

  it('whose send went unanswered goes out with the next delivery, however soon', async () => {
    const service = await startedService();
    const owed = await lifeOf(service);
    const { notices, mailer } = service;
    mailer.next({ kind: 'unanswered' });
    const poller = pollerOf(service, emailHandler(service, notices, mailer), { retries: 1 });
    await poller.drain();
    expect(poller.failures).toEqual([]);
    expect(addresses(service)).toEqual(owed.toSorted());
  });

  it('of a sender that died goes out when its lease is over, long before it is given up', async () => {
    const service = await startedService();
    const owed = await lifeOf(service);
    let isDead = false;
    const dying: Mailer = {
      async send(mail) {
        if (isDead) return service.mailer.send(mail);
        isDead = true;
        throw new Error('The function died');
      },
    };
    const handler = emailHandler(service, service.notices, dying);
    const poller = pollerOf(service, handler, { shards: 1, batchSize: 10, retries: 50 });
    while (await poller.step()) service.clock.advance(1000);
    expect(poller.failures).toEqual([]);
    expect(addresses(service)).toEqual(owed.toSorted());
  });

  it('trouble does not hold the audit back', async () => {
    const service = await startedService();
    await lifeOf(service);
    const down: Mailer = {
      send: async () => ({ kind: 'refused', reason: 'AccountSendingPaused' }),
    };
    const mails = pollerOf(service, emailHandler(service, service.notices, down), { retries: 3 });
    const audit = pollerOf(service, auditHandler(service.trail));
    await drain(service, mails, audit);
    expect(broken(service)).toEqual([]);
    expect(mails.failures.length).toBeGreaterThan(0);
  });
});
