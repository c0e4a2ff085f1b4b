/** The rules of a key that gets a new value by itself, again and again. */
import { isRotationDue } from './due.ts';
import { after } from './duration.ts';
import { Conflict, InvalidField } from './errors.ts';
import { graceSecondsOf } from './grace-period.ts';
import { newKey } from './key-format.ts';
import { emptyPatch } from './key-patch.ts';
import { isExpired, type KeyImage, type KeyRow } from './key-row.ts';
import { type Regenerated, rotatedNotice, withValue } from './new-value.ts';
import type { Randomness } from './ports.ts';
import { knownRecipient } from './recipient.ts';
import type { Settings } from './settings.ts';
import { system } from './system-event.ts';

/** When a key is rotated next. Throws `InvalidField` for an interval that is malformed or zero. */
export function rotationAfter(now: Date, interval: string): string {
  const at = after(now, interval, 'rotation_interval');
  if (at > now) return at.toISOString();
  throw new InvalidField('rotation_interval', 'rotation_interval must be longer than zero.');
}

/** Throws `InvalidField` for a key without a secret: nobody would learn the value that it gets. */
export function checkRotatable(isMirrored: boolean): void {
  if (isMirrored) return;
  throw new InvalidField(
    'auto_rotate',
    'auto_rotate needs a key that is in Secrets Manager: nobody would learn the new value of this one.',
  );
}

/** Share of the interval by which a rotation comes earlier or later. */
const jitter = 0.1;

/** The same, up to a tenth of the interval earlier or later: keys of one batch drift apart. */
export function nextRotation(now: Date, interval: string, random: Randomness): string {
  const ms = Date.parse(rotationAfter(now, interval)) - now.getTime();
  const drawn = Buffer.from(random.bytes(4)).readUInt32BE() / 0xffffffff;
  return new Date(now.getTime() + Math.round(ms * (1 + jitter * (2 * drawn - 1)))).toISOString();
}

/**
 * From one try at a key to the next: twelve a day, which leaves eight of its twenty values to people.
 * Longer than it takes to close a step that is left open.
 */
const pauseMs = 7_200_000;

/** When a key that could not be rotated has another turn. */
export const nextTry = (now: Date): string => new Date(now.getTime() + pauseMs).toISOString();

/**
 * What a regenerate by hand does to a schedule that is overdue, or has no time yet, as that of an
 * imported key: its value is as good as the one that was due, and is not to be ended by the next run.
 */
export function rescheduled(
  { auto_rotate, rotation_interval, key_rotation_at = '' }: KeyImage,
  now: Date,
  random: Randomness,
): { readonly key_rotation_at: string } | null {
  const isMissed = auto_rotate && key_rotation_at <= now.toISOString();
  if (!isMissed || rotation_interval === undefined) return null;
  return { key_rotation_at: nextRotation(now, rotation_interval, random) };
}

/**
 * Decides on the next value of a key that is due. Throws `Conflict` where it is not, or not any more:
 * another copy, or a change of its settings, came first.
 */
export function scheduledRotation(
  row: KeyRow,
  { settings, random, now }: { settings: Settings; random: Randomness; now: Date },
): Regenerated & { readonly rotateAgainAt: string } {
  const { rotation_interval = '', key_rotation_at = '', rotation_count } = row.key;
  const { user_email, user_id } = row.key;
  if (!isRotationDue(row, now) || isExpired(row, now)) {
    throw new Conflict(null, 'The key is not to be rotated any more.', null);
  }
  const set = {
    rotation_count: rotation_count + 1,
    last_rotation_at: now.toISOString(),
    key_rotation_at: nextRotation(now, rotation_interval, random),
  };
  const value = newKey(row.keyId, random.bytes);
  const to = knownRecipient(user_email ?? null, user_id ?? null, settings.mail);
  return {
    kind: 'regenerate',
    value,
    patch: withValue({ ...emptyPatch, set }, value, system.changed_by),
    graceSeconds: graceSecondsOf(null, false, settings, now),
    notify: rotatedNotice(to),
    rotationDue: key_rotation_at,
    rotateAgainAt: nextTry(now),
  };
}
