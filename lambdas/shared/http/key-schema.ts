/** Shapes of a key in answers, for the OpenAPI document and the tests that hold answers to it. */
import * as z from 'zod/mini';
import { keyTypes, userRoles } from '../domain/key-row.ts';

const text = z.nullable(z.string());
const number = z.nullable(z.number());
const object = z.record(z.string(), z.unknown());
/** UTC, milliseconds, `Z`. */
const time = z.iso.datetime({ precision: 3 });
const maybeTime = z.nullable(time);
const hash = z.string().check(z.regex(/^[0-9a-f]{64}$/));
/** Always null: LiteLLM has this field, Latchkey not the part behind it. */
const absent = z.null();

const settings = {
  key_name: z.string(),
  key_alias: text,
  key_type: z.enum(keyTypes),
  key_id: z.string(),
  spend: z.number(),
  expires: maybeTime,
  models: z.array(z.string()),
  aliases: object,
  config: object,
  permissions: object,
  user_id: text,
  team_id: text,
  organization_id: text,
  project_id: absent,
  agent_id: absent,
  max_budget: number,
  budget_duration: text,
  budget_id: absent,
  budget_limits: absent,
  budget_fallbacks: object,
  model_max_budget: object,
  litellm_budget_table: z.nullable(object),
  tpm_limit: number,
  rpm_limit: number,
  tpd_limit: absent,
  max_parallel_requests: number,
  metadata: object,
  blocked: z.nullable(z.boolean()),
  allowed_routes: z.array(z.string()),
  allowed_cache_controls: z.array(z.string()),
  access_group_ids: z.array(z.string()),
  object_permission: absent,
  created_at: time,
  created_by: z.string(),
  updated_at: time,
  updated_by: z.string(),
};

export const issuedKeyAnswer = z.strictObject({
  ...settings,
  key: z.string(),
  token: hash,
  token_id: hash,
  router_settings: object,
  duration: absent,
  tags: absent,
  guardrails: absent,
  policies: absent,
  prompts: absent,
  enforced_params: absent,
  model_rpm_limit: absent,
  model_tpm_limit: absent,
  mcp_rpm_limit: absent,
  tag_rpm_limit: absent,
  rpm_limit_type: absent,
  tpm_limit_type: absent,
  default_estimated_output_tokens: absent,
  default_estimated_output_tokens_per_model: absent,
  disable_global_guardrails: absent,
  enable_prompt_caching: absent,
  throttle_on_budget_exceeded: absent,
  end_user_budget_id: absent,
  allowed_passthrough_routes: absent,
  denied_passthrough_routes: absent,
  allowed_vector_store_indexes: absent,
});

export const keyInfoAnswer = z.strictObject({
  key: z.string(),
  info: z.strictObject({
    ...settings,
    status: z.enum(['active', 'expired', 'revoked', 'deleted']),
    soft_budget_cooldown: z.boolean(),
    total_spend: z.number(),
    model_spend: object,
    router_settings: object,
    policies: z.array(z.string()),
    object_permission_id: absent,
    budget_reset_at: maybeTime,
    auto_rotate: z.boolean(),
    rotation_interval: text,
    rotation_count: z.number(),
    key_rotation_at: maybeTime,
    last_rotation_at: maybeTime,
    last_active: maybeTime,
    settings_updated_at: maybeTime,
    litellm_organization_table: absent,
    litellm_project_table: absent,
    jwt_key_mappings: absent,
    user_email: text,
    user_role: z.nullable(z.enum(userRoles)),
    secret_name: text,
  }),
});
