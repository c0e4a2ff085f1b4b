/** Times, amounts and periods as people read them. */

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const twoDigits = (count: number): string => String(count).padStart(2, '0');

/** `25 November 2026, 13:50 UTC`; what is no time stays as it is. */
export function readableTime(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  const day = `${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
  return `${day}, ${twoDigits(at.getUTCHours())}:${twoDigits(at.getUTCMinutes())} UTC`;
}

/** `$1,234.50`; of a small amount as many digits as it takes to show that it is not nothing. */
export const dollars = (amount: number): string =>
  `$${amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 6 })}`;

const units: Readonly<Record<string, string>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
  mo: 'month',
};

/** `day` for `1d`, `30 days` for `30d`. */
export function readablePeriod(duration: string): string {
  const [, count = '', letters = ''] = /^(\d+)(mo|[smhdw])/.exec(duration) ?? [];
  const unit = units[letters];
  if (unit === undefined) return duration;
  return Number(count) === 1 ? unit : `${Number(count)} ${unit}s`;
}
