import { array, assert, asyncProperty, constantFrom } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DeliveryDeps,
  deliveryHandler,
  recordDelivery,
} from '../../lambdas/record-delivery/handler.ts';
import { metricsOf } from '../../lambdas/shared/adapters/metrics.ts';
import { auditRecordOf } from '../../lambdas/shared/domain/audit-record.ts';
import type { KeyTable } from '../../lambdas/shared/domain/ports.ts';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import { startedService } from '../fakes/service.ts';
import { sesEvents, sesGreeting } from '../fixtures/ses-events.ts';
import { settingsWith } from '../fixtures/settings.ts';
import type { Service } from './fixtures/stored.ts';

const withContact: Partial<Settings> = {
  mail: { ...settingsWith().mail, backupContact: 'team@example.com' },
};

/** A key whose mail SES has taken. */
async function mailed(settings: Partial<Settings> = withContact) {
  const service = await startedService(settings);
  const { body } = await service.generate({
    key_alias: 'alpha',
    send_invite_email: true,
    user_email: 'ada@example.com',
  });
  await service.deliver();
  const keyId: string = body.key_id;
  const [noticeId = ''] = [...service.notices.states.keys()];
  return { service, keyId, noticeId };
}

const depsOf = ({ table, notices, random, now, settings }: Service): DeliveryDeps => ({
  table,
  random,
  now,
  settings,
  deliveries: notices,
});

const told = (service: Service, body: object | string, deps = depsOf(service)) =>
  recordDelivery(() => deps)(typeof body === 'string' ? body : JSON.stringify(body), 'event-1');

const stateOf = ({ notices }: Service, id: string) => notices.states.get(id);
const shownOf = async ({ table }: Service, keyId: string) =>
  (await table.load({ target: { keyId }, notice: true }, 1000)).notice;
const bouncesOf = ({ table }: Service) =>
  table.stream.filter(({ before, after }) => {
    return after.event.action === 'mail_bounced' && before?.seq !== after.seq;
  });

describe('what SES tells of a mail', () => {
  it.each([
    ['send', 'sent', undefined],
    ['delivery', 'delivered', undefined],
    ['bounce', 'bounced', 'Permanent General smtp; 550 5.1.1 user unknown'],
    ['complaint', 'complained', 'abuse'],
    ['reject', 'rejected', 'Bad content'],
  ] as const)('%s: the notice is %s, with its key and its reason', async (kind, state, reason) => {
    const { service, keyId, noticeId } = await mailed();
    await told(service, sesEvents[kind](noticeId));
    const expected = { state, reason: reason ?? null };
    expect(stateOf(service, noticeId)).toMatchObject(expected);
    expect(await shownOf(service, keyId)).toMatchObject(expected);
  });

  it.each([
    ['its greeting', sesGreeting],
    ['an opened mail', sesEvents.open('n')],
    ['a delay', sesEvents.deliveryDelay('n')],
    [
      'a mail of somebody else',
      { ...sesEvents.bounce('n'), mail: { ...sesEvents.bounce('n').mail, tags: {} } },
    ],
  ])('%s is nothing that counts', async (_, body) => {
    const { service } = await mailed();
    expect(await told(service, body)).toBe('other');
  });

  it('of a notice that is not there is ignored', async () => {
    const { service } = await mailed();
    expect(await told(service, sesEvents.bounce('gone'))).toBe('unknown');
    expect(bouncesOf(service)).toEqual([]);
  });

  it.each([
    '',
    'no JSON',
    '{}',
    '[]',
    '{"eventType":"Bounce"}',
    '{"eventType":"Bounce","mail":{}}',
  ])('that is no event is refused: %s', async (body) => {
    const { service } = await mailed();
    await expect(told(service, body)).rejects.toThrow();
  });

  it('of a time that is none is refused', async () => {
    const { service, noticeId } = await mailed();
    const event = sesEvents.delivery(noticeId);
    const delivery = { ...event.delivery, timestamp: 'soon' };
    await expect(told(service, { ...event, delivery })).rejects.toThrow();
  });

  it('shows no more of a reason than a line', async () => {
    const { service, noticeId } = await mailed();
    const event = sesEvents.bounce(noticeId);
    const recipients = [
      { emailAddress: 'a@example.com', diagnosticCode: `\r\n\u202E${'x'.repeat(500)}` },
    ];
    const bounce = { ...event.bounce, bouncedRecipients: recipients };
    await told(service, { ...event, bounce });
    const { reason } = stateOf(service, noticeId) ?? {};
    expect(reason).toMatch(/^Permanent General x+$/);
    expect(reason).toHaveLength(300);
  });

  it('counts in whatever order and however often it is told', async () => {
    const kinds = ['send', 'delivery', 'bounce', 'complaint', 'reject'] as const;
    await assert(
      asyncProperty(
        array(constantFrom(...kinds), { minLength: 1, maxLength: 12 }),
        async (order) => {
          const { service, noticeId } = await mailed();
          for (const kind of order) await told(service, sesEvents[kind](noticeId));
          const returned = order.find((kind) => !['send', 'delivery'].includes(kind));
          const last = returned ?? (order.includes('delivery') ? 'delivery' : 'send');
          const states = {
            send: 'sent',
            delivery: 'delivered',
            bounce: 'bounced',
            complaint: 'complained',
            reject: 'rejected',
          } as const;
          expect(stateOf(service, noticeId)?.state).toBe(states[last]);
          expect(bouncesOf(service)).toHaveLength(returned === undefined ? 0 : 1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('before its sender could note it, keeps the mail from being sent again', async () => {
    const { service, noticeId } = await mailed();
    const { keyId, event, rev } = stateOf(service, noticeId) ?? expect.fail();
    const notice = { id: 'n-2', keyId, event, rev };
    await service.notices.take(notice, service.now());
    expect(await told(service, sesEvents.send('n-2'))).toBe('noted');
    service.clock.advance(60_000);
    expect(await service.notices.take(notice, service.now())).toBe('closed');
  });

  it('of an earlier mail does not hide the later one', async () => {
    const { service, keyId, noticeId } = await mailed();
    const first = stateOf(service, noticeId) ?? expect.fail();
    const later = { id: 'later', keyId, event: 'key_rotated', rev: first.rev + 1 };
    await service.notices.take(later, service.now());
    await service.notices.markSent(later, 'm', service.now());
    expect(await told(service, sesEvents.delivery(noticeId))).toBe('noted');
    expect(await told(service, sesEvents.bounce(noticeId))).toBe('returned');
    expect(stateOf(service, noticeId)).toMatchObject({ state: 'bounced' });
    expect(await shownOf(service, keyId)).toMatchObject({ id: 'later', state: 'sent' });
  });
});

describe('a mail that came back', () => {
  it('is an event of its key, by the system, with its place in the chain', async () => {
    const { service, keyId, noticeId } = await mailed();
    const before = service.table.row(keyId) ?? expect.fail();
    expect(await told(service, sesEvents.bounce(noticeId, 'ada@example.com'))).toBe('returned');
    const after = service.table.row(keyId) ?? expect.fail();
    expect(after).toMatchObject({
      seq: before.seq + 1,
      rev: before.rev + 1,
      key: before.key,
      event: {
        action: 'mail_bounced',
        who: { changed_by: 'system', principal: 'system' },
        request_id: 'event-1',
        previous_chain: before.chain,
        notify: {
          event: 'mail_bounced',
          to: 'team@example.com',
          address: 'ada@example.com',
          reason: 'Permanent General smtp; 550 5.1.1 user unknown',
        },
      },
    });
    expect(auditRecordOf(before, after)).toMatchObject({ action: 'mail_bounced' });
    await service.deliver();
    expect(service.trail.of(keyId)).toHaveLength(after.seq);
  });

  it.each([
    ['bounce', 'came back from lost@example.com: Permanent General smtp; 550 5.1.1 user unknown.'],
    ['complaint', 'came back from lost@example.com: called spam, abuse.'],
  ] as const)('is told to the backup contact with its address and why: %s', async (kind, words) => {
    const { service, noticeId } = await mailed();
    await told(service, sesEvents[kind](noticeId, 'lost@example.com'));
    await service.deliver();
    const mail = service.mailer.inbox.at(-1);
    expect(mail?.to).toBe('team@example.com');
    expect(mail?.text).toContain(words);
  });

  it('is shown with its key, and not the mail about it', async () => {
    const { service, keyId, noticeId } = await mailed();
    await told(service, sesEvents.bounce(noticeId));
    await service.deliver();
    expect(service.mailer.inbox.map(({ to }) => to)).toEqual([
      'ada@example.com',
      'team@example.com',
    ]);
    expect(await shownOf(service, keyId)).toMatchObject({ event: 'key_created', state: 'bounced' });
    const [, about = ''] = [...service.notices.states.keys()];
    await told(service, sesEvents.bounce(about, 'team@example.com'));
    expect(stateOf(service, about)).toMatchObject({ state: 'bounced' });
    expect(await shownOf(service, keyId)).toMatchObject({ event: 'key_created', state: 'bounced' });
  });

  it('is told to nobody where there is no backup contact', async () => {
    const { service, keyId, noticeId } = await mailed({});
    await told(service, sesEvents.complaint(noticeId));
    expect(service.table.row(keyId)?.event).toMatchObject({ action: 'mail_bounced', notify: null });
  });

  it('to the backup contact itself is recorded, and makes no further mail', async () => {
    const { service, keyId, noticeId } = await mailed();
    await told(service, sesEvents.bounce(noticeId));
    const rev = service.table.row(keyId)?.rev ?? 0;
    const notice = { id: 'to-team', keyId, event: 'mail_bounced', rev };
    await service.notices.take(notice, service.now());
    expect(await told(service, sesEvents.bounce('to-team'))).toBe('returned');
    expect(service.table.row(keyId)?.event).toMatchObject({ action: 'mail_bounced', notify: null });
  });

  it('about a deleted key is recorded as well', async () => {
    const { service, keyId, noticeId } = await mailed();
    await service.asAdmin({ path: '/key/delete', body: { keys: [keyId] } });
    expect(await told(service, sesEvents.bounce(noticeId))).toBe('returned');
    expect(service.table.row(keyId)).toMatchObject({
      status: 'deleted',
      event: { action: 'mail_bounced' },
    });
  });

  it('about a key whose row is gone is noted alone', async () => {
    const { service, keyId, noticeId } = await mailed();
    service.table.items.delete(`KEY#${keyId}`);
    expect(await told(service, sesEvents.bounce(noticeId))).toBe('returned');
    expect(stateOf(service, noticeId)).toMatchObject({ state: 'bounced' });
    expect(bouncesOf(service)).toEqual([]);
  });

  it('while a change of the key is open waits for it, so that its mail is not lost', async () => {
    const { service, keyId, noticeId } = await mailed();
    service.secrets.trouble('unanswered', 'unanswered');
    await service.asAdmin({ path: '/key/regenerate', body: { key: keyId } });
    expect(service.table.row(keyId)?.intent).not.toBeNull();
    await expect(told(service, sesEvents.bounce(noticeId))).rejects.toThrow('under way');
    expect(stateOf(service, noticeId)).toMatchObject({ state: 'sent' });
  });

  it.each([
    ['refused', 1],
    ['refused', 4],
    ['contended', 2],
  ] as const)('is written over the row as it is by then: %s %i times', async (kind, times) => {
    const { service, noticeId } = await mailed();
    let left: number = times;
    const table: KeyTable = {
      load: (...given) => service.table.load(...given),
      countLiveKeys: (...given) => service.table.countLiveKeys(...given),
      commit: async (...given) => {
        if (left === 0) return service.table.commit(...given);
        left -= 1;
        return kind === 'refused' ? { kind, failed: [0] } : { kind };
      },
    };
    const deps = { ...depsOf(service), table };
    expect(await told(service, sesEvents.bounce(noticeId), deps)).toBe('returned');
    expect(bouncesOf(service)).toHaveLength(1);
  });

  it.each(['before the write', 'after the write'])(
    'is recorded once where the function dies %s',
    async (moment) => {
      const { service, noticeId } = await mailed();
      const dying: KeyTable = {
        load: (...given) => service.table.load(...given),
        countLiveKeys: (...given) => service.table.countLiveKeys(...given),
        commit: async (...given) => {
          if (moment === 'after the write') await service.table.commit(...given);
          throw new Error('died');
        },
      };
      const deps = { ...depsOf(service), table: dying };
      await expect(told(service, sesEvents.bounce(noticeId), deps)).rejects.toThrow('died');
      // The mark and the event are there together, or neither is.
      expect(bouncesOf(service)).toHaveLength(
        stateOf(service, noticeId)?.state === 'bounced' ? 1 : 0,
      );
      // Told again it counts, though it may have been counted before: rather twice than never.
      expect(await told(service, sesEvents.bounce(noticeId))).toBe('returned');
      expect(bouncesOf(service)).toHaveLength(1);
    },
  );

  it('is recorded once where several tell of it at once', async () => {
    const { service, noticeId } = await mailed();
    await Promise.all(
      ['bounce', 'bounce', 'complaint', 'delivery', 'send'].map((kind) =>
        told(
          service,
          sesEvents[kind === 'bounce' || kind === 'complaint' ? kind : 'send'](noticeId),
        ),
      ),
    );
    expect(bouncesOf(service)).toHaveLength(1);
  });

  it.each(['throttled', 'unanswered'] as const)(
    'is told again where the write is %s',
    async (kind) => {
      const { service, noticeId } = await mailed();
      const table: KeyTable = {
        load: (...given) => service.table.load(...given),
        countLiveKeys: (...given) => service.table.countLiveKeys(...given),
        commit: async () => ({ kind }),
      };
      const deps = { ...depsOf(service), table };
      await expect(told(service, sesEvents.bounce(noticeId), deps)).rejects.toThrow();
      expect(stateOf(service, noticeId)).toMatchObject({ state: 'sent' });
    },
  );
});

describe('a batch of the queue', () => {
  const record = (messageId: string, body: object | string) => ({
    messageId,
    receiptHandle: messageId,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 's',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn',
    awsRegion: 'eu-west-1',
  });

  it('gives back what failed, and that alone; counts what came back and what is unknown', async () => {
    const { service, noticeId } = await mailed();
    const counted: unknown[] = [];
    const handle = deliveryHandler(
      () => depsOf(service),
      (metrics) => {
        counted.push(metrics);
        return metricsOf('test', metrics);
      },
    );
    const response = await handle({
      Records: [
        record('1', 'no JSON'),
        record('2', sesEvents.bounce(noticeId)),
        record('3', sesEvents.bounce('gone')),
        record('4', sesGreeting),
        record('5', {}),
      ],
    });
    expect(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([
      '1',
      '5',
    ]);
    expect(counted).toEqual([{ MailsBounced: 1, DeliveriesUnknown: 1, DeliveriesFailed: 2 }]);
    expect(stateOf(service, noticeId)).toMatchObject({ state: 'bounced' });
  });
});
