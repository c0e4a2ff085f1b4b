/** What a caller must not get by a detour: a larger key of its own, another model, another route. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { ask, issue, refusalIn, untouched } from './fixtures/calls.ts';

describe('a new value of a key of one’s own', () => {
  it.each([
    ['budget', { max_budget: 5 }, { max_budget: 6 }],
    ['budget, for it has none', { max_budget: 5 }, {}],
    ['rate', { tpm_limit: 5 }, { tpm_limit: 6 }],
    ['models', { models: ['cheap'] }, { models: ['cheap', 'huge'] }],
    ['models, for it has all', { models: ['cheap'] }, {}],
    ['time', { duration: '1h' }, { duration: '2h' }],
    ['time, for it has no end', { duration: '1h' }, {}],
  ])('is not for a key with less %s', async (_, own, others) => {
    const service = await startedService();
    const { key } = await issue(service, { user_id: 'ada', ...own });
    const { key_id } = await issue(service, { user_id: 'ada', ...others });
    const body = { key: key_id };
    const answer = await untouched(service, () =>
      ask(service, { path: '/key/regenerate', key, body }),
    );
    expect(refusalIn(answer)).toEqual([403, null]);
  });

  it('is for a key with as much', async () => {
    const service = await startedService();
    const same = { user_id: 'ada', max_budget: 5, models: ['cheap'], duration: '1h' };
    const { key } = await issue(service, same);
    const { key_id } = await issue(service, same);
    const asked = { path: '/key/regenerate', key, body: { key: key_id } };
    expect((await ask(service, asked)).status).toBe(200);
  });
});

describe('a model that stands in for another', () => {
  it.each([
    ['aliases', { aliases: { mine: 'huge' } }],
    ['budget_fallbacks', { budget_fallbacks: { cheap: ['huge'] } }],
  ])('is among the caller’s own: %s', async (param, fields) => {
    const service = await startedService();
    const caller = await issue(service, { user_id: 'ada', models: ['cheap', 'small'] });
    const own = await issue(service, {}, caller.key);
    for (const asked of [
      { path: '/key/generate', body: fields },
      { path: '/key/update', body: { key: own.key_id, ...fields } },
    ]) {
      const answer = await untouched(service, () => ask(service, { ...asked, key: caller.key }));
      expect([asked.path, ...refusalIn(answer)]).toEqual([asked.path, 400, param]);
    }
  });
});

describe('allowed_routes', () => {
  it('are compared with the route: a parameter opens none', async () => {
    const service = await startedService();
    const fields = { user_role: 'proxy_admin', user_id: 'root', allowed_routes: ['/key/info'] };
    const { key } = await issue(service, fields);
    for (const path of ['/key/info/regenerate', '/key/info/reset_spend']) {
      const { status } = await ask(service, { path, key, body: { reset_to: 0 } });
      expect([path, status]).toEqual([path, 403]);
    }
  });
});
