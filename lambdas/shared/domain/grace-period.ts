import { after } from './duration.ts';
import { InvalidField } from './errors.ts';
import type { Settings } from './settings.ts';

/** What a key that regenerates itself gets where none is named: long enough to ask again for a lost answer. */
const ownSeconds = 300;

/**
 * Seconds that the former value is let in after a regenerate. Throws `InvalidField` for what is no
 * duration, and above the environment's limit.
 *
 * @param asked a duration, `0` for none, null where the request names none
 * @param isSelf whether the key regenerates itself
 */
export function graceSecondsOf(
  asked: string | null,
  isSelf: boolean,
  { gracePeriod }: Pick<Settings, 'gracePeriod'>,
  now: Date,
): number {
  if (asked === null) {
    const standard = secondsOf(gracePeriod.standard, now);
    return isSelf
      ? Math.max(standard, Math.min(ownSeconds, secondsOf(gracePeriod.limit, now)))
      : standard;
  }
  const seconds = secondsOf(asked, now);
  if (seconds <= secondsOf(gracePeriod.limit, now)) return seconds;
  throw new InvalidField(
    'grace_period',
    `grace_period must be between 0s and ${gracePeriod.limit} in this environment.`,
  );
}

/** A month is counted from now. */
const secondsOf = (duration: string, now: Date): number =>
  duration === '0'
    ? 0
    : Math.round((after(now, duration, 'grace_period').getTime() - now.getTime()) / 1000);
