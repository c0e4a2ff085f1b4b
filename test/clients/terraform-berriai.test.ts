/**
 * The Terraform provider BerriAI/litellm 0.4, resource litellm_key, after
 * BerriAI/terraform-provider-litellm, litellm/{client,resource_key,types}.go. It keeps the token hash as
 * the key's id, and names the key by it from the next request on.
 */
import { describe, expect, it } from 'vitest';
import { info, isLetIn, masterKey, send } from '../e2e/api-client.ts';

type Config = Readonly<Record<string, unknown>>;

async function request(method: 'GET' | 'POST', path: string, body?: Config) {
  const headers = {
    'content-type': 'application/json',
    'x-api-key': masterKey,
    accept: 'application/json',
  };
  const answer = await send({ method, path, headers, body });
  if (answer.status !== 200) {
    const text = JSON.stringify(answer.body);
    throw new Error(`API request failed with status code ${answer.status}: ${text}`);
  }
  return answer.body;
}

/** Of the answer it takes the members beside `info`: there is `key`. */
const read = async (id: string): Promise<string> =>
  (await request('GET', `/key/info?key=${id}`)).key;

async function create(config: Config): Promise<{ id: string; key: string }> {
  const body = { models: [], blocked: false, ...config };
  const { token_id: id, key } = await request('POST', '/key/generate', body);
  await read(id);
  return { id, key };
}

/** Sends these whether they are set or not; lists only where they have members. */
async function update(id: string, config: Config): Promise<void> {
  await request('POST', '/key/update', {
    team_id: '',
    metadata: {},
    budget_duration: '',
    key_alias: '',
    aliases: {},
    permissions: {},
    model_max_budget: {},
    model_rpm_limit: {},
    model_tpm_limit: {},
    blocked: false,
    ...config,
    key: id,
  });
  await read(id);
}

const destroy = (id: string) => request('POST', '/key/delete', { keys: [id] });

describe('Terraform provider BerriAI/litellm', () => {
  const config = {
    key_alias: 'berriai/full',
    models: ['gpt-4o'],
    max_budget: 100,
    soft_budget: 80,
    budget_duration: '30d',
    max_parallel_requests: 5,
    tpm_limit: 1000,
    rpm_limit: 60,
    team_id: 'team456',
    metadata: { environment: 'production' },
    aliases: { 'gpt-3.5-turbo': 'chatgpt' },
    permissions: { can_create_keys: 'true' },
    model_max_budget: { 'gpt-4o': 50 },
    model_rpm_limit: { 'gpt-4o': 30 },
    model_tpm_limit: { 'gpt-4o': 500 },
    guardrails: ['content_filter'],
    tags: ['production', 'api'],
  };

  it('reads by hash, at once, what it made, changes it and destroys it', async () => {
    const { id, key } = await create({
      ...config,
      user_id: 'user123',
      allowed_cache_controls: ['no-cache'],
      duration: '30d',
      config: { default_model: 'gpt-4o' },
    });
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await read(id)).toBe(id);

    await update(id, { ...config, max_budget: 50, blocked: true });
    const { models, aliases, permissions, team_id } = config;
    expect((await info(id)).body.info).toMatchObject({
      models,
      aliases,
      permissions,
      team_id,
      max_budget: 50,
      blocked: true,
      user_id: 'user123',
    });
    expect(await isLetIn(key)).toBe(false);

    await update(id, config);
    expect(await isLetIn(key)).toBe(true);
    await destroy(id);
    expect(await isLetIn(key)).toBe(false);
  });

  it('makes, changes and destroys a key with the least it can be given', async () => {
    const least = { key_alias: 'berriai/least', budget_duration: '30d' };
    const { id } = await create(least);
    await update(id, { ...least, max_budget: 1 });
    await destroy(id);
  });

  it('shows a refusal with status and body', async () => {
    const { id } = await create({});
    const refusal = /status code 400: \{"error":\{.*budget_duration/;
    // LiteLLM refuses the empty duration too, and so the provider's users have to name one.
    await expect(update(id, { key_alias: 'berriai/no-window' })).rejects.toThrow(refusal);
    await expect(destroy('0'.repeat(64))).rejects.toThrow('status code 404');
  });
});
