import { after } from './duration.ts';
import { InvalidField } from './errors.ts';

/** When a key is rotated next. Throws `InvalidField` for an interval that is malformed or zero. */
export function rotationAfter(now: Date, interval: string): string {
  const at = after(now, interval, 'rotation_interval');
  if (at > now) return at.toISOString();
  throw new InvalidField('rotation_interval', 'rotation_interval must be longer than zero.');
}
