/** Reminders that a key expires, from the scheduled function to the mail. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rowKey } from '../../lambdas/shared/adapters/table/keys.ts';
import type { MailSettings } from '../../lambdas/shared/domain/settings.ts';
import { startedService } from '../fakes/service.ts';
import { settingsWith } from '../fixtures/settings.ts';
import { actionsOf, ask, atRest, issue, rowOf } from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const dayMs = 86_400_000;
const to = 'ada@example.com';

beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => vi.restoreAllMocks());

/** A service with a key that lives for so long. */
async function expiring(
  duration: string | null,
  fields: object = {},
  mail: Partial<MailSettings> = {},
) {
  const service = await startedService({ mail: { ...settingsWith().mail, ...mail } });
  const born = await issue(service, { key_alias: 'a', user_id: to, duration, ...fields });
  await service.deliver();
  service.mailer.inbox.length = 0;
  return { service, born };
}

/** Lets days go by, with so many runs of the scheduled function each. */
async function pass(service: Service, days: number, runsADay = 4) {
  let reminded = 0;
  for (let run = 0; run < days * runsADay; run += 1) {
    service.clock.advance(dayMs / runsADay);
    reminded += (await service.repair()).Reminded;
    await service.deliver();
  }
  return reminded;
}

const subjects = ({ mailer }: Service) => mailer.inbox.map(({ subject }) => subject);

describe('the owner of a key that expires', () => {
  it('is told 30, 14, 7 and 1 days before, once each, and no record is made of it', async () => {
    const { service, born } = await expiring('40d');
    expect(await pass(service, 45)).toBe(4);
    expect(subjects(service)).toEqual([
      'Latchkey: API Key Expires in 30 Days: a',
      'Latchkey: API Key Expires in 14 Days: a',
      'Latchkey: API Key Expires in 7 Days: a',
      'Latchkey: API Key Expires Within a Day: a',
    ]);
    for (const mail of service.mailer.inbox) {
      expect(mail).toMatchObject({ to });
      expect(mail.text).toContain('4 January 2027, 13:50 UTC');
    }
    expect(await actionsOf(service, born.key_id)).toEqual(['created']);
    expect(await service.due.findReminders(new Date('9999-01-01'), 1)).toEqual([]);
  });

  it('is not told of a key that does not live that long', async () => {
    const { service } = await expiring('10h');
    expect(await pass(service, 1, 48)).toBe(0);
    expect(subjects(service)).toEqual([]);
  });

  it('is told when the expiry comes nearer, of the nearest mark only', async () => {
    const { service, born } = await expiring(null);
    await pass(service, 20, 1);
    await ask(service, { path: '/key/update', body: { key: born.key_id, duration: '6d' } });
    await pass(service, 0.25);
    expect(subjects(service)).toEqual(['Latchkey: API Key Expires in 6 Days: a']);
    await pass(service, 8);
    expect(subjects(service)).toHaveLength(2);
  });

  it('is told nothing more once the key has more time, until that comes to an end', async () => {
    const { service, born } = await expiring('40d');
    await pass(service, 27);
    expect(subjects(service)).toHaveLength(2);
    await ask(service, { path: '/key/update', body: { key: born.key_id, duration: '40d' } });
    await pass(service, 9);
    expect(subjects(service)).toHaveLength(2);
    await pass(service, 2);
    expect(subjects(service).at(-1)).toBe('Latchkey: API Key Expires in 30 Days: a');
  });

  it.each(['block', 'delete'])('is not told after a %s', async (what) => {
    const { service, born } = await expiring('40d');
    const body = what === 'delete' ? { keys: [born.key] } : { key: born.key };
    expect((await ask(service, { path: `/key/${what}`, body })).status).toBe(200);
    await pass(service, 45);
    expect(subjects(service).filter((subject) => subject.includes('Expires'))).toEqual([]);
  });

  it('is told after an unblock, of the nearest mark', async () => {
    const { service, born } = await expiring('40d');
    await ask(service, { path: '/key/block', body: { key: born.key_id } });
    await pass(service, 28, 1);
    await ask(service, { path: '/key/unblock', body: { key: born.key_id } });
    await pass(service, 1);
    expect(subjects(service).filter((subject) => subject.includes('Expires'))).toEqual([
      'Latchkey: API Key Expires in 12 Days: a',
    ]);
  });

  it.each<[string, object, Partial<MailSettings>]>([
    ['nobody is known', { user_id: 'ada' }, {}],
    ['mail is off', {}, { alerting: false }],
    ['the domain may have none', {}, { domains: ['acme.io'] }],
  ])(
    'is told nothing where %s, and the key keeps no other from its turn',
    async (_, fields, mail) => {
      const { service, born } = await expiring('40d', fields, mail);
      expect(await pass(service, 45, 1)).toBe(0);
      expect(subjects(service)).toEqual([]);
      expect(rowOf(service, born.key_id).reminder).toMatchObject({ to: null });
      expect(await service.due.findReminders(new Date('9999-01-01'), 1)).toEqual([]);
    },
  );

  it('is told when his address becomes known, at the next mark', async () => {
    const { service, born } = await expiring('40d', { user_id: 'ada' });
    await pass(service, 11);
    await ask(service, { path: '/key/update', body: { key: born.key_id, user_email: to } });
    await pass(service, 16);
    expect(subjects(service)).toEqual(['Latchkey: API Key Expires in 14 Days: a']);
  });
});

describe('a row of an earlier release', () => {
  /** As it was written before there were reminders: in no index for them. */
  function forget(service: Service, keyId: string) {
    const pk = rowKey(keyId);
    const { due_pk: _pk, due_sk: _sk, ...item } = service.table.items.get(pk) ?? {};
    service.table.putItem({ ...item, pk });
  }

  it('is found by the daily round, and its owner told once though two marks have passed', async () => {
    const { service, born } = await expiring('40d');
    service.clock.advance(28 * dayMs);
    forget(service, born.key_id);
    expect(await service.due.findReminders(service.now(), 1)).toEqual([]);
    await pass(service, 2);
    expect(subjects(service)).toEqual(['Latchkey: API Key Expires in 12 Days: a']);
    await pass(service, 12);
    expect(subjects(service)).toHaveLength(3);
  });

  it('that has expired already is looked at once, and nobody told', async () => {
    const { service, born } = await expiring('40d');
    service.clock.advance(50 * dayMs);
    forget(service, born.key_id);
    await pass(service, 3);
    expect(subjects(service)).toEqual([]);
    const { rev } = rowOf(service, born.key_id);
    await pass(service, 3);
    expect(rowOf(service, born.key_id).rev).toBe(rev);
  });
});

describe('the scheduled function', () => {
  it('writes no reminder over a row that somebody else has written', async () => {
    const { service, born } = await expiring('40d');
    service.clock.advance(11 * dayMs);
    const load = service.table.load.bind(service.table);
    service.table.load = async (wanted, limitMs) => {
      const loaded = await load(wanted, limitMs);
      service.table.load = load;
      await ask(service, { path: '/key/delete', body: { keys: [born.key] } });
      return loaded;
    };
    expect(await service.repair()).toMatchObject({ Reminded: 0, Failed: 0 });
    await service.deliver();
    expect(subjects(service)).toEqual(['Latchkey: API Key Deleted: a']);
    expect(await atRest(service)).toEqual([]);
  });

  it('goes on where one row cannot be read, and tells of it', async () => {
    const { service, born } = await expiring('40d');
    await issue(service, { key_alias: 'b', user_id: to, duration: '40d' });
    service.clock.advance(11 * dayMs);
    const pk = rowKey(born.key_id);
    service.table.putItem({ ...service.table.items.get(pk), pk, v: 2 });
    expect(await service.repair()).toMatchObject({ Reminded: 1 });
    await service.deliver();
    expect(subjects(service)).toEqual(['Latchkey: API Key Expires in 29 Days: b']);
  });

  it('gets through many, some in each run', async () => {
    const service = await startedService({ maxKeysPerUser: null });
    for (let index = 0; index < 520; index += 1) {
      await issue(service, { user_id: `user-${index}@example.com`, duration: '40d' });
    }
    service.clock.advance(11 * dayMs);
    const runs = [(await service.repair()).Reminded, (await service.repair()).Reminded];
    expect(runs[0]).toBeGreaterThanOrEqual(500);
    expect((runs[0] ?? 0) + (runs[1] ?? 0)).toBe(520);
    await service.deliver();
    expect(new Set(service.mailer.inbox.map((mail) => mail.to)).size).toBe(520);
  });
});
