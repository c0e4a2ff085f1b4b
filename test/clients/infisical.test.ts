/**
 * Infisical's rotation of LiteLLM keys: what it sends and what it reads, after
 * Infisical/infisical, backend/src/ee/services/secret-rotation-v2/litellm-api-key/litellm-api-key-rotation-fns.ts
 * and backend/src/services/app-connection/litellm/litellm-connection-fns.ts.
 */
import { describe, expect, it } from 'vitest';
import { info, isLetIn, issued, masterKey, post, send } from '../e2e/api-client.ts';

interface Parameters {
  readonly name: string;
  readonly userId?: string;
  readonly teamId?: string;
  readonly models?: readonly string[];
  readonly additionalOptions?: string;
}

const refused = ({ body }: Awaited<ReturnType<typeof send>>): Error =>
  new Error(body.error?.message ?? JSON.stringify(body.detail));

const rotation = (provisioningKey: string, parameters: Parameters) => {
  const { name, userId, teamId, models, additionalOptions } = parameters;
  const authorization = `Bearer ${provisioningKey}`;

  const create = async (): Promise<string> => {
    const answer = await post(
      '/key/generate',
      {
        ...(additionalOptions === undefined ? {} : JSON.parse(additionalOptions)),
        ...(userId === undefined ? {} : { user_id: userId }),
        ...(teamId === undefined ? {} : { team_id: teamId }),
        ...(models === undefined ? {} : { models }),
        key_alias: `${name}-${Date.now()}`,
        auto_rotate: false,
        send_invite_email: false,
      },
      provisioningKey,
    );
    if (answer.status !== 200) throw refused(answer);
    return answer.body.key;
  };
  const revoke = async (value: string): Promise<void> => {
    const answer = await post('/key/delete', { keys: [value] }, provisioningKey);
    // Either means to it that the key is gone already.
    if (![200, 400, 404].includes(answer.status)) throw refused(answer);
  };
  const verify = async (value: string): Promise<void> => {
    const path = `/key/info?key=${encodeURIComponent(value)}`;
    const answer = await send({ path, headers: { authorization } });
    if (answer.status !== 200) throw refused(answer);
  };
  return { create, revoke, verify };
};

const connects = async (key: string): Promise<boolean> =>
  (await send({ path: '/key/info', headers: { authorization: `Bearer ${key}` } })).status === 200;

describe('Infisical', () => {
  it('has its connection checked by a look-up of the key it connects with', async () => {
    const admin = await issued({ user_role: 'proxy_admin' });
    expect(await connects(masterKey)).toBe(true);
    expect(await connects(admin.key)).toBe(true);
    expect(await connects('sk-wrong')).toBe(false);
  });

  it.each([
    ['the master key', async () => masterKey],
    ["an admin's key", async () => (await issued({ user_role: 'proxy_admin' })).key],
  ])('rotates with %s: the new key is there before the old one goes', async (_, keyOf) => {
    const { create, revoke, verify } = rotation(await keyOf(), {
      name: 'infisical',
      userId: 'svc',
      teamId: 'team-a',
      models: ['gpt-4o'],
      additionalOptions: '{"max_budget": 5, "duration": "30d", "metadata": {"by": "infisical"}}',
    });
    const old = await create();
    await verify(old);
    const fresh = await create();
    await verify(fresh);
    expect(await isLetIn(old)).toBe(true);
    await revoke(old);
    expect([await isLetIn(old), await isLetIn(fresh)]).toEqual([false, true]);
    expect((await info(fresh)).body.info).toMatchObject({
      user_id: 'svc',
      team_id: 'team-a',
      models: ['gpt-4o'],
      max_budget: 5,
      metadata: { by: 'infisical' },
    });
  });

  it('takes a key that is gone for revoked, however often it asks', async () => {
    const { create, revoke } = rotation(masterKey, { name: 'infisical-gone' });
    const key = await create();
    await revoke(key);
    await revoke(key);
    await revoke('sk-never-there-at-all');
  });

  it('finds the reason of a refusal in error.message', async () => {
    const options = { name: 'infisical-refused', additionalOptions: '{"duration": "soon"}' };
    await expect(rotation(masterKey, options).create()).rejects.toThrow(/duration/);
    await expect(rotation('sk-wrong', options).create()).rejects.toThrow(/[Aa]uthenticat|key/);
  });
});
