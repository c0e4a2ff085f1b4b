/** Checks of keys on the deployed stack, by gateways and by the keys themselves. */
import { describe, expect, it } from 'vitest';
import { secureRandom } from '../../lambdas/shared/adapters/randomness.ts';
import { newKey, newKeyId } from '../../lambdas/shared/domain/key-format.ts';
import { contract } from '../../lambdas/verify-key/contract.ts';
import { checkedThroughout, type Step } from '../fixtures/checked-throughout.ts';
import {
  block,
  issued,
  masterKey,
  type Received,
  regenerate,
  remove,
  send,
  unblock,
  update,
  verify,
} from './api-client.ts';
import { rowOf } from './local-aws.ts';

const told = ({ status, body }: Received) => (status === 200 ? body.reason : status);
const { bytes } = secureRandom;

describe('a check', async () => {
  const gateway = await issued({ key_type: 'read_only', user_id: 'gateway' });
  const manager = await issued({ key_type: 'management', user_id: 'gateway' });
  const viewer = await issued({ user_role: 'proxy_admin_viewer' });
  const ordinary = await issued({ user_id: 'ordinary' });

  const fields = { user_id: 'ada', team_id: 'engines', max_budget: 5, models: ['openai/*'] };
  const logging = [{ callback_name: 'x', callback_vars: { token: 'theirs' } }];
  const valid = await issued({ ...fields, duration: '1h', metadata: { a: 1, logging } });
  const chosen = await issued({ key: 'sk-verify-chosen-by-somebody' });
  const models = await issued({ key_type: 'llm_api', allowed_routes: ['/v1/*'] });
  const expired = await issued({ duration: '0s' });
  const blocked = await issued({ blocked: true });
  const deleted = await issued();
  await remove({ keys: [deleted.key_id] });
  const former = await issued();
  const { body: young } = await regenerate({ key: former.key_id, grace_period: '1h' });
  const past = await issued();
  await regenerate({ key: past.key_id });

  const mistyped = valid.key.slice(0, -1) + (valid.key.endsWith('A') ? 'B' : 'A');
  const forged = newKey(valid.key_id, bytes);
  const elsewhere = newKey(newKeyId(bytes), bytes);
  /** What is no key, or not any more. */
  const unknown = [
    past.key,
    mistyped,
    forged,
    elsewhere,
    newKey('master', bytes),
    valid.token,
    valid.key_id,
    'master',
    'sk-lk_',
    'sk-',
    'x',
    `sk-${'x'.repeat(10_000)}`,
    `sk-lk_${'x'.repeat(10_000)}`,
  ];

  it.each<[string, { key: string; key_id: string }]>([
    ['valid', valid],
    ['valid', chosen],
    ['valid', models],
    ['valid', young],
    ['in_grace', { ...former, key_id: young.key_id }],
    ['expired', expired],
    ['blocked', blocked],
    ['deleted', deleted],
  ])('says %s to a gateway, an admin and the key itself', async (reason, { key, key_id }) => {
    for (const caller of [gateway.key, manager.key, viewer.key, masterKey, key]) {
      const answer = await verify({ key }, caller);
      expect(told(answer)).toBe(reason);
      expect(contract.answer?.parse(answer.body)).toEqual(answer.body);
      expect(answer.body).toMatchObject({
        key_id,
        valid: reason === 'valid' || reason === 'in_grace',
      });
      expect(JSON.stringify(answer.body)).not.toContain(key);
    }
  });

  it('finds no key under what is none, and says so without a word of the one it is like', async () => {
    for (const key of [...unknown, `${valid.key} `, `Bearer ${valid.key}`, '', '🗝']) {
      const { status, body } = await verify({ key }, gateway.key);
      expect([key, status, body]).toEqual([
        key,
        200,
        { valid: false, reason: 'not_found', key_id: null },
      ]);
    }
  });

  it('is one and the same 401 for who cannot prove what it asks about', async () => {
    const answers = await Promise.all(unknown.map((key) => verify({ key }, key)));
    const nobody = await send({ method: 'POST', path: '/key/verify', body: { key: valid.key } });
    const bodies = [...answers, nobody].map(({ status, body }) => JSON.stringify([status, body]));
    expect(new Set(bodies).size).toBe(1);
    expect(bodies[0]).toContain('401');
  });

  it('tells of a valid key its limits, owner, metadata and expiry, and no credential', async () => {
    const { body } = await verify({ key: valid.key, model: 'openai/gpt-4o' }, gateway.key);
    expect(body).toMatchObject({
      ...fields,
      valid: true,
      model: 'openai/gpt-4o',
      token: valid.token,
      expires: valid.expires,
      metadata: { a: 1, logging: [{ callback_vars: { token: '********' } }] },
    });
    const { body: other } = await verify({ key: valid.key, model: 'gpt-4o' }, gateway.key);
    expect(other).toEqual({ valid: false, reason: 'model_not_allowed', key_id: valid.key_id });
  });

  it('is refused to an ordinary caller alike, whatever it asks about', async () => {
    const keys = [valid.key, blocked.key, deleted.key, masterKey, ...unknown];
    const answers = await Promise.all(keys.map((key) => verify({ key }, ordinary.key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it.each([
    [{}, 422, 'key'],
    [{ key: [valid.key] }, 422, 'key'],
    [{ key: valid.key, model: 7 }, 422, 'model'],
    ['{"key":', 422, null],
    [{ key: 'x'.repeat(270_000) }, 413, null],
  ])('of %.40j is refused', async (body, status, param) => {
    const answer = await verify(body, ordinary.key);
    expect([answer.status, answer.body.error.param]).toEqual([status, param]);
  });

  it('changes nothing', async () => {
    const before = await rowOf(valid.key_id);
    await verify({ key: valid.key });
    expect(await rowOf(valid.key_id)).toEqual(before);
  });
});

describe('checks without a pause', () => {
  const step = (name: string, says: string, made: () => Promise<Received>): Step => ({
    name,
    says,
    change: async () => {
      expect((await made()).status).toBe(200);
    },
  });

  it.each<[string, string, (key: string) => Promise<Received>]>([
    ['a delete', 'deleted', (key) => remove({ keys: [key] })],
    ['a regenerate', 'not_found', (key) => regenerate({ key, grace_period: '0s' })],
  ])('say what is true at every moment up to %s', async (name, says, last) => {
    const { key, key_id } = await issued();
    const { key: gateway } = await issued({ key_type: 'read_only' });
    const of = { key: key_id };
    let turn = 0;
    const check = async () => {
      turn += 1;
      const answer = await verify({ key }, turn % 2 === 0 ? key : gateway);
      return answer.status === 401 ? 'not_found' : String(told(answer));
    };
    const steps = [
      step('block', 'blocked', () => block(of)),
      step('unblock', 'valid', () => unblock(of)),
      step('update', 'blocked', () => update({ ...of, blocked: true })),
      step('another unblock', 'valid', () => unblock(of)),
      step('grace period', 'in_grace', () => regenerate({ ...of, grace_period: '1h' })),
      step(name, says, () => last(key_id)),
    ];
    const { wrong, checks } = await checkedThroughout(check, steps);
    expect(wrong).toEqual([]);
    expect(checks).toBeGreaterThan(2 * steps.length);
  });
});
