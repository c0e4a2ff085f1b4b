/**
 * The rules of a rotation that Secrets Manager drives: it names a version, which gets a value before that
 * value counts and before it is current.
 */
import { Conflict, KeyNotFound } from './errors.ts';
import { graceSecondsOf } from './grace-period.ts';
import { shapeOf } from './key-format.ts';
import { emptyPatch } from './key-patch.ts';
import { type Intent, isExpired, type KeyRow, type Who } from './key-row.ts';
import { type Regenerated, rotatedNotice, withValue } from './new-value.ts';
import type { Randomness } from './ports.ts';
import { knownRecipient } from './recipient.ts';
import { isMaster } from './roles.ts';
import { rescheduled } from './rotation.ts';
import type { Settings } from './settings.ts';
import { nextStore } from './store-limit.ts';
import { system } from './system-event.ts';

/** The actor: who asked Secrets Manager for it, AWS's own trail says. */
export const secretsManager: Who = {
  ...system,
  changed_by: 'secrets_manager',
  principal: 'secrets_manager',
  settled_by: null,
};

/** Of the intent of a regenerate: its value is a version of the secret already, which is not current yet. */
export const staged = { isStaged: true } as const;

/** Not in the schema of the row, which every function bundles: two functions open or close such a step. */
export const isStaged = (intent: Intent): boolean => intent['isStaged'] === true;

/** Whether a step of the key is this very rotation. */
export const isRotationTo = (intent: Intent | null, version: string): boolean =>
  intent !== null && intent.ver === version && intent.kind === 'regenerate' && isStaged(intent);

/**
 * Throws `KeyNotFound`, `Conflict` or `TooManyRequests` where a key is not to get a value now: what is not
 * let in could not be tested, and a grace period that was promised ends first.
 */
export function checkRotatableNow(row: KeyRow, now: Date): void {
  if (row.status !== 'active') throw new KeyNotFound('SecretId');
  if (isMaster(row.keyId)) throw refusal('The admin key is rotated by /key/regenerate alone.');
  if (row.blocked) throw refusal('The key is blocked.');
  if (isExpired(row, now)) throw refusal('The key has expired.');
  if (row.intent !== null) throw refusal('Another change of this key is under way.');
  if (row.prev !== null && now.getTime() < Date.parse(row.prev.until)) {
    throw refusal('The grace period of the former value is not over.');
  }
  nextStore([row.stores], now);
}

/** Whether a value may become this key's: one of ours that carries its id. */
export function isValueOf({ keyId }: Pick<KeyRow, 'keyId'>, value: string): boolean {
  const shape = shapeOf(value);
  return shape.kind === 'issued' && shape.keyId === keyId;
}

/** What a value that was staged does to its key: all that a rotation on schedule does. */
export function stagedRotation(
  row: KeyRow,
  value: string,
  { settings, random, now }: { settings: Settings; random: Randomness; now: Date },
): Regenerated {
  const { rotation_count, user_email, user_id, key_rotation_at = '' } = row.key;
  const next = rescheduled(row.key, now, random);
  const set = { rotation_count: rotation_count + 1, last_rotation_at: now.toISOString(), ...next };
  const to = knownRecipient(user_email ?? null, user_id ?? null, settings.mail);
  return {
    kind: 'regenerate',
    value,
    patch: withValue({ ...emptyPatch, set }, value, secretsManager.changed_by),
    graceSeconds: graceSecondsOf(null, false, settings, now),
    notify: rotatedNotice(to),
    ...(next === null ? {} : { rotationDue: key_rotation_at }),
  };
}

const refusal = (message: string): Conflict => new Conflict(null, message, null);
