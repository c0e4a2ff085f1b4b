/**
 * The Terraform provider ncecere/litellm 2.0: resources litellm_key and litellm_key_block, after
 * ncecere/terraform-provider-litellm, internal/provider/{client,resource_key,resource_key_block}.go. It
 * names keys by their value, and reads back what it made without a pause.
 */
import { describe, expect, it } from 'vitest';
import { isLetIn, masterKey, send } from '../e2e/api-client.ts';

type Config = Readonly<Record<string, unknown>>;

async function request(method: 'GET' | 'POST', path: string, body?: Config) {
  const answer = await send({
    method,
    path,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'x-api-key': masterKey,
      authorization: `Bearer ${masterKey}`,
    },
    body,
  });
  if (answer.status < 200 || answer.status > 299) {
    const text = JSON.stringify(answer.body);
    throw new Error(`API request failed with status ${answer.status}: ${text}`);
  }
  return answer.body;
}

const isNotFound = (error: unknown): boolean =>
  error instanceof Error && /not found|404|does not exist/.test(error.message);

/** An error that says that there is no such key is none: what was to go is gone. */
const orGone = (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });

const read = async (key: string) =>
  (await request('GET', `/key/info?key=${encodeURIComponent(key)}`)).info;

const create = async (config: Config) => {
  const { key } = await request('POST', '/key/generate', config);
  return { key, state: await read(key) };
};

const createServiceAccount = async (id: string, config: Config) => {
  const body = { ...config, key_alias: id, metadata: { service_account_id: id } };
  const { key } = await request('POST', '/key/service-account/generate', body);
  return { key, state: await read(key) };
};

const update = async (key: string, config: Config) => {
  await request('POST', '/key/update', { ...config, key });
  return read(key);
};

const destroy = (key: string) => orGone(request('POST', '/key/delete', { keys: [key] }));

describe('Terraform provider ncecere/litellm', () => {
  const config = {
    key_alias: 'ncecere/full',
    models: ['gpt-4o', 'gpt-4o-mini'],
    max_budget: 100,
    tpm_limit: 50_000,
    rpm_limit: 200,
    tpm_limit_type: 'best_effort_throughput',
    rpm_limit_type: 'best_effort_throughput',
    budget_duration: '30d',
    max_parallel_requests: 10,
    soft_budget: 80,
    duration: '90d',
    blocked: false,
    allowed_routes: ['llm_api_routes'],
    allowed_cache_controls: ['no-cache'],
    metadata: { environment: 'testing', owner: 'terraform' },
    model_rpm_limit: { 'gpt-4o': 100 },
    model_tpm_limit: { 'gpt-4o': 25_000 },
    tags: ['testing'],
  };
  /** What it reads where the answer has it; a value that differs would be a change in every plan. */
  const readBack = {
    key_alias: 'ncecere/full',
    models: config.models,
    max_budget: 100,
    tpm_limit: 50_000,
    rpm_limit: 200,
    max_parallel_requests: 10,
    budget_duration: '30d',
    blocked: false,
    allowed_routes: config.allowed_routes,
    allowed_cache_controls: config.allowed_cache_controls,
    metadata: { ...config.metadata, tags: ['testing'] },
  };

  it('reads at once what it made, changes it, destroys it, and takes a second destroy for done', async () => {
    const { key, state } = await create(config);
    expect(state).toMatchObject(readBack);
    const changes = { max_budget: 50, models: ['gpt-4o'], key_alias: 'ncecere/renamed' };
    expect(await update(key, { ...config, ...changes })).toMatchObject({ ...readBack, ...changes });
    await destroy(key);
    await destroy(key);
    expect(await isLetIn(key)).toBe(false);
    // As in LiteLLM, which shows deleted keys too: its next read does not take the key out of its state.
    expect(await read(key)).toMatchObject({ status: 'deleted' });
  });

  it('reads a chosen value with characters that mean something in a URL', async () => {
    const key = 'sk-smoke-test#special!chars';
    const made = await create({ key, key_alias: 'ncecere/special' });
    expect(made).toMatchObject({ key, state: { key_alias: 'ncecere/special' } });
  });

  it('makes a key without any argument', async () => {
    const { state } = await create({});
    expect(state).toMatchObject({ key_alias: null, models: [], max_budget: null });
  });

  it("makes a team's service account, named by its id", async () => {
    const ofTeam = { team_id: 'team-a', models: ['all-team-models'] };
    const { state } = await createServiceAccount('github-ci', ofTeam);
    expect(state).toMatchObject({ key_alias: 'github-ci', team_id: 'team-a', user_id: null });
    expect(state.metadata).toMatchObject({ service_account_id: 'github-ci' });
  });

  it('blocks a key, sees that it is, and unblocks it', async () => {
    const { key } = await create({});
    await request('POST', '/key/block', { key });
    expect((await read(key)).blocked).toBe(true);
    await orGone(request('POST', '/key/unblock', { key }));
    expect((await read(key)).blocked).toBe(false);
    await destroy(key);
    await orGone(request('POST', '/key/unblock', { key }));
  });

  it('takes an unknown key out of its state', async () => {
    await expect(read('sk-never-there-at-all')).rejects.toSatisfy(isNotFound);
  });
});
