/** One line of the table that `npm run bench` prints, with all that was measured for it. */
export interface Row {
  readonly section: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What it is compared with, measured in the same run where it is no count. */
  readonly reference?: { readonly what: string; readonly value: number };
  /** The most that it may be; of a ratio to the reference where `isRatio`. */
  readonly budget?: number;
  readonly isRatio?: boolean;
  readonly samples?: unknown;
}

/** What the budget is about. */
const measured = ({ value, reference, isRatio }: Row): number =>
  isRatio === true && reference !== undefined ? value / reference.value : value;

export const isMet = (row: Row): boolean => row.budget === undefined || measured(row) <= row.budget;

/** The rows as a table in Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const { what, value, unit, reference, budget } = row;
    const ratio = reference === undefined ? '' : (value / reference.value).toFixed(2);
    const told = reference === undefined ? '' : `${shown(reference.value)} (${reference.what})`;
    const verdict = isMet(row) ? '' : ' **missed**';
    return `| ${what} | ${shown(value)} ${unit} | ${told} | ${ratio} | ${budget === undefined ? '' : shown(budget)}${verdict} |`;
  });
  return ['| | measured | reference | ratio | budget |', '|---|---|---|---|---|', ...lines].join(
    '\n',
  );
}

/** From a hundred on with a decimal, which tells what is just within its budget. */
const shown = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toPrecision(value >= 100 ? 4 : 3);
