/**
 * What an ordinary caller can hand out: no more than its own key has. There is no directory of users
 * and teams that could bound it, so its budget, limits, models and expiry bound the keys it makes and
 * the changes of its keys. A field left out of a new key takes the caller's own; more is refused.
 */
import { canonicalJson } from './canonical-json.ts';
import { after } from './duration.ts';
import { InvalidField } from './errors.ts';
import { type BudgetWindow, fieldRules, isGiven, type KeyFields, valueIn } from './key-fields.ts';
import type { KeyImage, KeyRow } from './key-row.ts';
import { allowedRoutes, type Caller, isAdmin } from './roles.ts';

/** At most what the caller's key has. */
const limits = [
  'max_budget',
  'tpm_limit',
  'rpm_limit',
  'tpd_limit',
  'max_parallel_requests',
] as const;

/** Just what the caller's key has: what would be more of it, and what less, is for the gateway to say. */
const inherited = [
  'budget_id',
  'model_max_budget',
  'object_permission',
  'allowed_routes',
  'model_rpm_limit',
  'model_tpm_limit',
  'mcp_rpm_limit',
  'tag_rpm_limit',
  'guardrails',
  'policies',
  'enforced_params',
  'allowed_vector_store_indexes',
  'allowed_passthrough_routes',
  'denied_passthrough_routes',
] as const;

/**
 * The fields of a new key as the caller may hand them out. What defaults and limits of the environment
 * filled in is cut to the caller's; throws `InvalidField` for what the caller itself asked for beyond
 * that.
 */
export function withinCaller(asked: KeyFields, filled: KeyFields, caller: Caller): KeyFields {
  if (isAdmin(caller)) return filled;
  const own = caller.row.key;
  const bounded = { ...filled, budget_limits: windowsWithin(asked.budget_limits ?? [], own) };
  for (const param of limits) {
    const ceiling = own[param];
    if (ceiling === undefined) continue;
    if ((asked[param] ?? 0) > ceiling) throw aboveOwn(param, ceiling);
    Object.assign(bounded, { [param]: Math.min(filled[param] ?? ceiling, ceiling) });
  }
  for (const [param, value] of bindingOn(own)) {
    if (askedFor(param, asked).some((other) => !isSame(other, value))) throw unlikeOwn(param);
    Object.assign(bounded, { [param]: value });
  }
  if (own.models.length === 0 || own.models.includes('*')) return bounded;
  if (hasOthers(asked.models ?? [], own)) throw foreignModels();
  checkStandIns(asked, own);
  const chosen = (filled.models ?? []).filter((model) => own.models.includes(model));
  return { ...bounded, models: chosen.length === 0 ? own.models : chosen };
}

/** When the new key expires: with the caller's at the latest. Throws `InvalidField` for a longer `duration`. */
export function expiryWithin(
  asked: KeyFields,
  filled: KeyFields,
  caller: Caller,
  now: Date,
): string | undefined {
  const duration = filled.duration ?? null;
  const expires = duration === null ? undefined : after(now, duration, 'duration').toISOString();
  const own = isAdmin(caller) ? undefined : caller.row.key.expires;
  if (own === undefined || (expires !== undefined && expires <= own)) return expires;
  if ((asked.duration ?? null) !== null) throw beyondOwn(own);
  return own;
}

/**
 * Throws `InvalidField` where a change by an ordinary caller would lead beyond its own key. What is
 * sent as it is stored is no change.
 *
 * @param expires undefined where the expiry stays, null where it is cleared
 */
export function checkChangeWithin(
  asked: KeyFields,
  expires: string | null | undefined,
  row: KeyRow,
  caller: Caller,
): void {
  if (isAdmin(caller)) return;
  const own = caller.row.key;
  for (const param of limits) {
    const value = asked[param];
    const ceiling = own[param];
    if (value === undefined || ceiling === undefined || isSame(value, row.key[param])) continue;
    if (value === null || value > ceiling) throw aboveOwn(param, ceiling);
  }
  for (const [param, value] of bindingOn(own)) {
    const stored = valueIn(row.key, param);
    const isOther = (sent: unknown) => !isSame(sent, value) && !isSame(sent, stored);
    if (askedFor(param, asked).some(isOther)) throw unlikeOwn(param);
    if (fieldRules[param].kept === 'image' && asked[param] === null) throw unlikeOwn(param);
  }
  const isBound = own.models.length > 0 && !own.models.includes('*');
  if (isBound && isGiven(asked.models) && !isSame(asked.models, row.key.models)) {
    if (asked.models.length === 0 || hasOthers(asked.models, own)) throw foreignModels();
  }
  if (isBound) checkStandIns(asked, own);
  if (expires === undefined || own.expires === undefined) return;
  const isCleared = expires === null && row.key.expires !== undefined;
  if (isCleared || (expires !== null && expires > own.expires)) throw beyondOwn(own.expires);
}

/**
 * Whether a key may do more than the caller's own: whoever could give it a new value would have that
 * too.
 */
export function exceeds({ key }: KeyRow, caller: Caller): boolean {
  if (isAdmin(caller)) return false;
  const own = caller.row.key;
  const isBound = own.models.length > 0 && !own.models.includes('*');
  return (
    limits.some((param) => (key[param] ?? Infinity) > (own[param] ?? Infinity)) ||
    (isBound && (key.models.length === 0 || hasOthers(key.models, own))) ||
    (own.expires !== undefined && (key.expires === undefined || key.expires > own.expires))
  );
}

/** Members of metadata that bind the caller, so that a key of its own has to keep them. */
export const bindingMembers = (caller: Caller): readonly string[] =>
  bindingOn(caller.row.key).flatMap(([name]) =>
    fieldRules[name].kept === 'metadata' ? [name] : [],
  );

/** What of a key is inherited as it is. The routes that its key type gave it are not. */
function bindingOn(own: KeyImage): ReadonlyArray<readonly [(typeof inherited)[number], unknown]> {
  const ofType = Object.entries(allowedRoutes).find(([type]) => type === own.key_type)?.[1];
  return inherited.flatMap((name) => {
    const value = valueIn(own, name);
    const isEmpty = typeof value === 'object' && Object.keys(value ?? {}).length === 0;
    const isOfType = name === 'allowed_routes' && isSame(value, ofType);
    return value === undefined || isEmpty || isOfType ? [] : [[name, value]];
  });
}

/** What is sent for an inherited field: under its own name, and inside metadata where it is kept there. */
function askedFor(param: (typeof inherited)[number], asked: KeyFields): unknown[] {
  const isNested =
    fieldRules[param].kept === 'metadata' && Object.hasOwn(asked.metadata ?? {}, param);
  return [
    ...(isGiven(asked[param]) && asked[param] !== '' ? [asked[param]] : []),
    ...(isNested ? [asked.metadata?.[param]] : []),
  ];
}

/** Windows of a budget: each at most the caller's budget, and none of the caller's left away. */
function windowsWithin(asked: readonly BudgetWindow[], own: KeyImage): readonly BudgetWindow[] {
  const { max_budget = Infinity, budget_limits = [] } = own;
  if (asked.some((window) => window.max_budget > max_budget)) {
    throw aboveOwn('budget_limits', max_budget);
  }
  if (asked.length === 0) return budget_limits;
  const isKept = (bound: BudgetWindow) =>
    asked.some(
      (window) =>
        window.budget_duration === bound.budget_duration && window.max_budget <= bound.max_budget,
    );
  if (!budget_limits.every(isKept)) {
    throw new InvalidField('budget_limits', "budget_limits must keep your own key's windows.");
  }
  return asked;
}

/** A model under another name, or one to fall back on, is a model to reach. */
function checkStandIns({ aliases, budget_fallbacks }: KeyFields, own: KeyImage): void {
  for (const [param, named] of Object.entries({ aliases, budget_fallbacks })) {
    const models = Object.values(named ?? {}).flat();
    if (models.every((model) => typeof model === 'string' && own.models.includes(model))) continue;
    throw new InvalidField(param, `${param} must lead to models among your own key's.`);
  }
}

const hasOthers = (models: readonly string[], own: KeyImage): boolean =>
  models.some((model) => !own.models.includes(model));

const isSame = (left: unknown, right: unknown): boolean =>
  canonicalJson(left) === canonicalJson(right);

const aboveOwn = (param: string, ceiling: number): InvalidField =>
  new InvalidField(param, `${param} must be between 0 and ${ceiling}, your own key's.`);

const unlikeOwn = (param: string): InvalidField =>
  new InvalidField(param, `${param} must be your own key's, or left out.`);

const foreignModels = (): InvalidField =>
  new InvalidField('models', "models must be among your own key's.");

const beyondOwn = (expires: string): InvalidField =>
  new InvalidField('duration', `duration must end by ${expires}, when your own key expires.`);
