/**
 * A key as LiteLLM's clients expect it: every field that its answers have, null or empty where
 * nothing is stored. Fields of parts that Latchkey does not have (budget tables, organisations,
 * routers, ...) are always null; docs/differences.md lists them.
 */
import { callerName } from '../domain/changed-by.ts';
import { type KeyImage, type KeyRow, statusOf } from '../domain/key-row.ts';
import type { StoredNotice } from '../domain/ports.ts';

const routerSettings = {
  routing_strategy_args: null,
  routing_strategy: null,
  routing_groups: null,
  retry_policy: null,
  model_group_retry_policy: null,
  model_group_affinity_config: null,
  allowed_fails: null,
  cooldown_time: null,
  num_retries: null,
  timeout: null,
  max_retries: null,
  retry_after: null,
  fallbacks: null,
  context_window_fallbacks: null,
  model_group_alias: {},
  enable_tag_filtering: null,
  weights: null,
  tag_routing_prefix: null,
  optional_pre_call_checks: null,
};

/** What every answer about a key shows. */
const settingsOf = ({ key, keyId }: KeyRow) => ({
  key_id: keyId,
  key_name: key.key_name,
  key_alias: key.key_alias ?? null,
  key_type: key.key_type ?? 'default',
  spend: key.spend,
  expires: key.expires ?? null,
  models: key.models,
  aliases: key.aliases,
  config: key.config,
  permissions: key.permissions,
  user_id: key.user_id ?? null,
  team_id: key.team_id ?? null,
  organization_id: key.organization_id ?? null,
  project_id: key.project_id ?? null,
  agent_id: key.agent_id ?? null,
  max_budget: key.max_budget ?? null,
  budget_duration: key.budget_duration ?? null,
  budget_id: key.budget_id ?? null,
  budget_limits: key.budget_limits ?? null,
  budget_fallbacks: key.budget_fallbacks ?? {},
  model_max_budget: key.model_max_budget ?? {},
  litellm_budget_table: budgetTable(key),
  tpm_limit: key.tpm_limit ?? null,
  rpm_limit: key.rpm_limit ?? null,
  tpd_limit: key.tpd_limit ?? null,
  max_parallel_requests: key.max_parallel_requests ?? null,
  metadata: withoutCredentials(key.metadata),
  blocked: key.blocked ?? null,
  allowed_routes: key.allowed_routes,
  allowed_cache_controls: key.allowed_cache_controls ?? [],
  access_group_ids: key.access_group_ids ?? [],
  created_at: key.created_at,
  created_by: key.created_by,
  updated_at: key.updated_at,
  updated_by: key.updated_by,
});

/** No answer tells the hash of the admin key, not even to itself: answers end up in logs. */
const shownHash = ({ keyId, cur }: KeyRow): string => callerName(keyId, cur.hash);

/** The answer of generate, but for the key's value: what is kept for a repeat has none. */
export const issuedKey = (row: KeyRow) => ({
  ...settingsOf(row),
  token: shownHash(row),
  token_id: shownHash(row),
  router_settings: { ...routerSettings, ...row.key.router_settings },
  // LiteLLM answers these with null even when they were sent: it keeps them elsewhere.
  object_permission: null,
  duration: null,
  tags: null,
  guardrails: null,
  policies: null,
  prompts: null,
  enforced_params: null,
  model_rpm_limit: null,
  model_tpm_limit: null,
  mcp_rpm_limit: null,
  tag_rpm_limit: null,
  rpm_limit_type: null,
  tpm_limit_type: null,
  default_estimated_output_tokens: null,
  default_estimated_output_tokens_per_model: null,
  disable_global_guardrails: null,
  enable_prompt_caching: null,
  throttle_on_budget_exceeded: null,
  end_user_budget_id: null,
  allowed_passthrough_routes: null,
  denied_passthrough_routes: null,
  allowed_vector_store_indexes: null,
});

/** The rest of the columns, which every answer but generate's has. */
const columnsOf = ({ key }: KeyRow) => ({
  soft_budget_cooldown: false,
  total_spend: 0,
  model_spend: {},
  router_settings: key.router_settings ?? {},
  object_permission: key.object_permission ?? null,
  object_permission_id: null,
  budget_reset_at: key.budget_reset_at ?? null,
  auto_rotate: key.auto_rotate,
  rotation_interval: key.rotation_interval ?? null,
  rotation_count: key.rotation_count,
  key_rotation_at: key.key_rotation_at ?? null,
  last_rotation_at: key.last_rotation_at ?? null,
  last_active: null,
  settings_updated_at: key.settings_updated_at ?? null,
});

/** What LiteLLM has of other tables, and what is our own. */
const relationsOf = ({ key, secretName }: KeyRow) => ({
  policies: [],
  litellm_organization_table: null,
  litellm_project_table: null,
  jwt_key_mappings: null,
  user_email: key.user_email ?? null,
  user_role: key.user_role ?? null,
  secret_name: secretName,
  overlap_until: key.overlap_until ?? null,
});

/** The `info` of a key: all its columns and its status, without the hash. */
export const keyInfo = (row: KeyRow, now: Date) => ({
  ...settingsOf(row),
  ...columnsOf(row),
  ...relationsOf(row),
  status: statusOf(row, now),
  ...(row.status === 'deleted' ? deletionOf(row) : {}),
});

/** What became of the latest mail about a key, so that whoever sees the key sees that it did not arrive. */
export const notificationStatus = (notice: StoredNotice | null) => {
  if (notice === null) return null;
  const { event, state, at, reason } = notice;
  return { event, state, at, ...(reason === null ? {} : { reason }) };
};

const deletionOf = ({ key }: KeyRow) => ({
  deleted_at: key.deleted_at ?? null,
  deleted_by: key.deleted_by ?? null,
  deleted_by_api_key: key.deleted_by_api_key ?? null,
  org_id: key.organization_id ?? null,
});

/** The answer of update, but for how the key was named: all columns, the hash among them, and no status. */
export const updatedKey = (row: KeyRow) => ({
  ...settingsOf(row),
  ...columnsOf(row),
  ...relationsOf(row),
  token: shownHash(row),
});

/** The answer of block and unblock, in which LiteLLM calls the organisation `org_id`. */
export const fullRow = (row: KeyRow) => ({
  ...updatedKey(row),
  org_id: row.key.organization_id ?? null,
});

/** What LiteLLM shows with a listed key of the rows it belongs to; there are none here. */
export const authFields = {
  team_spend: null,
  team_alias: null,
  team_tpm_limit: null,
  team_rpm_limit: null,
  team_tpd_limit: null,
  team_max_budget: null,
  team_soft_budget: null,
  team_model_max_budget: null,
  team_models: [],
  team_blocked: false,
  team_model_aliases: null,
  team_member: null,
  team_metadata: null,
  team_object_permission_id: null,
  team_object_permission: null,
  team_member_spend: null,
  team_member_tpm_limit: null,
  team_member_rpm_limit: null,
  end_user_id: null,
  end_user_tpm_limit: null,
  end_user_rpm_limit: null,
  end_user_tpd_limit: null,
  end_user_max_budget: null,
  end_user_model_max_budget: null,
  end_user_object_permission: null,
  organization_alias: null,
  organization_max_budget: null,
  organization_tpm_limit: null,
  organization_rpm_limit: null,
  organization_metadata: null,
  project_alias: null,
  project_metadata: null,
  last_refreshed_at: null,
  api_key: null,
  allowed_model_region: null,
  parent_otel_span: null,
  rpm_limit_per_model: null,
  tpm_limit_per_model: null,
  user_tpm_limit: null,
  user_rpm_limit: null,
  user_spend: null,
  user_max_budget: null,
  user_model_max_budget: null,
  request_route: null,
  is_session_token: false,
  user: null,
  created_by_user: null,
  jwt_claims: null,
};

/** A key as lists show it whole; a deleted one without the rows it belonged to. */
export const fullKey = (row: KeyRow, now: Date) => ({
  ...fullRow(row),
  soft_budget: row.key.soft_budget ?? null,
  status: statusOf(row, now),
  ...(row.status === 'deleted' ? deletionOf(row) : authFields),
});

/** LiteLLM keeps a soft budget in a row of its own; here it is a field of the key, shown in that form. */
function budgetTable({ soft_budget, created_at, created_by, updated_at, updated_by }: KeyImage) {
  if (soft_budget === undefined) return null;
  return {
    budget_id: null,
    max_budget: null,
    soft_budget,
    max_parallel_requests: null,
    tpm_limit: null,
    rpm_limit: null,
    tpd_limit: null,
    model_max_budget: {},
    budget_duration: null,
    budget_reset_at: null,
    allowed_models: [],
    temp_budget_increase: null,
    temp_budget_expiry: null,
    created_at,
    created_by,
    updated_at,
    updated_by,
    organization: null,
    projects: null,
    keys: null,
    end_users: null,
    tags: null,
    model_access_groups: null,
    team_membership: null,
    organization_membership: null,
  };
}

/** Credentials of third parties that logging callbacks carry are masked in every answer. */
export function withoutCredentials(metadata: KeyImage['metadata']): KeyImage['metadata'] {
  const { logging } = metadata;
  if (logging === undefined) return metadata;
  return {
    ...metadata,
    logging: Array.isArray(logging) ? logging.map(maskedCallback) : maskedCallback(logging),
  };
}

function maskedCallback(callback: unknown): unknown {
  if (typeof callback !== 'object' || callback === null || !('callback_vars' in callback)) {
    return callback;
  }
  const vars = callback.callback_vars;
  const names = typeof vars === 'object' && vars !== null ? Object.keys(vars) : [];
  return {
    ...callback,
    callback_vars: Object.fromEntries(names.map((name) => [name, '********'])),
  };
}
