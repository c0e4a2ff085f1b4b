/** Mails that nobody asked for: an owner learns that his key was deleted or blocked, or has spent much. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { settingsWith } from '../fixtures/settings.ts';
import { ask, atRest, issue } from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const to = 'ada@example.com';
const told = async (service: Service) => {
  await service.deliver();
  return service.mailer.inbox.map((mail) => mail.subject.replace('Latchkey: API Key ', ''));
};

describe('a deletion', () => {
  it.each([
    ['a mirrored key', {}],
    ['a key without a secret', { store_secret: false }],
  ])('of %s is told once, at once', async (_, fields) => {
    const service = await startedService();
    const { key } = await issue(service, { key_alias: 'a', user_id: to, ...fields });
    await ask(service, { path: '/key/delete', body: { keys: [key] } });
    expect(await told(service)).toEqual(['Deleted: a']);
    expect(await atRest(service)).toEqual([]);
    expect(await told(service)).toEqual(['Deleted: a']);
  });

  it('is told where its secret could not be removed yet, or another step was open', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a', user_id: to });
    service.secrets.trouble('unanswered', 'unanswered');
    const regenerated = await ask(service, { path: '/key/regenerate', body: { key: key_id } });
    expect(regenerated.status).toBe(503);
    await ask(service, { path: '/key/delete', body: { keys: [key] } });
    expect(await told(service)).toEqual(['Deleted: a']);
    expect(await atRest(service)).toEqual([]);
    expect(await told(service)).toEqual(['Deleted: a']);
  });

  it('of many keys has one mail each, also to whoever deletes his own', async () => {
    const service = await startedService();
    const { key } = await issue(service, { key_alias: 'own', user_id: to });
    const others = await Promise.all([1, 2, 3].map(() => issue(service, { user_id: to })));
    const keys = [...others.map(({ key_id }) => key_id), key];
    const { status } = await ask(service, { path: '/key/delete', body: { keys }, key });
    expect(status).toBe(200);
    expect(await told(service)).toHaveLength(4);
    expect(service.mailer.inbox.at(-1)?.text).toContain(`was deleted by ${to}.`);
  });

  it('of a key whose birth was left open is told to nobody', async () => {
    const service = await startedService();
    service.secrets.trouble('unanswered', 'unanswered');
    expect((await service.generate({ key_alias: 'a', user_id: to })).status).toBe(503);
    const row = service.table.rows().find(({ alias }) => alias === 'a');
    await ask(service, { path: '/key/delete', body: { keys: [row?.keyId] } });
    expect(await atRest(service)).toEqual([]);
    expect(await told(service)).toEqual([]);
  });
});

describe('a block', () => {
  it('is told, its end is not, and no repeat is', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a', user_id: to });
    for (const what of ['block', 'block', 'unblock', 'unblock', 'block']) {
      await ask(service, { path: `/key/${what}`, body: { key: key_id } });
    }
    expect(await told(service)).toEqual(['Blocked: a', 'Blocked: a']);
  });

  it('by an update is told as well', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a', user_id: to });
    await ask(service, { path: '/key/update', body: { key: key_id, blocked: true } });
    await ask(service, { path: '/key/update', body: { key: key_id, metadata: { a: 1 } } });
    expect(await told(service)).toEqual(['Blocked: a']);
  });
});

describe('a budget', () => {
  const born = { key_alias: 'a', user_id: to, max_budget: 3, budget_duration: '30d' };
  async function spent(...updates: object[]) {
    const service = await startedService();
    const { key_id } = await issue(service, born);
    for (const fields of updates) {
      const { status } = await ask(service, {
        path: '/key/update',
        body: { key: key_id, ...fields },
      });
      expect(status).toBe(200);
    }
    return told(service);
  }

  it.each<[string, readonly object[], readonly string[]]>([
    ['is not told below its mark', [{ spend: 2.39 }], []],
    ['is told at 80 %', [{ spend: 2.4 }], ['Budget 80% Used: a']],
    ['is told once', [{ spend: 2.4 }, { spend: 2.5 }, { spend: 2.8 }], ['Budget 80% Used: a']],
    [
      'is told at 95 %',
      [{ spend: 2.5 }, { spend: 2.9 }],
      ['Budget 83% Used: a', 'Budget 96% Used: a'],
    ],
    ['is told once where it passes both', [{ spend: 2.95 }], ['Budget 98% Used: a']],
    ['is told when it is used up', [{ spend: 4 }, { spend: 5 }], ['Budget Used Up: a']],
    ['is told when it shrinks', [{ spend: 2 }, { max_budget: 2.5 }], ['Budget 80% Used: a']],
    ['is not told where there is none', [{ max_budget: null }, { spend: 100 }], []],
    ['is not told where it is nothing', [{ max_budget: 0, spend: 1 }], []],
    ['is not told of a blocked key', [{ blocked: true }, { spend: 3 }], ['Blocked: a']],
    [
      'is told by what is added for a time',
      [
        { temp_budget_increase: 3, temp_budget_expiry: '2030-01-01T00:00:00Z' },
        { spend: 3 },
        { spend: 4.9 },
      ],
      ['Budget 81% Used: a'],
    ],
  ])('%s', async (_, updates, mails) => {
    expect(await spent(...updates)).toEqual(mails);
  });

  it('is told anew after a reset', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, born);
    const spend = (amount: number) =>
      ask(service, { path: '/key/update', body: { key: key_id, spend: amount } });
    await spend(2.5);
    await ask(service, { path: `/key/${key_id}/reset_spend`, body: { reset_to: 0 } });
    await spend(2.5);
    expect(await told(service)).toHaveLength(2);
  });

  it('is told with the rename that it comes with, and not where that is undone', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, born);
    const rename = (key_alias: string) =>
      ask(service, { path: '/key/update', body: { key: key_id, key_alias, spend: 2.5 } });
    service.secrets.trouble('refused');
    expect((await rename('b')).status).toBe(503);
    expect(await told(service)).toEqual([]);
    expect((await rename('b')).status).toBe(200);
    expect(await told(service)).toEqual(['Budget 83% Used: b']);
  });

  it('of each key of a bulk update is told', async () => {
    const service = await startedService();
    const keys = await Promise.all(
      ['a', 'b', 'c'].map((key_alias) => issue(service, { ...born, key_alias, spend: 1 })),
    );
    const budgets = [2, 1.2, 1];
    const body = {
      keys: keys.map(({ key_id }, index) => ({ key: key_id, max_budget: budgets[index] })),
    };
    expect((await ask(service, { path: '/key/bulk_update', body })).status).toBe(200);
    expect((await told(service)).toSorted()).toEqual(['Budget 83% Used: b', 'Budget Used Up: c']);
  });
});

it.each([
  ['nobody is known', {}, { user_id: 'ada' }],
  ['mail is off', { alerting: false }, { user_id: to }],
  ['the domain may have none', { domains: ['acme.io'] }, { user_id: to }],
])('where %s all of it is done without a mail', async (_, mail, owner) => {
  const service = await startedService({ mail: { ...settingsWith().mail, ...mail } });
  const { key_id } = await issue(service, { key_alias: 'a', max_budget: 1, ...owner });
  for (const [path, body] of [
    ['/key/update', { key: key_id, spend: 0.9 }],
    ['/key/block', { key: key_id }],
    ['/key/delete', { keys: [key_id] }],
  ] as const) {
    expect((await ask(service, { path, body })).status).toBe(200);
  }
  expect(await told(service)).toEqual([]);
});
