/** Reads one key's row as LiteLLM's database or its `/key/list` has it. */
import * as z from 'zod/mini';
import { InvalidField } from '../../lambdas/shared/domain/errors.ts';
import type { ImportedFields } from '../../lambdas/shared/domain/imported-key.ts';
import { keyTypes, userRoles } from '../../lambdas/shared/domain/key-row.ts';
import { readTime } from '../../lambdas/shared/domain/time-text.ts';
import {
  budget,
  choice,
  entries,
  integer,
  number,
  object,
  someNumber,
  someText,
  text,
  textLists,
  texts,
  truth,
} from '../../lambdas/shared/http/fields.ts';

/** A column of JSON, which may come as text. */
const json = <Field extends z.ZodMiniType>(field: Field) => z.pipe(z.transform(parsedText), field);

function parsedText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const time = () =>
  z.nullish(
    z.pipe(
      z.string('expected a time'),
      z.transform((value, context) => {
        const at = readTime(value);
        if (at !== null) return at;
        context.issues.push({ code: 'custom', message: 'expected a time', input: value });
        return z.NEVER;
      }),
    ),
  );

const columns = {
  token: z.string('expected a SHA-256 hash'),
  key_name: text(),
  key_alias: text(),
  key_type: choice(keyTypes),
  spend: number(),
  expires: time(),
  models: json(texts()),
  aliases: json(object()),
  config: json(object()),
  permissions: json(object()),
  max_budget: budget(),
  soft_budget: budget(),
  budget_duration: text(),
  budget_reset_at: time(),
  budget_limits: json(
    entries(z.object({ max_budget: someNumber(), budget_duration: someText(), reset_at: time() })),
  ),
  budget_id: text(),
  model_max_budget: json(object()),
  budget_fallbacks: json(textLists()),
  user_id: text(),
  agent_id: text(),
  team_id: text(),
  project_id: text(),
  organization_id: text(),
  tpm_limit: integer(),
  rpm_limit: integer(),
  tpd_limit: integer(),
  max_parallel_requests: integer(),
  metadata: json(object()),
  blocked: truth(),
  allowed_routes: json(texts()),
  allowed_cache_controls: json(texts()),
  access_group_ids: json(texts()),
  object_permission: json(object()),
  object_permission_id: text(),
  router_settings: json(object()),
  auto_rotate: truth(),
  rotation_interval: text(),
  rotation_count: integer(),
  key_rotation_at: time(),
  last_rotation_at: time(),
  created_at: time(),
  created_by: text(),
  updated_at: time(),
  updated_by: text(),
  settings_updated_at: time(),
  status: text(),
  deleted_at: time(),
  // Of Latchkey's own export.
  key_id: text(),
  user_email: text(),
  user_role: choice(userRoles),
  store_secret: truth(),
};

/** Other names of columns, what is kept in metadata here, and what is only looked at. */
const others = {
  org_id: text(),
  policies: json(texts()),
  team_blocked: truth(),
  team_models: json(texts()),
  litellm_budget_table: json(
    z.nullish(z.looseObject({ soft_budget: budget(), budget_id: text() })),
  ),
};
const row = z.object({ ...columns, ...others });

/** Nothing is lost where these are left out: they follow from the rest. */
const derived = ['secret_name', 'api_key', 'soft_budget_cooldown'];

export interface ReadRow {
  readonly fields: ImportedFields;
  /** Columns that have something and are not taken. */
  readonly leftOut: readonly string[];
}

/** Throws `InvalidField` for a column of another type; what was read is never quoted. */
export function readRow(value: object): ReadRow {
  const parsed = row.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const column = String(issue?.path[0] ?? 'row');
    throw new InvalidField(column, `${issue?.path.join('.')}: ${issue?.message}.`);
  }
  const { org_id, policies, litellm_budget_table: table, ...fields } = parsed.data;
  const metadata = { ...fields.metadata };
  if (policies?.length !== undefined && policies.length > 0) metadata['policies'] ??= policies;
  return {
    fields: {
      ...fields,
      organization_id: fields.organization_id ?? org_id,
      soft_budget: fields.soft_budget ?? table?.soft_budget,
      metadata,
    },
    leftOut: Object.entries(value).flatMap(([name, member]) =>
      isTaken(name, typeof table?.budget_id === 'string') || isNothing(member) ? [] : [name],
    ),
  };
}

/** Of a budget's own row only the soft budget is a column here. */
const isTaken = (name: string, hasBudget: boolean): boolean =>
  Object.hasOwn(columns, name) ||
  derived.includes(name) ||
  (Object.hasOwn(others, name) && !(name === 'litellm_budget_table' && hasBudget));

const isNothing = (value: unknown): boolean =>
  [null, undefined, false, 0, '', '{}', '[]'].some((nothing) => nothing === value) ||
  (typeof value === 'object' && Object.keys(value ?? {}).length === 0);
