/** When budgets start anew: of the key itself, and of each of its further windows. */
import { budgetResetAt } from './duration.ts';
import { InvalidField } from './errors.ts';
import { type BudgetWindow, isAmount } from './key-fields.ts';
import type { KeyImage } from './key-row.ts';

/** A reset that is already fixed, and for which duration. */
interface Fixed {
  readonly budget_duration?: string | undefined;
  readonly reset_at?: string | undefined;
}

/**
 * The next reset. One that was fixed for the same duration and is still ahead stays: sending a
 * duration again does not lengthen the budget's time. Throws `InvalidField` for a malformed duration.
 */
export function resetAt(now: Date, duration: string, param: string, fixed: Fixed = {}): string {
  const next = budgetResetAt(now, duration, param).toISOString();
  const { reset_at = '' } = fixed;
  return fixed.budget_duration === duration && reset_at > now.toISOString() ? reset_at : next;
}

/** The windows as they are stored. Throws `InvalidField` for an amount or a duration out of range. */
export function windowsOf(
  asked: readonly BudgetWindow[],
  now: Date,
  stored: KeyImage['budget_limits'] = [],
): NonNullable<KeyImage['budget_limits']> {
  return asked.map(({ max_budget, budget_duration }) => {
    if (!isAmount(max_budget)) {
      throw new InvalidField(
        'budget_limits',
        'max_budget of each window must be a finite number, zero or more.',
      );
    }
    const fixed = stored.find((window) => window.budget_duration === budget_duration);
    return {
      budget_duration,
      max_budget,
      reset_at: resetAt(now, budget_duration, 'budget_limits', fixed),
    };
  });
}
