/** `POST /key/health` on the deployed stack. */
import { expect, it } from 'vitest';
import { block, issued, masterKey, post, regenerate, remove } from './api-client.ts';

const health = (key: string, body?: unknown) => post('/key/health', body, key);
const healthy = { key: 'healthy', logging_callbacks: null };

it('a key that is let in is healthy, whatever its role, and both values of a grace period', async () => {
  const old = await issued({ metadata: { logging: [{ callback_name: 'x' }] } });
  const { body: young } = await regenerate({ key: old.key_id, grace_period: '1h' });
  const looking = await issued({ user_role: 'internal_user_viewer', key_type: 'read_only' });
  for (const key of [masterKey, old.key, young.key, looking.key]) {
    for (const body of [undefined, {}, '{']) {
      const answer = await health(key, body);
      expect([answer.status, answer.body]).toEqual([200, healthy]);
    }
  }
});

it('one that is not gets the 401 that says why, and who has proved nothing the one that does not', async () => {
  const expired = await issued({ duration: '0s' });
  const blocked = await issued();
  await block({ key: blocked.key_id });
  const deleted = await issued();
  await remove({ keys: [deleted.key_id] });
  for (const [why, { key }] of Object.entries({ expired, blocked, deleted })) {
    const { status, body } = await health(key);
    expect([status, body.error.message]).toEqual([401, expect.stringContaining(why)]);
  }
  const lost = [blocked.token, blocked.key_id, `${blocked.key}x`, 'sk-nobody-has-this-one'];
  const answers = await Promise.all(lost.map((key) => health(key)));
  expect(answers.map(({ status }) => status)).toEqual(lost.map(() => 401));
  expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
});

it('a key for models alone is refused', async () => {
  const { key } = await issued({ key_type: 'llm_api' });
  expect((await health(key)).status).toBe(403);
});
