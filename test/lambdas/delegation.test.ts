/** What an ordinary caller can hand out: no more than its own key has. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { newestRow } from './fixtures/stored.ts';

const own = {
  user_id: 'ada',
  max_budget: 5,
  tpm_limit: 100,
  rpm_limit: 10,
  tpd_limit: 1000,
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
    for (const field of [
      'max_budget',
      'tpm_limit',
      'rpm_limit',
      'tpd_limit',
      'max_parallel_requests',
    ]) {
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
    ['tpd_limit', { tpd_limit: 1001 }],
    ['max_parallel_requests', { max_parallel_requests: 3 }],
    ['budget_limits', { budget_limits: [{ max_budget: 5.5, budget_duration: '1d' }] }],
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

describe('what binds a key otherwise than by a number', () => {
  const binding = {
    budget_id: 'b',
    model_max_budget: { cheap: { budget_limit: 1, time_period: '1d' } },
    object_permission: { mcp_servers: ['m'] },
    allowed_routes: ['/key/generate', '/chat/completions'],
    model_rpm_limit: { cheap: 1 },
    model_tpm_limit: { cheap: 2 },
    mcp_rpm_limit: { m: 3 },
    tag_rpm_limit: { t: 4 },
    guardrails: ['strict'],
    policies: ['p'],
    enforced_params: ['user'],
    allowed_vector_store_indexes: [{ index_name: 'i', index_permissions: ['read'] }],
    allowed_passthrough_routes: ['/in'],
    denied_passthrough_routes: ['/out'],
  };
  /** The caller may name these itself; the others are for admins, or its own key's. */
  const nameable = [
    'model_max_budget',
    'model_rpm_limit',
    'model_tpm_limit',
    'mcp_rpm_limit',
    'tag_rpm_limit',
    'guardrails',
    'policies',
    'enforced_params',
    'allowed_vector_store_indexes',
  ] as const;

  async function boundAda(fields: object = binding) {
    const service = await startedService({
      keyDefaults: { metadata: { guardrails: ['from the environment'] } },
    });
    const { body } = await service.generate({ user_id: 'ada', ...fields });
    return { service, own: body, ask: (sent: object) => service.generate(sent, body.key) };
  }

  const bindingIn = ({ service }: Pick<Awaited<ReturnType<typeof boundAda>>, 'service'>) => {
    const { key } = newestRow(service);
    return Object.fromEntries(
      Object.keys(binding).map((name) => [name, key[name] ?? key.metadata[name]]),
    );
  };

  it.each(['default', 'llm_api'])('is taken over by a key of type %s', async (key_type) => {
    const { service, ask } = await boundAda();
    for (const sent of [{}, { metadata: { note: 'x' } }, { budget_id: '', guardrails: null }]) {
      expect((await ask({ ...sent, key_type })).status).toBe(200);
      expect(bindingIn({ service })).toEqual(binding);
    }
  });

  it('may be named as it is', async () => {
    const { service, ask } = await boundAda();
    const same = Object.fromEntries(nameable.map((name) => [name, binding[name]]));
    expect((await ask({ ...same, metadata: { guardrails: ['strict'] } })).status).toBe(200);
    expect(bindingIn({ service })).toEqual(binding);
  });

  it.each(nameable)('cannot be another %s', async (name) => {
    const { service, ask } = await boundAda();
    const before = service.table.rows().length;
    const isList = Array.isArray(binding[name]);
    const values = [isList ? [] : {}, isList ? ['other'] : { other: 1 }];
    const asked = name === 'allowed_vector_store_indexes' ? [[]] : values;
    for (const value of asked) {
      const { status, body } = await ask({ [name]: value });
      expect({ status, param: body.error.param }).toEqual({ status: 400, param: name });
    }
    if (name !== 'model_max_budget') {
      for (const value of [...values, null]) {
        const { status, body } = await ask({ metadata: { [name]: value } });
        expect({ status, param: body.error.param }).toEqual({ status: 400, param: name });
      }
    }
    expect(service.table.rows().length).toBe(before);
  });

  it('leaves free what it does not name', async () => {
    const { ask } = await boundAda({ metadata: { note: 'x' } });
    const { status } = await ask({ guardrails: ['mine'], model_rpm_limit: { huge: 9 } });
    expect(status).toBe(200);
  });

  it('are not the routes of a key type, which narrows that key alone', async () => {
    const { ask } = await boundAda({ key_type: 'management' });
    const { body } = await ask({});
    expect(body.allowed_routes).toEqual([]);
  });
});

describe('windows of a budget', () => {
  const windows = [{ max_budget: 3, budget_duration: '1d' }];

  async function windowed() {
    const service = await startedService();
    const { body } = await service.generate({ user_id: 'ada', budget_limits: windows });
    return (budget_limits: unknown) => service.generate({ budget_limits }, body.key);
  }

  it.each([
    ['none', null],
    ['an empty list', []],
    ['the same', windows],
    ['one that is less', [{ max_budget: 1, budget_duration: '1d' }]],
    ['another one beside', [...windows, { max_budget: 9, budget_duration: '30d' }]],
  ])('are kept by a new key that names %s', async (_, budget_limits) => {
    const { status, body } = await (await windowed())(budget_limits);
    expect(status).toBe(200);
    expect(body.budget_limits[0].max_budget).toBeLessThanOrEqual(3);
    expect(body.budget_limits[0].reset_at).toBe('2026-11-26T00:00:00.000Z');
  });

  it.each([
    ['one that is more', [{ max_budget: 4, budget_duration: '1d' }]],
    ['one of another duration', [{ max_budget: 1, budget_duration: '2d' }]],
  ])('are not replaced by %s', async (_, budget_limits) => {
    const { status, body } = await (await windowed())(budget_limits);
    expect([status, body.error.param]).toEqual([400, 'budget_limits']);
  });
});
