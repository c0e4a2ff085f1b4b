/**
 * Which members of a key differ because only one of both made a change. Only these are left out of the
 * comparison, and only until both have set them again.
 */
import { fieldRules } from '../../lambdas/shared/domain/key-fields.ts';
import { isBirth } from './built-rows.ts';
import { isObject, type Row } from './recording.ts';

/** Every change moves these. */
const stamps = ['updated_at', 'updated_by', 'settings_updated_at'];

/** Members that follow from a field of another name. */
const derived: Readonly<Record<string, readonly string[]>> = {
  blocked: ['status'],
  duration: ['expires', 'status'],
  budget_duration: ['budget_reset_at'],
  organization_id: ['org_id'],
  auto_rotate: ['key_rotation_at'],
  rotation_interval: ['key_rotation_at'],
};

const everything = '*';

export class Divergence {
  readonly #members = new Map<string, Set<string>>();

  /** Notes who made the change that a row asks for, of the keys of these names. */
  note(row: Row, names: Iterable<string>, made: { byLiteLlm: boolean; byUs: boolean }): void {
    if (!made.byLiteLlm && !made.byUs) return;
    // A birth that only we refused leaves no key to differ.
    if (isBirth(row) && !made.byUs) return;
    const isByBoth = made.byLiteLlm && made.byUs;
    for (const name of names) {
      const members = this.#members.get(name) ?? new Set();
      for (const member of isByBoth ? setBy(row) : changedBy(row)) {
        if (isByBoth) members.delete(member);
        else members.add(member);
      }
      this.#members.set(name, members);
    }
  }

  /** Whether a difference in this place of the body follows from such a change of one of these keys. */
  covers(names: readonly string[], place: string): boolean {
    return names.some((name) => {
      const members = this.#members.get(name) ?? new Set();
      return members.has(everything) || place.split('.').some((member) => members.has(member));
    });
  }
}

/** What a row's change sets anew as a whole: it is the same again where both did. */
function setBy(row: Row): string[] {
  const fields = fieldsOf(row).filter((field) => !isInMetadata(field));
  return [...stamps, ...fields, ...fields.flatMap((field) => derived[field] ?? [])];
}

/** What a row's change shows in. */
function changedBy(row: Row): string[] {
  const isWhole = isBirth(row) || row.request.path === '/key/delete';
  return isWhole
    ? [everything]
    : [...setBy(row), ...(fieldsOf(row).some(isInMetadata) ? ['metadata'] : [])];
}

function fieldsOf({ request: { path, body } }: Row): string[] {
  if (/\/(un)?block$/.test(path)) return ['blocked'];
  if (path.endsWith('/reset_spend')) return ['spend', 'budget_limits'];
  return isObject(body) ? Object.keys(body).filter((field) => field !== 'key') : [];
}

const isInMetadata = (field: string): boolean =>
  Object.entries(fieldRules).some(([name, { kept }]) => name === field && kept === 'metadata');
