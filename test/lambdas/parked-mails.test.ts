import { describe, expect, it } from 'vitest';
import { emailKeyChange, mailOf } from '../../lambdas/email-key-change/handler.ts';
import { type ParkedSending, sendParked } from '../../lambdas/email-key-change/send-parked.ts';
import { startedService } from '../fakes/service.ts';
import type { Service } from './fixtures/stored.ts';

const overQuota = { kind: 'over-quota', reason: 'DailyQuotaExceeded' } as const;
const halfAnHour = 30 * 60_000;

/** Keys whose mails met a quota that was used up. */
async function parkedMails(service: Service, ...aliases: string[]) {
  for (const key_alias of aliases) {
    await service.generate({
      key_alias,
      send_invite_email: true,
      user_email: `${key_alias}@example.com`,
    });
    service.mailer.next(overQuota);
    await service.deliver();
    service.clock.advance(1000);
  }
  expect(service.mailer.inbox).toEqual([]);
}

function pass(service: Service, changes: Partial<ParkedSending> = {}) {
  const { notices, mailer, claimLinks, settings, now, table } = service;
  const deps = { notices, mailer, claimLinks, settings, now };
  const failures: string[] = [];
  const run = sendParked({
    ...deps,
    rowOf: async (keyId) => table.row(keyId),
    render: (due) => mailOf(deps, due),
    hasTime: () => true,
    onFailure: (_id, error) => failures.push(String(error)),
    ...changes,
  });
  return run.then((counts) => ({ ...counts, failures }));
}

const addresses = ({ mailer }: Service) => mailer.inbox.map(({ to }) => to);
const states = ({ notices }: Service) => [...notices.states.values()].map(({ state }) => state);

describe('mails that were parked', () => {
  it('go out once the quota has room, in the order of their parking, once', async () => {
    const service = await startedService();
    await parkedMails(service, 'ada', 'bob');
    expect(await pass(service)).toMatchObject({ ParkedMailsFound: 0 });
    service.clock.advance(halfAnHour);
    expect(await pass(service)).toMatchObject({ ParkedMailsSent: 2, failures: [] });
    expect(addresses(service)).toEqual(['ada@example.com', 'bob@example.com']);
    expect(states(service)).toEqual(['sent', 'sent']);
    service.clock.advance(halfAnHour);
    expect(await pass(service)).toMatchObject({ ParkedMailsFound: 0 });
    expect(service.mailer.inbox).toHaveLength(2);
  });

  it('stay parked where there still is none; one try tells for all', async () => {
    const service = await startedService();
    await parkedMails(service, 'ada', 'bob');
    service.clock.advance(halfAnHour);
    service.mailer.next(overQuota);
    expect(await pass(service)).toMatchObject({ ParkedMailsSent: 0, ParkedMailsFound: 2 });
    expect(states(service)).toEqual(['parked', 'parked']);
    // Bob's was not tried, and is the first next time.
    expect(await pass(service)).toMatchObject({ ParkedMailsSent: 1 });
    expect(addresses(service)).toEqual(['bob@example.com']);
    service.clock.advance(halfAnHour);
    expect(await pass(service)).toMatchObject({ ParkedMailsSent: 1 });
    expect(states(service)).toEqual(['sent', 'sent']);
  });

  it.each([
    { kind: 'refused', reason: 'Throttling' },
    { kind: 'barred', reason: 'SenderNotVerified' },
    { kind: 'unanswered' },
  ] as const)('are not lost where SES ends the run: %o', async (outcome) => {
    const service = await startedService();
    await parkedMails(service, 'ada', 'bob');
    service.clock.advance(halfAnHour);
    service.mailer.next(outcome);
    await pass(service);
    expect(service.mailer.inbox).toEqual([]);
    service.clock.advance(halfAnHour);
    expect(await pass(service)).toMatchObject({ ParkedMailsSent: 2 });
  });

  it('are not lost with a sender that died', async () => {
    const service = await startedService();
    await parkedMails(service, 'ada');
    service.clock.advance(halfAnHour);
    const render = async () => {
      throw new Error('died');
    };
    expect(await pass(service, { render })).toMatchObject({ ParkedMailsFailed: 1 });
    expect(await pass(service)).toMatchObject({ ParkedMailsSent: 0 });
    service.clock.advance(22_000);
    expect(await pass(service)).toMatchObject({ ParkedMailsSent: 1 });
    expect(addresses(service)).toEqual(['ada@example.com']);
  });

  it('do not hold up one another: one that cannot be worked on is passed by', async () => {
    const service = await startedService();
    await parkedMails(service, 'ada', 'bob');
    service.clock.advance(halfAnHour);
    const { notices } = service;
    const [first] = await notices.findParked(service.now(), 1);
    const run = await pass(service, {
      render: async (due) => {
        if (due.id === first) throw new Error('no mail');
        return mailOf(service, due);
      },
    });
    expect(run).toMatchObject({ ParkedMailsFailed: 1, ParkedMailsSent: 1 });
    expect(run.failures).toEqual(['Error: no mail']);
    expect(addresses(service)).toEqual(['bob@example.com']);
  });

  it('tell of the key as it is by then, and nothing of one that was deleted', async () => {
    const service = await startedService();
    await parkedMails(service, 'ada', 'bob');
    await service.asAdmin({ path: '/key/delete', body: { key_aliases: ['ada'] } });
    service.clock.advance(halfAnHour);
    await pass(service);
    expect(addresses(service)).toEqual(['bob@example.com']);
    expect(states(service)).toEqual(['failed', 'sent']);
  });

  it('go out once where two runs are at it', async () => {
    const service = await startedService();
    await parkedMails(service, 'ada', 'bob');
    service.clock.advance(halfAnHour);
    await Promise.all([pass(service), pass(service)]);
    expect(addresses(service).toSorted()).toEqual(['ada@example.com', 'bob@example.com']);
  });

  it('leave what there is no time for to the next run', async () => {
    const service = await startedService();
    await parkedMails(service, 'ada');
    service.clock.advance(halfAnHour);
    await pass(service, { hasTime: () => false });
    expect(states(service)).toEqual(['parked']);
  });

  it('leave a later mail about the key shown as its latest', async () => {
    const service = await startedService();
    await parkedMails(service, 'ada');
    const [{ keyId } = { keyId: '' }] = [...service.notices.states.values()];
    const row = service.table.row(keyId);
    if (row === null) throw new Error('No row');
    // A second mail about the same key, which goes out while the first is parked.
    const event = {
      ...row.event,
      id: 'later',
      notify: { event: 'key_rotated', to: 'x@y.example' },
    };
    const { notices, mailer, claimLinks, settings, now } = service;
    await emailKeyChange(() => ({ notices, mailer, claimLinks, settings, now }))({
      before: row,
      after: { ...row, rev: row.rev + 1, seq: row.seq + 1, event },
    });
    service.clock.advance(halfAnHour);
    await pass(service);
    const { notice } = await service.table.load({ target: { keyId }, notice: true }, 1000);
    expect(notice).toMatchObject({ id: 'later', state: 'sent' });
  });
});
