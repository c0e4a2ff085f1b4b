import { TooManyRequests } from './errors.ts';
import type { KeyRow } from './key-row.ts';

/**
 * Values stored for one key per day in UTC. Each can leave two versions of its secret, and Secrets
 * Manager keeps a hundred of a day
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html).
 */
const mostPerDay = 20;

/** The count with one more. Throws `TooManyRequests` over the limit, to come back the next day. */
export function nextRotations(
  rotations: KeyRow['rotations'],
  now: Date,
): NonNullable<KeyRow['rotations']> {
  const day = now.toISOString().slice(0, 10);
  const count = rotations?.day === day ? rotations.count : 0;
  if (count < mostPerDay) return { day, count: count + 1 };
  const nextDay = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1);
  throw new TooManyRequests(
    `A key can be regenerated or renamed ${mostPerDay} times a day (UTC); this one has been.`,
    Math.ceil((nextDay - now.getTime()) / 1000),
  );
}
