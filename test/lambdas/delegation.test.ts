/** What an ordinary caller can hand out: no more than its own key has. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';

const own = {
  user_id: 'ada',
  max_budget: 5,
  tpm_limit: 100,
  rpm_limit: 10,
  max_parallel_requests: 2,
  models: ['cheap', 'small'],
  duration: '1h',
};

async function ada() {
  const service = await startedService();
  const { body } = await service.generate(own);
  const ask = (fields: object) => service.generate(fields, body.key);
  return { service, own: body, ask };
}

describe('a key made by an ordinary caller', () => {
  it("takes over the caller's budget, limits, models and expiry where it asks for none", async () => {
    const { own: mine, ask } = await ada();
    const { status, body } = await ask({});
    expect(status).toBe(200);
    for (const field of ['max_budget', 'tpm_limit', 'rpm_limit', 'max_parallel_requests']) {
      expect(body[field], field).toBe(mine[field]);
    }
    expect(body.models).toEqual(mine.models);
    expect(body.expires).toBe(mine.expires);
  });

  it('may ask for less', async () => {
    const { own: mine, ask } = await ada();
    const less = { max_budget: 1, tpm_limit: 1, models: ['small'], duration: '10m' };
    const { status, body } = await ask(less);
    expect(status).toBe(200);
    expect(body).toMatchObject({ max_budget: 1, tpm_limit: 1, models: ['small'] });
    expect(body.expires < mine.expires).toBe(true);
  });

  it.each([
    ['max_budget', { max_budget: 6 }],
    ['tpm_limit', { tpm_limit: 101 }],
    ['rpm_limit', { rpm_limit: 11 }],
    ['max_parallel_requests', { max_parallel_requests: 3 }],
    ['models', { models: ['small', 'huge'] }],
    ['duration', { duration: '2h' }],
  ])('is refused more %s', async (param, fields) => {
    const { service, ask } = await ada();
    const before = service.table.rows().length;
    const { status, body } = await ask(fields);
    expect({ status, param: body.error.param }).toEqual({ status: 400, param });
    expect(service.table.rows().length).toBe(before);
  });

  it('is not bounded where the caller is not', async () => {
    const service = await startedService();
    const { body: caller } = await service.generate({ user_id: 'bob' });
    const { status, body } = await service.generate({ max_budget: 9, duration: '1d' }, caller.key);
    expect(status).toBe(200);
    expect(body).toMatchObject({ max_budget: 9, models: [] });
  });
});
