import { budgetResetAt } from './duration.ts';
import { InvalidField } from './errors.ts';
import { emptyPatch } from './key-patch.ts';
import type { KeyImage, KeyPatch } from './key-row.ts';
import { checkStorable } from './storable.ts';

/**
 * What setting a key's spend back does: every window of its budget begins anew. Throws `InvalidField`
 * below zero, above what was spent, and above the budget.
 */
export function spendReset(image: KeyImage, resetTo: number, now: Date): KeyPatch {
  const most = Math.min(image.spend, image.max_budget ?? Infinity);
  if (!(resetTo >= 0 && resetTo <= most)) {
    throw new InvalidField('reset_to', `reset_to must be a number between 0 and ${most}.`);
  }
  checkStorable({ reset_to: resetTo }, []);
  const windows = image.budget_limits?.map((window) => ({
    ...window,
    reset_at: budgetResetAt(now, window.budget_duration, 'budget_limits').toISOString(),
  }));
  return {
    ...emptyPatch,
    set: { spend: resetTo, ...(windows === undefined ? {} : { budget_limits: windows }) },
  };
}
