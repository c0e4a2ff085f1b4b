import { budgetIncrease } from '../shared/domain/budget-mark.ts';
import { adminName } from '../shared/domain/changed-by.ts';
import type { KeyRow } from '../shared/domain/key-row.ts';
import { foreignText } from './foreign-text.ts';
import { type Prose, prose } from './prose.ts';
import { dollars, readablePeriod, readableTime } from './readable.ts';

/** One line of the table: what it is, and its value. */
export type Fact = readonly [label: string, value: Prose];

const mostModels = 20;

export const nameOf = ({ alias, key }: KeyRow): string => alias ?? key.key_name;

/** Which key it is, and whose. */
export const identityOf = ({ keyId, key }: KeyRow): Fact[] => [
  ['Alias', prose`${key.key_alias ?? 'none'}`],
  ['Key', prose`${key.key_name}`],
  ['Key id', prose`${keyId}`],
  ['Owner', prose`${key.user_id ?? key.user_email ?? 'none'}`],
  ['Team', prose`${key.team_id ?? 'Default Team'}`],
];

export const modelsOf = ({ key }: KeyRow): Fact => {
  const shown = key.models.slice(0, mostModels).map((model) => foreignText(model, 80));
  const more = key.models.length - shown.length;
  // Each by itself, so that one of them cannot hide the others. A space keeps them apart in any case.
  const list = shown.flatMap((model, index) => (index === 0 ? prose`${model}` : prose`, ${model}`));
  if (shown.length === 0) return ['Models', prose`all`];
  return ['Models', more === 0 ? list : [...list, ` and ${more} more`]];
};

export const spendOf = ({ key }: KeyRow): Fact => ['Spent so far', prose`${dollars(key.spend)}`];

/** With its own period; further windows count beside it. */
export function budgetFact({ key }: KeyRow, now: Date): Fact {
  const { max_budget, budget_duration, budget_limits = [] } = key;
  const increase = budgetIncrease(key, now);
  const budgets = [
    ...(max_budget === undefined ? [] : [amountPer(max_budget, budget_duration)]),
    ...(max_budget === undefined || increase === null
      ? []
      : [`${dollars(increase.amount)} more until ${readableTime(increase.until)}`]),
    ...budget_limits.map((window) => amountPer(window.max_budget, window.budget_duration)),
  ];
  return ['Budget', prose`${budgets.length === 0 ? 'no budget' : budgets.join(', ')}`];
}

export const amountPer = (amount: number, duration: string | undefined): string =>
  duration === undefined ? dollars(amount) : `${dollars(amount)} per ${readablePeriod(duration)}`;

export const expiryOf = ({ expires }: KeyRow): Fact => [
  'Expires',
  prose`${expires === null ? 'never' : readableTime(expires)}`,
];

/** Who made the change that the row is told about. */
export function actorOf({ event }: KeyRow): string {
  const { changed_by } = event.who;
  if (changed_by === adminName) return 'an administrator';
  return changed_by === 'system' ? 'Latchkey itself' : changed_by;
}
