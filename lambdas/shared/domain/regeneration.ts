/** The rules of a regenerate: what a request, a caller and the settings make of a key's next value. */
import { nameOf } from './changed-by.ts';
import { chosenValue } from './chosen-value.ts';
import { exceeds } from './delegation.ts';
import { Conflict, Denied, InvalidField } from './errors.ts';
import { graceSecondsOf } from './grace-period.ts';
import type { KeyFields } from './key-fields.ts';
import { newKey, tokenHash } from './key-format.ts';
import { patched, textOr } from './key-patch.ts';
import { isExpired, type KeyRow } from './key-row.ts';
import { type Regenerated, rotatedNotice, withValue } from './new-value.ts';
import { type ChangeContext, patchOf } from './patch-of.ts';
import type { Randomness } from './ports.ts';
import { knownRecipient, recipientOf } from './recipient.ts';
import { type Caller, isMaster } from './roles.ts';
import { rescheduled } from './rotation.ts';
import { checkStorable } from './storable.ts';
import { checkCreator } from './target.ts';

/** What a request asks for. */
export interface Regeneration {
  /** As the request names the key. */
  readonly namedBy: string;
  /** A value of the caller's choice; null for one of ours. */
  readonly newValue: string | null;
  /** The same as LiteLLM names it for the admin key, which alone it is for. */
  readonly newMasterValue: string | null;
  readonly gracePeriod: string | null;
  /** Whether a mail that cannot go out is to be refused rather than left out. */
  readonly asksForMail: boolean;
  /** Settings that change on the way. */
  readonly fields: KeyFields;
}

/**
 * Decides on the next value of a key. Throws `InvalidField` or `Denied` for the first rule that the
 * request breaks, and `Conflict` where a key would regenerate itself by a value that is not its current
 * one: should that answer get lost, nobody could ask for it again.
 */
export function regenerationOf(
  { namedBy, newValue, newMasterValue, gracePeriod, asksForMail, fields }: Regeneration,
  row: KeyRow,
  context: Omit<ChangeContext, 'namedBy'> & { readonly random: Randomness },
): Regenerated {
  const { caller, settings, now, random } = context;
  const isSelf = caller.keyId === row.keyId;
  if (isSelf && caller.tokenHash !== row.cur.hash) {
    throw new Conflict('key', 'A key regenerates itself with its current value only.', null);
  }
  if (!isSelf && exceeds(row, caller)) {
    throw new Denied('This key may do more than the one you call with; ask a proxy admin.');
  }
  checkSettings(fields, row, caller);
  const graceSeconds = graceSecondsOf(gracePeriod, isSelf, settings, now);
  const chosen = isMaster(row.keyId) ? (newMasterValue ?? newValue) : newValue;
  const value = chosenValue(chosen, 'new_key', settings) ?? newKey(row.keyId, random.bytes);
  if (tokenHash(value) === row.cur.hash) {
    throw new InvalidField('new_key', 'new_key is the value that the key has.');
  }
  checkStorable({ ...fields, 'litellm-changed-by': context.who.changed_by }, [value]);
  const patch = patchOf(fields, row, { ...context, namedBy });
  const isEndless = patch.clear.includes('expires');
  const expires = isEndless ? null : textOr(patch.set['expires'], row.expires);
  if (isExpired({ expires }, now)) {
    throw new InvalidField('duration', 'The key has expired: give it a new duration.');
  }
  const image = patched(row.key, patch);
  const { user_email, user_id } = image;
  const owner = [user_email ?? null, user_id ?? null, settings.mail] as const;
  const to = asksForMail ? recipientOf(...owner) : knownRecipient(...owner);
  const next = rescheduled(image, now, random);
  return {
    kind: 'regenerate',
    value,
    patch: withValue({ ...patch, set: { ...patch.set, ...next } }, value, nameOf(caller)),
    graceSeconds,
    notify: rotatedNotice(to),
    ...(next === null ? {} : { rotationDue: row.key.key_rotation_at ?? '' }),
  };
}

/**
 * A new value is the owner's to ask for, settings on the way are not: else this would be a way round
 * update. The admin key's are nobody's.
 */
function checkSettings(fields: KeyFields, row: KeyRow, caller: Caller): void {
  const [given] = Object.entries(fields).find(([, value]) => value !== undefined) ?? [];
  if (given === undefined) return;
  if (!isMaster(row.keyId)) return checkCreator(row, caller);
  throw new InvalidField(given, `${given} of the admin key cannot be changed.`);
}
