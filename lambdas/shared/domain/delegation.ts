/**
 * What an ordinary caller can hand out: no more than its own key has. There is no directory of users
 * and teams that could bound it, so its budget, limits, models and expiry bound the keys it makes. A
 * field left out takes the caller's own; more than that is refused.
 */
import { after } from './duration.ts';
import { InvalidField } from './errors.ts';
import type { NewKeyFields } from './new-key-fields.ts';
import { type Caller, isAdmin } from './roles.ts';

const limits = ['max_budget', 'tpm_limit', 'rpm_limit', 'max_parallel_requests'] as const;

/**
 * The fields as the caller may hand them out. What defaults and limits of the environment filled in
 * is cut to the caller's; throws `InvalidField` for what the caller itself asked for beyond that.
 */
export function withinCaller(
  asked: NewKeyFields,
  filled: NewKeyFields,
  caller: Caller,
): NewKeyFields {
  if (isAdmin(caller)) return filled;
  const own = caller.row.key;
  const bounded = { ...filled };
  for (const param of limits) {
    const ceiling = own[param];
    if (ceiling === undefined) continue;
    if ((asked[param] ?? 0) > ceiling) {
      throw new InvalidField(param, `${param} must be between 0 and ${ceiling}, your own key's.`);
    }
    Object.assign(bounded, { [param]: Math.min(filled[param] ?? ceiling, ceiling) });
  }
  if (own.models.length === 0 || own.models.includes('*')) return bounded;
  const others = (asked.models ?? []).filter((model) => !own.models.includes(model));
  if (others.length > 0) {
    throw new InvalidField('models', "models must be among your own key's.");
  }
  const chosen = (filled.models ?? []).filter((model) => own.models.includes(model));
  return { ...bounded, models: chosen.length === 0 ? own.models : chosen };
}

/** When the new key expires: with the caller's at the latest. Throws `InvalidField` for a longer `duration`. */
export function expiryWithin(
  asked: NewKeyFields,
  filled: NewKeyFields,
  caller: Caller,
  now: Date,
): string | undefined {
  const duration = filled.duration ?? null;
  const expires = duration === null ? undefined : after(now, duration, 'duration').toISOString();
  const own = isAdmin(caller) ? undefined : caller.row.key.expires;
  if (own === undefined || (expires !== undefined && expires <= own)) return expires;
  if ((asked.duration ?? null) !== null) {
    throw new InvalidField('duration', `duration must end by ${own}, when your own key expires.`);
  }
  return own;
}
