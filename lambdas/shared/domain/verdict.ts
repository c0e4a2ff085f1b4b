/** Whether a presented key is good now: what a gateway asks before it lets a request through. */
import { isExpired, isFormer, type KeyImage, type KeyRow } from './key-row.ts';

/**
 * - `valid`: let in
 * - `in_grace`: let in as well, by the value before a rotation, until its grace period ends
 * - `not_found`: no key has this value, or not any more
 */
export const reasons = [
  'valid',
  'in_grace',
  'not_found',
  'expired',
  'blocked',
  'deleted',
  'model_not_allowed',
] as const;
export type Reason = (typeof reasons)[number];

export const isValid = (reason: Reason): boolean => reason === 'valid' || reason === 'in_grace';

/**
 * What to say of a key whose value with this hash counts; deletion comes before blocking, and that before
 * expiry.
 */
export function verdictOn(row: KeyRow, hash: string, model: string | null, now: Date): Reason {
  if (row.status === 'deleted') return 'deleted';
  if (row.blocked) return 'blocked';
  if (isExpired(row, now)) return 'expired';
  if (model !== null && !mayUse(row.key, model)) return 'model_not_allowed';
  return isFormer(row, hash) ? 'in_grace' : 'valid';
}

/**
 * Names in `models` that stand for every model that there is. `all-team-models` stands for none: there
 * are no teams here to say which those are, and LiteLLM leaves it to them.
 */
const everyModel = ['*', 'all-proxy-models'];

/**
 * Whether a key's `models` have the model that is to be called: by name, or by a pattern such as
 * `openai/*`. An empty list has all. Anyone may set `aliases`, so that a name in the list which leads out
 * of it is none. What a team may use, and which models a group has, the gateway knows.
 */
function mayUse({ models, aliases }: KeyImage, model: string): boolean {
  if (models.length === 0 || models.some((entry) => everyModel.includes(entry))) return true;
  const meant = meantBy(model, aliases);
  return models.some((entry) => fits(entry, meant));
}

/** The model that a name leads to by a key's `aliases`: the one to call. */
export function meantBy(name: string, aliases: KeyImage['aliases']): string {
  const target = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
  return typeof target === 'string' ? target : name;
}

/**
 * `*` in an entry stands for any characters. Not as a regular expression: those can take hours for an
 * entry with many stars.
 */
function fits(entry: string, name: string): boolean {
  const [start = '', ...others] = entry.split('*');
  const end = others.pop();
  if (end === undefined) return entry === name;
  if (!name.startsWith(start)) return false;
  let at = start.length;
  for (const part of others) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return name.length - end.length >= at && name.endsWith(end);
}
