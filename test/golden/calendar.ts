/**
 * LiteLLM's calendar in UTC, written here a second time so that the product's own is checked
 * against something: on the recorded instants it must give the recorded dates.
 */

const millis: Record<string, number> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** `from` plus a duration such as `30d`, `30min` or `1mo`. */
export function lapse(from: Date, duration: string): Date {
  const [count, unit] = read(duration);
  if (unit !== 'mo') return new Date(from.getTime() + count * (millis[unit] ?? Number.NaN));
  const month = from.getUTCMonth() + count;
  const lastDay = new Date(Date.UTC(from.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const day = Math.min(from.getUTCDate(), lastDay);
  const sinceMidnight = from.getTime() % 86_400_000;
  return new Date(Date.UTC(from.getUTCFullYear(), month, day) + sinceMidnight);
}

/** When a budget of that duration, set at `from`, starts anew. */
export function nextReset(from: Date, duration: string): Date {
  const [count, unit] = read(duration);
  const [year, month, day] = [from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate()];
  const name = unit === 'w' ? `${count * 7}d` : `${count}${unit}`;
  if (name === '1mo' || name === '30d') return new Date(Date.UTC(year, month + 1, 1));
  if (name === '7d') {
    const days = [1, 2, 3, 4, 5, 6, 7].map((ahead) => new Date(Date.UTC(year, month, day + ahead)));
    return days.find((date) => date.getUTCDay() === 1) ?? from;
  }
  if (name.endsWith('d')) return new Date(Date.UTC(year, month, day + Number.parseInt(name, 10)));
  // The grid of hours starts at midnight, that of minutes at the hour, that of seconds at the minute.
  const grid = { h: 86_400_000, m: 3_600_000, s: 60_000 }[unit] ?? Number.NaN;
  let at = from.getTime() - (from.getTime() % grid);
  while (at <= from.getTime()) at += count * (millis[unit] ?? Number.NaN);
  return new Date(at);
}

function read(duration: string): [number, string] {
  const match = /^(\d+)(mo|[smhdw])/.exec(duration);
  if (match === null) throw new Error(`No duration: ${duration}`);
  return [Number(match[1]), match[2] ?? ''];
}
