/** Shapes of a key in answers, for the OpenAPI document and the tests that hold answers to it. */
import * as z from 'zod/mini';
import { keyTypes, userRoles } from '../domain/key-row.ts';
import { authFields } from './key-answer.ts';

const text = z.nullable(z.string());
const number = z.nullable(z.number());
const object = z.record(z.string(), z.unknown());
/** UTC, milliseconds, `Z`. */
const time = z.iso.datetime({ precision: 3 });
const maybeTime = z.nullable(time);
/** Of the current value; the admin key's is not told. */
const hash = z.string().check(z.regex(/^([0-9a-f]{64}|litellm_proxy_master_key)$/));
/** Always null: LiteLLM has this field, Latchkey not the part behind it. */
const absent = z.null();

const status = z.enum(['active', 'expired', 'revoked', 'deleted']);

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
  project_id: text,
  agent_id: text,
  max_budget: number,
  budget_duration: text,
  budget_id: text,
  budget_limits: z.nullable(
    z.array(
      z.strictObject({ budget_duration: z.string(), max_budget: z.number(), reset_at: time }),
    ),
  ),
  budget_fallbacks: object,
  model_max_budget: object,
  litellm_budget_table: z.nullable(object),
  tpm_limit: number,
  rpm_limit: number,
  tpd_limit: number,
  max_parallel_requests: number,
  metadata: object,
  blocked: z.nullable(z.boolean()),
  allowed_routes: z.array(z.string()),
  allowed_cache_controls: z.array(z.string()),
  access_group_ids: z.array(z.string()),
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
  object_permission: absent,
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

export const rotatedKeyAnswer = z.strictObject({
  ...issuedKeyAnswer.shape,
  /** Until when the former value is let in; null where it is not. */
  overlap_until: maybeTime,
  /** Whether this ended the grace period of an earlier rotation. */
  ended_overlap: z.boolean(),
});

const columns = {
  soft_budget_cooldown: z.boolean(),
  total_spend: z.number(),
  model_spend: object,
  router_settings: object,
  object_permission: z.nullable(object),
  object_permission_id: absent,
  budget_reset_at: maybeTime,
  auto_rotate: z.boolean(),
  rotation_interval: text,
  rotation_count: z.number(),
  key_rotation_at: maybeTime,
  last_rotation_at: maybeTime,
  last_active: absent,
  settings_updated_at: maybeTime,
};

const relations = {
  policies: z.array(z.string()),
  litellm_organization_table: absent,
  litellm_project_table: absent,
  jwt_key_mappings: absent,
  user_email: text,
  user_role: z.nullable(z.enum(userRoles)),
  secret_name: text,
  overlap_until: maybeTime,
};

/** Of a deleted key alone. */
const deletion = {
  deleted_at: z.optional(time),
  deleted_by: z.optional(text),
  deleted_by_api_key: z.optional(text),
};

export const keyInfoAnswer = z.strictObject({
  key: z.string(),
  info: z.strictObject({
    ...settings,
    ...columns,
    ...relations,
    status,
    ...deletion,
    org_id: z.optional(text),
    /** What became of the latest mail about the key; null where there is none. */
    notification_status: z.nullable(
      z.strictObject({
        event: z.string(),
        state: z.string(),
        at: z.string(),
        reason: z.optional(z.string()),
      }),
    ),
    /** Where the value that was named has been rotated away. */
    superseded: z.optional(z.literal(true)),
  }),
});

export const updatedKeyAnswer = z.strictObject({
  ...settings,
  ...columns,
  ...relations,
  key: z.string(),
  token: hash,
});

/** The same of a key that has just been changed. */
export const changedKeyAnswer = z.strictObject({
  ...updatedKeyAnswer.shape,
  settings_updated_at: time,
});

const fullRow = {
  ...settings,
  ...columns,
  ...relations,
  token: hash,
  org_id: text,
};

export const fullRowAnswer = z.strictObject({ ...fullRow, settings_updated_at: time });

/** Always the same: LiteLLM has these rows, Latchkey does not. */
const ofOtherRows = Object.fromEntries(
  Object.entries(authFields).map(([name, value]) => [
    name,
    value === null ? absent : value === false ? z.literal(false) : z.array(z.string()),
  ]),
);

const listed = { ...fullRow, soft_budget: number, status };

export const fullKeyAnswer = z.union([
  z.strictObject({ ...listed, ...ofOtherRows }),
  z.strictObject({ ...listed, ...deletion }),
]);
