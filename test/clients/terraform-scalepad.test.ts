/**
 * The Terraform provider scalepad/litellm, resource litellm_key, after
 * scalepad/terraform-provider-litellm, internal/key/{key,key_crud,resource_key,resource_key_state_migration}.go.
 * It names keys by token hash and reads answers into Go types: one member of another type fails it all.
 */
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { isLetIn, masterKey, send } from '../e2e/api-client.ts';

type Config = Readonly<Record<string, unknown>>;

// Go takes null, and an absent member, for the type's empty value.
const text = z.nullish(z.string());
const number = z.nullish(z.number());
const whole = z.nullish(z.int());
const flag = z.nullish(z.boolean());
const texts = z.nullish(z.array(z.string()));
const map = z.nullish(z.record(z.string(), z.unknown()));
const time = z.nullish(z.iso.datetime({ offset: true }));

const common = {
  key_name: text,
  key_alias: text,
  spend: number,
  max_budget: number,
  expires: time,
  models: texts,
  aliases: map,
  config: map,
  user_id: text,
  team_id: text,
  max_parallel_requests: whole,
  metadata: map,
  tpm_limit: whole,
  rpm_limit: whole,
  budget_duration: text,
  allowed_cache_controls: texts,
  allowed_routes: texts,
  permissions: map,
  model_max_budget: map,
  blocked: flag,
  created_at: time,
  created_by: text,
  updated_at: time,
  updated_by: text,
};
const columns = {
  ...common,
  budget_reset_at: time,
  model_spend: map,
  soft_budget_cooldown: flag,
  object_permission_id: text,
};
const generated = z.object({
  ...common,
  key: z.string(),
  token: text,
  token_id: z.string(),
  budget_id: text,
  duration: text,
  key_type: text,
  soft_budget: number,
  model_rpm_limit: map,
  model_tpm_limit: map,
  enforced_params: map,
  guardrails: texts,
  prompts: texts,
  tags: texts,
  send_invite_email: flag,
});
const shown = z.object({
  key: z.string(),
  info: z.object({ ...columns, budget_id: text, organization_id: text }),
});
const listed = z.object({
  keys: z.array(
    z.object({
      ...columns,
      token: z.string(),
      org_id: text,
      team_spend: number,
      team_alias: text,
      team_tpm_limit: whole,
      team_rpm_limit: whole,
      team_max_budget: number,
      team_models: texts,
      team_blocked: flag,
      soft_budget: number,
      team_member_spend: number,
      end_user_id: text,
      end_user_tpm_limit: whole,
      end_user_rpm_limit: whole,
      end_user_max_budget: number,
      last_refreshed_at: time,
      api_key: text,
      user_role: text,
      allowed_model_region: text,
      parent_otel_span: text,
      user_tpm_limit: whole,
      user_rpm_limit: whole,
      user_email: text,
      request_route: text,
    }),
  ),
  total_count: z.int(),
  current_page: z.int(),
  total_pages: z.int(),
});

async function request(method: 'GET' | 'POST', path: string, body?: Config): Promise<unknown> {
  const headers = {
    'content-type': 'application/json',
    'x-api-key': masterKey,
    accept: 'application/json',
  };
  const answer = await send({ method, path, headers, body });
  if (answer.status !== 200) throw new Error(`API request failed: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** It always says these two. */
const flags = { send_invite_email: false, blocked: false };

const read = async (id: string) =>
  shown.parse(await request('GET', `/key/info?key=${encodeURIComponent(id)}`)).info;

async function create(config: Config) {
  const body = { ...flags, key_type: 'default', ...config };
  const made = generated.parse(await request('POST', '/key/generate', body));
  return { id: made.token_id, key: made.key, state: await read(made.token_id) };
}

async function update(id: string, changes: Config) {
  await request('POST', '/key/update', { ...flags, ...changes, key: id });
  return read(id);
}

const destroy = (id: string) => request('POST', '/key/delete', { keys: [id] });

/** How it finds the hash where an older state has none. */
async function findByAlias(alias: string): Promise<string | undefined> {
  const filter = `key_alias=${encodeURIComponent(alias)}`;
  const path = `/key/list?page=1&size=10&${filter}&return_full_object=true&include_team_keys=false&sort_order=desc`;
  return listed.parse(await request('GET', path)).keys[0]?.token;
}

describe('Terraform provider scalepad/litellm', () => {
  it('reads all types as its own: made, read by hash at once, changed, found, destroyed', async () => {
    const config = {
      key_alias: 'scalepad/full',
      models: ['gpt-4o'],
      max_budget: 10.5,
      soft_budget: 8,
      budget_duration: '30d',
      tpm_limit: 1000,
      rpm_limit: 60,
      max_parallel_requests: 5,
      user_id: 'ada',
      team_id: 'team-a',
      metadata: { environment: 'production' },
      aliases: { fast: 'gpt-4o' },
      permissions: { read: 'true' },
    };
    const { id, key, state } = await create({
      ...config,
      duration: '30d',
      allowed_cache_controls: ['no-cache'],
      guardrails: ['content_filter'],
      tags: ['api'],
      model_max_budget: { 'gpt-4o': 5 },
      model_rpm_limit: { 'gpt-4o': 30 },
      model_tpm_limit: { 'gpt-4o': 500 },
    });
    const { soft_budget: _, metadata, ...readBack } = config;
    expect(state).toMatchObject(readBack);
    expect(state.metadata).toMatchObject(metadata);
    expect(await update(id, { max_budget: 20 })).toMatchObject({ ...readBack, max_budget: 20 });
    expect(await findByAlias('scalepad/full')).toBe(id);
    await destroy(id);
    expect(await isLetIn(key)).toBe(false);
    expect(await findByAlias('scalepad/full')).toBeUndefined();
  });

  it('reads a key that was given nothing', async () => {
    const { id } = await create({});
    expect(await update(id, {})).toMatchObject({ key_alias: null, models: [] });
  });
});
