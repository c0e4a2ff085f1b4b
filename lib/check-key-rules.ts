import { aliasMatcher } from '../lambdas/shared/domain/alias.ts';
import { after, budgetResetAt, isLonger } from '../lambdas/shared/domain/duration.ts';
import { InvalidField } from '../lambdas/shared/domain/errors.ts';
import type { Environment, KeyRules } from './environment.ts';
import type { Refuse } from './environment-error.ts';

const amounts = ['max_budget', 'max_parallel_requests', 'tpm_limit', 'rpm_limit'] as const;
const durations = ['duration', 'budget_duration'] as const;
const groups = ['defaults', 'limits'] as const;

/** Refuses rules for keys under which the API would refuse requests that nothing is wrong with. */
export function checkKeyRules({ keys }: Environment, refuse: Refuse): void {
  const { aliasPattern, maxKeysPerUser } = keys;
  if (aliasPattern !== null && !isPattern(aliasPattern)) {
    refuse('keys.aliasPattern', `is "${aliasPattern}", which is no regular expression`);
  }
  if (maxKeysPerUser !== null && !(Number.isSafeInteger(maxKeysPerUser) && maxKeysPerUser > 0)) {
    refuse('keys.maxKeysPerUser', 'must be a whole number above 0, or null for any number');
  }
  checkGracePeriod(keys, refuse);
  for (const field of amounts) checkAmount(field, keys, refuse);
  for (const field of durations) checkDuration(field, keys, refuse);
}

/** As the API checks a request: a budget may have a fraction, what counts requests or tokens may not. */
function checkAmount(field: (typeof amounts)[number], keys: KeyRules, refuse: Refuse) {
  for (const group of groups) {
    const value = keys[group][field] ?? 0;
    if (!(value >= 0)) refuse(`keys.${group}.${field}`, 'is negative or no number');
    if (value === Infinity) refuse(`keys.${group}.${field}`, 'is infinite: leave it out instead');
    if (field !== 'max_budget' && !Number.isSafeInteger(value)) {
      refuse(`keys.${group}.${field}`, `is ${value}: it must be a whole number`);
    }
  }
  const [value, limit] = [keys.defaults[field], keys.limits[field]];
  if (value !== undefined && limit !== undefined && value > limit) {
    refuse(`keys.defaults.${field}`, `is above keys.limits.${field}: every key would be refused`);
  }
}

/** By the API's own rules, for a default or a limit is treated as if the request had said it. */
function checkDuration(field: (typeof durations)[number], keys: KeyRules, refuse: Refuse) {
  for (const group of groups) {
    const value = keys[group][field];
    if (value === undefined) continue;
    const problem = problemOf(field, value);
    if (problem === null) continue;
    refuse(`keys.${group}.${field}`, `is "${value}", which the API refuses: ${problem}`);
  }
  const [value, limit] = [keys.defaults[field], keys.limits[field]];
  if (value === undefined || limit === undefined) return;
  const day = anyDay.find((now) => isLonger(now, value, limit, field));
  if (day === undefined) return;
  refuse(
    `keys.defaults.${field}`,
    `is "${value}", which is longer than keys.limits.${field}, "${limit}", on ${day.toISOString().slice(0, 10)}: every key would be refused`,
  );
}

function checkGracePeriod({ gracePeriod: { standard, limit } }: KeyRules, refuse: Refuse) {
  for (const [name, value] of Object.entries({ standard, limit })) {
    if (!isDuration(value)) {
      refuse(`keys.gracePeriod.${name}`, `is "${value}", which is no duration such as "24h"`);
    }
  }
  const day = anyDay.find((now) => isLonger(now, standard, limit, 'grace_period'));
  if (day === undefined) return;
  refuse('keys.gracePeriod.standard', `is "${standard}", longer than the limit, "${limit}"`);
}

function isDuration(value: string): boolean {
  const [now = new Date()] = anyDay;
  try {
    return after(now, value, 'grace_period') >= now;
  } catch {
    return false;
  }
}

function problemOf(field: (typeof durations)[number], value: string): string | null {
  const [now = new Date()] = anyDay;
  try {
    if (field === 'budget_duration') budgetResetAt(now, value, field);
    return after(now, value, field) > now ? null : `${field} must be longer than zero.`;
  } catch (error) {
    if (error instanceof InvalidField) return error.message;
    throw error;
  }
}

/** Every day of four years: months differ, and what fits today must fit in February. */
const anyDay = Array.from(
  { length: 4 * 365 + 1 },
  (_, day) => new Date(Date.UTC(2028, 0, 1 + day)),
);

function isPattern(pattern: string): boolean {
  try {
    return aliasMatcher(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}
