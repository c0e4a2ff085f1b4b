/** Key defaults and upper limits of an environment, as LiteLLM applies them. */

import { isLonger } from './duration.ts';
import { InvalidField } from './errors.ts';
import { isGiven, type KeyFields, named } from './key-fields.ts';
import type { KeyDefaults, KeyLimits } from './settings.ts';

/** Fills what the request leaves out. An explicit `budget_duration: null` keeps its default away. */
export function withDefaults(fields: KeyFields, defaults: KeyDefaults): KeyFields {
  const values = named(fields);
  const filled = Object.entries(defaults).filter(([param]) => {
    const value = values[param];
    if (param === 'budget_duration') return value === undefined;
    // Empty models and metadata are left out, as LiteLLM has it; no other default is of a list or object.
    return !isGiven(value) || (typeof value === 'object' && Object.keys(value ?? {}).length === 0);
  });
  return { ...fields, ...Object.fromEntries(filled) };
}

/** Throws `InvalidField` for a value above its limit; a value left out takes the limit. */
export function withinLimits(fields: KeyFields, limits: KeyLimits, now: Date): KeyFields {
  const values = named(fields);
  const filled = Object.entries(limits).filter(([param, limit]) => {
    const value = values[param];
    if (isAbove(param, value, limit, now)) throw above(param, limit);
    return !isGiven(value);
  });
  return { ...fields, ...Object.fromEntries(filled) };
}

/**
 * Throws `InvalidField` for a changed value above its limit, and for null where there is a limit: it
 * would lift what a new key cannot be without. A value left out stays as it is.
 */
export function checkLimits(fields: KeyFields, limits: KeyLimits, now: Date): void {
  withinLimits(fields, limits, now);
  const lifted = Object.entries(limits).find(([param]) => named(fields)[param] === null);
  if (lifted === undefined) return;
  const [param, limit] = lifted;
  throw new InvalidField(
    param,
    `${param} cannot be taken away: at most ${limit} is allowed in this environment.`,
  );
}

const isAbove = (param: string, value: unknown, limit: number | string, now: Date): boolean =>
  typeof limit === 'number'
    ? typeof value === 'number' && value > limit
    : typeof value === 'string' && isLonger(now, value, limit, param);

const above = (param: string, limit: number | string): InvalidField =>
  new InvalidField(
    param,
    typeof limit === 'number'
      ? `${param} must be between 0 and ${limit} in this environment.`
      : `${param} must be at most ${limit} in this environment.`,
  );
