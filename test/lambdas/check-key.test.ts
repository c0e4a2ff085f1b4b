/** `POST /key/health`: whether the key that calls is let in. */
import { describe, expect, it } from 'vitest';
import { keyTypes, userRoles } from '../../lambdas/shared/domain/key-row.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { ask, issue, unknownNames, untouched } from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const health = (service: Service, key: string, body?: unknown) =>
  untouched(service, () => ask(service, { path: '/key/health', key, body }));

describe('check-key', () => {
  it.each(userRoles.flatMap((role) => keyTypes.map((type) => [role, type] as const)))(
    'finds a key healthy that is let in: %s with a key of type %s',
    async (user_role, key_type) => {
      const service = await startedService();
      const { key } = await issue(service, { user_role, key_type });
      const { status, body } = await health(service, key);
      if (key_type === 'llm_api') expect([status, body.error.type]).toEqual([403, 'auth_error']);
      else expect([status, body]).toEqual([200, { key: 'healthy', logging_callbacks: null }]);
    },
  );

  it('finds the admin key healthy, and both values of an overlap, whatever is in the body', async () => {
    const service = await startedService();
    const old = await issue(service, { metadata: { logging: [{ callback_name: 'x' }] } });
    const asked = { path: '/key/regenerate', body: { key: old.key_id, grace_period: '1h' } };
    const { body: young } = await ask(service, asked);
    for (const key of [masterKey, old.key, young.key]) {
      for (const body of [undefined, {}, '{', { key: 'sk-of-somebody-else' }]) {
        const answer = await health(service, key, body);
        expect(answer.body).toEqual({ key: 'healthy', logging_callbacks: null });
      }
    }
  });

  it.each([
    ['expired', { duration: '0s' }],
    ['blocked', { blocked: true }],
    ['deleted', {}],
  ])('says in a 401 why a key is not let in: %s', async (state, fields) => {
    const service = await startedService();
    const { key, key_id } = await issue(service, fields);
    if (state === 'deleted') await ask(service, { path: '/key/delete', body: { keys: [key_id] } });
    const { status, body } = await health(service, key);
    expect([status, body.error.message]).toEqual([401, expect.stringContaining(state)]);
  });

  it('says nothing to who has proved nothing', async () => {
    const service = await startedService();
    const { token, key_id } = await issue(service);
    const answers = await Promise.all(
      [...unknownNames, token, key_id].map((key) => health(service, key)),
    );
    for (const { status } of answers) expect(status).toBe(401);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it('is for keys whose allowed_routes have it', async () => {
    const service = await startedService();
    for (const [route, expected] of [
      ['/key/health', 200],
      ['info_routes', 200],
      ['/key/verify', 403],
    ] as const) {
      const { key } = await issue(service, { allowed_routes: [route] });
      expect((await health(service, key)).status).toBe(expected);
    }
  });
});
