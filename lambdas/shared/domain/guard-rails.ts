/** Key defaults and upper limits of an environment, as LiteLLM applies them. */

import { isLonger } from './duration.ts';
import { InvalidField } from './errors.ts';
import type { NewKeyFields } from './new-key-fields.ts';
import type { KeyDefaults, KeyLimits } from './settings.ts';

/** Fills what the request leaves out. An explicit `budget_duration: null` keeps its default away. */
export function withDefaults(fields: NewKeyFields, defaults: KeyDefaults): NewKeyFields {
  return {
    ...fields,
    max_budget: fields.max_budget ?? defaults.max_budget,
    max_parallel_requests: fields.max_parallel_requests ?? defaults.max_parallel_requests,
    tpm_limit: fields.tpm_limit ?? defaults.tpm_limit,
    rpm_limit: fields.rpm_limit ?? defaults.rpm_limit,
    budget_duration:
      fields.budget_duration === undefined ? defaults.budget_duration : fields.budget_duration,
    duration: fields.duration ?? defaults.duration,
    user_id: fields.user_id ?? defaults.user_id,
    team_id: fields.team_id ?? defaults.team_id,
    models: isEmpty(fields.models) ? defaults.models : fields.models,
    metadata: isEmpty(fields.metadata) ? defaults.metadata : fields.metadata,
  };
}

/** Throws `InvalidField` for a value above its limit; a value left out takes the limit. */
export function withinLimits(fields: NewKeyFields, limits: KeyLimits, now: Date): NewKeyFields {
  return {
    ...fields,
    max_budget: atMost('max_budget', fields.max_budget, limits.max_budget),
    max_parallel_requests: atMost(
      'max_parallel_requests',
      fields.max_parallel_requests,
      limits.max_parallel_requests,
    ),
    tpm_limit: atMost('tpm_limit', fields.tpm_limit, limits.tpm_limit),
    rpm_limit: atMost('rpm_limit', fields.rpm_limit, limits.rpm_limit),
    budget_duration: notLonger(
      'budget_duration',
      fields.budget_duration,
      limits.budget_duration,
      now,
    ),
    duration: notLonger('duration', fields.duration, limits.duration, now),
  };
}

type Maybe<T> = T | null | undefined;

function atMost(param: string, value: Maybe<number>, limit: number | undefined): Maybe<number> {
  if (limit === undefined) return value;
  if (value !== undefined && value !== null && value > limit) {
    throw new InvalidField(param, `${param} must be between 0 and ${limit} in this environment.`);
  }
  return value ?? limit;
}

function notLonger(
  param: string,
  value: Maybe<string>,
  limit: string | undefined,
  now: Date,
): Maybe<string> {
  if (limit === undefined) return value;
  if (value !== undefined && value !== null && isLonger(now, value, limit, param)) {
    throw new InvalidField(param, `${param} must be at most ${limit} in this environment.`);
  }
  return value ?? limit;
}

const isEmpty = (value: Maybe<object>): boolean =>
  value === undefined || value === null || Object.keys(value).length === 0;
