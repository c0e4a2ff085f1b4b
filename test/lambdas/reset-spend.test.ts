/** `POST /key/{key}/reset_spend`. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import {
  actionsOf,
  ask,
  issue,
  recordOf,
  refusalIn,
  rowOf,
  unknownNames,
  untouched,
} from './fixtures/calls.ts';
import { type Service, stored } from './fixtures/stored.ts';

const reset = (service: Service, key: string, body: unknown) =>
  ask(service, { path: `/key/${encodeURIComponent(key)}/reset_spend`, body });

describe('reset-spend', () => {
  it('sets the spend back, tells both amounts, and begins the windows of the budget anew', async () => {
    const service = await startedService();
    const { token, key_id } = await issue(service, {
      spend: 9,
      max_budget: 5,
      budget_duration: '30d',
      budget_limits: [{ max_budget: 2, budget_duration: '1h' }],
    });
    service.clock.advance(2 * 3_600_000);
    const { status, body } = await reset(service, key_id, { reset_to: 3 });
    expect(status).toBe(200);
    expect(body).toEqual({
      key_hash: token,
      spend: 3,
      previous_spend: 9,
      max_budget: 5,
      budget_reset_at: '2026-12-01T00:00:00.000Z',
    });
    expect(rowOf(service, key_id).key).toMatchObject({
      spend: 3,
      max_budget: 5,
      budget_limits: [{ max_budget: 2, reset_at: '2026-11-25T16:00:00.000Z' }],
    });
  });

  it('answers null where there is no budget', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { spend: 2 });
    const { body } = await reset(service, key_id, { reset_to: 0 });
    expect(body).toMatchObject({ max_budget: null, budget_reset_at: null, previous_spend: 2 });
  });

  it('leaves a record with both amounts and who did it', async () => {
    const service = await startedService();
    const { token, key_id } = await issue(service, { spend: 9 });
    await reset(service, key_id, { reset_to: 1 });
    expect(await recordOf(service, key_id)).toMatchObject({
      action: 'spend_reset',
      object_id: token,
      changed_by: 'default_user_id',
      before: { spend: 9 },
      after: { spend: 1 },
    });
    expect(await actionsOf(service, key_id)).toEqual(['created', 'spend_reset']);
  });

  it.each([
    ['an issued key', {}],
    ['a chosen key', { key: 'sk-chosen-by~somebody!' }],
  ])('finds %s by value, hash and id in the path', async (_, fields) => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { spend: 9, ...fields });
    for (const [index, name] of [key_id, token, key].entries()) {
      const { status, body } = await reset(service, name, { reset_to: 3 - index });
      expect([status, body.spend]).toEqual([200, 3 - index]);
    }
  });

  it('takes the whole amount, and zero where nothing was spent', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { spend: 0.3 });
    expect((await reset(service, key_id, { reset_to: 0.3 })).body.spend).toBe(0.3);
    expect((await reset(service, key_id, { reset_to: '0' })).body.spend).toBe(0);
    expect((await reset(service, key_id, { reset_to: 0 })).body.previous_spend).toBe(0);
  });

  it('resets an expired and a blocked key too', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { spend: 2, duration: '0s', blocked: true });
    expect((await reset(service, key_id, { reset_to: 0 })).status).toBe(200);
  });

  it('tells of two at once each what it found', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { spend: 9 });
    const answers = await Promise.all([
      reset(service, key_id, { reset_to: 5 }),
      reset(service, key_id, { reset_to: 5 }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(new Set(answers.map(({ body }) => body.previous_spend))).toEqual(new Set([5, 9]));
  });
});

describe('a reset that is refused changes nothing:', () => {
  it.each([
    ['no body', undefined, 422, null],
    ['no JSON', '{', 422, null],
    ['no amount', {}, 422, 'reset_to'],
    ['null', { reset_to: null }, 422, 'reset_to'],
    ['a truth value', { reset_to: true }, 422, 'reset_to'],
    ['a text', { reset_to: 'all' }, 422, 'reset_to'],
    ['too much', { reset_to: 0, x: 'x'.repeat(270_000) }, 413, null],
    ['below zero', { reset_to: -0.01 }, 400, 'reset_to'],
    ['above what was spent', { reset_to: 4.01 }, 400, 'reset_to'],
    ['no number', { reset_to: 'nan' }, 400, 'reset_to'],
    ['without end', { reset_to: 'inf' }, 400, 'reset_to'],
  ])('%s', async (_, body, status, param) => {
    const service = await startedService();
    const { key_id } = await issue(service, { spend: 4 });
    const answer = await untouched(service, () => reset(service, key_id, body));
    expect(refusalIn(answer)).toEqual([status, param]);
  });

  it('above the budget, and the message says what is possible', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { spend: 4, max_budget: 2.5 });
    const answer = await untouched(service, () => reset(service, key_id, { reset_to: 3 }));
    expect(refusalIn(answer)).toEqual([400, 'reset_to']);
    expect(answer.body.error.message).toContain('between 0 and 2.5');
  });

  it.each([...unknownNames, 'x', 'master', 'sk-1234'])('an unknown key (%s)', async (name) => {
    const service = await startedService();
    const answer = await untouched(service, () => reset(service, name, { reset_to: 0 }));
    expect(refusalIn(answer)).toEqual([404, 'key']);
  });

  it('a deleted key, and a value that was rotated away', async () => {
    const service = await startedService();
    const gone = await issue(service, { spend: 4 });
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
    const rotated = await issue(service, { spend: 4 });
    await ask(service, { path: '/key/regenerate', body: { key: rotated.key } });
    const before = await stored(service);
    for (const name of [gone.key, gone.token, gone.key_id, rotated.key, rotated.token]) {
      expect((await reset(service, name, { reset_to: 0 })).status).toBe(404);
    }
    expect(await stored(service)).toEqual(before);
  });
});
