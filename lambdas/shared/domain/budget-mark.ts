import type { KeyImage } from './key-row.ts';

/** Percent of a budget at which its owner is told; the highest first. */
const marks = [95, 80] as const;
export type BudgetMark = (typeof marks)[number];

type Budgeted = Pick<KeyImage, 'spend' | 'max_budget' | 'metadata'>;

/** What is added to a key's budget for a time; null where nothing is, or is no more. */
export function budgetIncrease(
  { metadata }: Pick<Budgeted, 'metadata'>,
  now: Date,
): { readonly amount: number; readonly until: string } | null {
  const { temp_budget_increase: amount, temp_budget_expiry: until } = metadata;
  if (typeof amount !== 'number' || typeof until !== 'string') return null;
  return now.getTime() < Date.parse(until) ? { amount, until } : null;
}

/** What a key may spend as of now; null without a budget. */
export const budgetOf = (key: Budgeted, now: Date): number | null =>
  key.max_budget === undefined ? null : key.max_budget + (budgetIncrease(key, now)?.amount ?? 0);

/** The highest mark that a change has the spend pass, from below it; null where it passes none. */
export function passedMark(before: Budgeted, after: Budgeted, now: Date): BudgetMark | null {
  const [was, is] = [usedPercent(before, now), usedPercent(after, now)];
  return marks.find((mark) => was < mark && mark <= is) ?? null;
}

/** Of no budget, or one of nothing, no part is ever used. */
export function usedPercent(key: Budgeted, now: Date): number {
  const budget = budgetOf(key, now) ?? 0;
  // 2.4 of 3 is 80 %, whatever the fractions say.
  return budget > 0 ? Number(((key.spend / budget) * 100).toFixed(6)) : 0;
}
