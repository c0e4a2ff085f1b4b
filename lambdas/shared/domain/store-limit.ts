import { TooManyRequests } from './errors.ts';
import type { DayCount } from './key-row.ts';

/**
 * Values stored in one secret per day in UTC. Each can leave two versions, and Secrets Manager keeps
 * a hundred of a day
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html).
 */
const mostPerDay = 20;

/**
 * The count with one more, of a key and of the name that it takes whichever is higher. Throws
 * `TooManyRequests` over the limit, to come back the next day.
 */
export function nextStore(counts: readonly (DayCount | undefined)[], now: Date): DayCount {
  const day = now.toISOString().slice(0, 10);
  const count = Math.max(0, ...counts.map((each) => (each?.day === day ? each.count : 0)));
  if (count < mostPerDay) return { day, count: count + 1 };
  const nextDay = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1);
  throw new TooManyRequests(
    `A key, or an alias that is used again, can get a new value ${mostPerDay} times a day (UTC); this one has.`,
    Math.ceil((nextDay - now.getTime()) / 1000),
  );
}
