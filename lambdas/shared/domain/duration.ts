/**
 * Durations as LiteLLM writes them: a whole number and a unit, `30s`, `5m`, `1h`, `7d`, `2w`,
 * `1mo`, or the unit spelled out (`30min`, `10days`). A month is a calendar month in UTC, its day
 * clamped to the month's end. Anything after the unit is refused; LiteLLM ignores it.
 */
import { InvalidField } from './errors.ts';

type Unit = 's' | 'm' | 'h' | 'd' | 'w' | 'mo';

interface Duration {
  readonly count: number;
  readonly unit: Unit;
}

const pattern =
  /^(\d{1,12})(?:(s|secs?|seconds?)|(m|mins?|minutes?)|(h|hrs?|hours?)|(d|days?)|(w|weeks?)|(mo|months?))$/;
const units: readonly Unit[] = ['s', 'm', 'h', 'd', 'w', 'mo'];
const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const latest = Date.parse('9999-12-31T23:59:59.999Z');

/** `now` plus the duration. Throws `InvalidField` when the text is no duration or leads past the year 9999. */
export function after(now: Date, text: string, param: string): Date {
  const { count, unit } = parse(text, param);
  const at =
    unit === 'mo' ? addMonths(now, count) : now.getTime() + count * unitSeconds[unit] * 1000;
  if (!(at <= latest)) throw new InvalidField(param, `${param} reaches past the year 9999.`);
  return new Date(at);
}

/**
 * When a budget starts anew: the next boundary in UTC. `1d` next midnight; `7d` and `1w` next
 * Monday; `30d` and `1mo` the first of next month; other days and weeks that many days from
 * today's midnight; hours, minutes and seconds the next multiple within the day, hour or minute.
 * Throws `InvalidField` for zero, for several months, and for what is no duration.
 */
export function budgetResetAt(now: Date, text: string, param: string): Date {
  const { count, unit } = parse(text, param);
  if (count === 0) throw new InvalidField(param, `${param} must be longer than zero.`);
  const days = unit === 'w' ? count * 7 : count;
  switch (unit) {
    case 'mo':
      if (count !== 1)
        throw new InvalidField(param, `${param} cannot span several months; use days.`);
      return startOfNextMonth(now);
    case 'd':
    case 'w':
      if (days === 7) return startOfDay(now, 7 - ((now.getUTCDay() + 6) % 7));
      if (days === 30) return startOfNextMonth(now);
      return bounded(startOfDay(now, days), param);
    case 'h':
      return bounded(nextMultiple(now, startOfDay(now, 0), count * 3_600_000), param);
    case 'm':
      return bounded(nextMultiple(now, floorTo(now, 3_600_000), count * 60_000), param);
    case 's':
      return bounded(nextMultiple(now, floorTo(now, 60_000), count * 1000), param);
  }
}

/** Whether one duration is longer than another, both counted from `now`. */
export const isLonger = (now: Date, text: string, limit: string, param: string): boolean =>
  after(now, text, param).getTime() > after(now, limit, param).getTime();

function parse(text: string, param: string): Duration {
  const match = pattern.exec(text);
  const unit = units.find((_, index) => match?.[index + 2] !== undefined);
  if (match === null || unit === undefined) {
    throw new InvalidField(
      param,
      `${param} must be a whole number and a unit (s, m, h, d, w or mo), such as "30d".`,
    );
  }
  return { count: Number(match[1]), unit };
}

function addMonths(now: Date, count: number): number {
  const sameDay = new Date(now);
  sameDay.setUTCMonth(now.getUTCMonth() + count);
  if (sameDay.getUTCDate() === now.getUTCDate()) return sameDay.getTime();
  // The day does not exist in that month and rolled over: step back to the month's last day.
  return sameDay.setUTCDate(0);
}

const startOfDay = (now: Date, days: number): Date =>
  new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + days));

const startOfNextMonth = (now: Date): Date =>
  new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));

const floorTo = (now: Date, span: number): Date =>
  new Date(Math.floor(now.getTime() / span) * span);

function nextMultiple(now: Date, start: Date, span: number): Date {
  const passed = Math.floor((now.getTime() - start.getTime()) / span);
  return new Date(start.getTime() + (passed + 1) * span);
}

function bounded(at: Date, param: string): Date {
  if (!(at.getTime() <= latest))
    throw new InvalidField(param, `${param} reaches past the year 9999.`);
  return at;
}
