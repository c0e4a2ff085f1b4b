/**
 * The rows and writes of a regenerate and of a rename, as plain values: handler and reconciler share
 * them. Both put a value where it was not before and only then end the old place or value; they differ
 * in whether the value is a new one.
 */
import type { Attempt } from '../domain/idempotency.ts';
import { audited, withImage } from '../domain/key-event.ts';
import { tokenHash } from '../domain/key-format.ts';
import { patched, textOr } from '../domain/key-patch.ts';
import type { AliasLease, Intent, KeyPatch, KeyRow, Notify, Who } from '../domain/key-row.ts';
import type { KeyWrite, Randomness } from '../domain/ports.ts';
import { checkRowSize } from '../domain/row-size.ts';
import { secretNameOf } from '../domain/secret-name.ts';
import { retaggedSoon } from '../domain/secret-tags.ts';
import type { Settings } from '../domain/settings.ts';
import { nextStore } from '../domain/store-limit.ts';
import type { Closing } from './close-intent.ts';
import {
  createRecord,
  expirePointer,
  freeLease,
  removeRecord,
  secondsAfter,
  takeLease,
} from './writes.ts';

/** A regenerate or a rename that has been decided on but is written nowhere yet. */
export interface Replacement {
  readonly kind: 'regenerate' | 'rename';
  /** The new value; null for a rename, which moves the present one. */
  readonly value: string | null;
  /** What becomes of the image; `token` and `key_name` of a new value are in it. */
  readonly patch: KeyPatch;
  /** How long the former value is let in. */
  readonly graceSeconds: number;
  readonly notify: Notify | null;
  /** The `key_rotation_at` that it answers, or '' for none: where another was set meanwhile, that stays. */
  readonly rotationDue?: string;
  /** Of a scheduled one: when to try again, should this come to nothing. */
  readonly rotateAgainAt?: string;
}

export interface ReplacementContext {
  readonly who: Who;
  readonly requestId: string;
  readonly attempt: Attempt | null;
  /** When the function started: the fence counts from it. */
  readonly at: Date;
  /** When the step is decided on, which in a run of many keys is later. */
  readonly opened: Date;
  readonly settings: Settings;
  readonly random: Randomness;
}

/** Step 1: the row with its open step, or the finished one where the key names no secret. */
export interface OpenReplacement {
  readonly row: KeyRow;
  readonly intent: Intent;
  readonly writes: readonly KeyWrite[];
}

/** The alias that a key has after a patch. */
export function aliasAfter(row: KeyRow, { set, clear }: KeyPatch): string | null {
  if (clear.includes('key_alias')) return null;
  return textOr(set['key_alias'], row.alias);
}

/**
 * Whether the step gives the key its first secret: it has none, as an imported one or one from before
 * keys were mirrored, and its creator did not wish that. Only a new value is known and can be stored.
 */
export const gainsSecret = (
  { secretName, key }: KeyRow,
  { kind }: Pick<Replacement, 'kind'>,
  { storeVirtualKeys }: Settings,
): boolean =>
  kind === 'regenerate' && secretName === null && storeVirtualKeys && key.store_secret !== false;

/**
 * What step 1 writes. An alias is held beside the present one until the step is closed; hash, value and
 * settings of the row are left alone, for the old value counts until then.
 *
 * @param read the lease of the alias to take, as it was read; with a first secret, of the present one
 * @param answerOf the answer without the value, kept for a repeat of the call
 */
export function openReplacement(
  row: KeyRow,
  replacement: Replacement,
  read: AliasLease | null,
  context: ReplacementContext,
  answerOf: (settled: KeyRow) => unknown,
): OpenReplacement {
  const { kind, value, patch, graceSeconds, notify, rotationDue, rotateAgainAt } = replacement;
  const { who, requestId, attempt, at, opened: openedAt, settings, random } = context;
  const id = random.uuid();
  const alias = aliasAfter(row, patch);
  const isFirstSecret = gainsSecret(row, replacement, settings);
  const isMirrored = row.secretName !== null || isFirstSecret;
  // With a first secret the alias may be the present one, whose lease then tells what is under its name.
  const isTaken = alias !== row.alias || isFirstSecret;
  const intent: Intent = {
    id,
    kind,
    claim: 0,
    opened: openedAt.toISOString(),
    at: at.toISOString(),
    fence: secondsAfter(at, settings.timing.fenceSeconds),
    notify,
    hash: value === null ? row.cur.hash : tokenHash(value),
    ver: id,
    newName:
      isMirrored && isTaken
        ? secretNameOf(settings.secretPrefix, alias, row.first_token)
        : (row.secretName ?? ''),
    newAlias: alias,
    names: [],
    patch,
    graceSeconds,
    rotationDue,
    idempotencyId: attempt?.id ?? null,
    who,
    request_id: requestId,
  };
  const stores =
    isMirrored || value !== null
      ? nextStore([row.stores, isTaken ? read?.stores : undefined], at)
      : row.stores;
  const predicted = settledReplacement({ ...row, stores }, intent, {
    secretArn: row.secretArn,
    at,
    settledBy: null,
    settings,
    random,
  });
  // Before it is known what becomes of this try: an undo leaves it.
  const rotateNotBefore = rotateAgainAt ?? row.rotateNotBefore;
  const opened: KeyRow = isMirrored
    ? { ...row, rev: row.rev + 1, stores, rotateNotBefore, intent }
    : predicted.row;
  checkRowSize(opened);
  const told = { eventId: id, hash: intent.hash, answer: answerOf(predicted.row) };
  return {
    row: opened,
    intent,
    writes: [
      { kind: 'replace-row', row: opened },
      ...(value === null
        ? []
        : [{ kind: 'create-pointer', pointer: { hash: intent.hash, keyId: row.keyId } } as const]),
      ...(isTaken ? takeLease(row.keyId, alias, isMirrored ? intent.newName : null, read) : []),
      ...(isMirrored ? [] : predicted.also),
      ...createRecord(row, attempt, told, at),
    ],
  };
}

/** Step 3: over the row as it is then, so that a change made in between is kept. */
export function settledReplacement(
  current: KeyRow,
  intent: Intent,
  settling: {
    readonly secretArn: string | null;
    readonly at: Date;
    /** Who finished it, where its handler did not. */
    readonly settledBy: string | null;
    readonly settings: Pick<Settings, 'retentionDays'>;
    readonly random: Randomness;
  },
): Closing {
  const { secretArn, settledBy, settings, random } = settling;
  const at = settling.at.toISOString();
  const isRotation = intent.kind === 'regenerate';
  const isMirrored = intent.newName !== '';
  const until =
    isRotation && (intent.graceSeconds ?? 0) > 0
      ? secondsAfter(settling.at, intent.graceSeconds ?? 0)
      : null;
  const prev = until === null ? null : { hash: current.cur.hash, until };
  const isMove = intent.newAlias !== current.alias;
  const moved: KeyRow = {
    ...withImage(current, settledImage(current, intent, isRotation ? until : undefined)),
    rev: current.rev + 1,
    intent: null,
    ...(isRotation ? { rotateNotBefore: undefined } : {}),
    // What a first look found wrong was about the former version, or the former name.
    suspicion: undefined,
    cur: { hash: intent.hash, ver: isMirrored ? intent.ver : null },
    prev: isRotation ? prev : current.prev,
    alias: intent.newAlias,
    secretName: isMirrored ? intent.newName : null,
    secretArn: isMirrored ? secretArn : null,
    ownNameLeftAt: ownNameLeftAt(current, intent, at),
  };
  const row = audited(
    current,
    retaggedSoon(current, moved, at),
    {
      id: intent.id,
      action: isRotation ? 'rotated' : 'updated',
      at,
      who: settledBy === null ? intent.who : { ...intent.who, settled_by: settledBy },
      requestId: intent.request_id,
      // Of a rotation by Secrets Manager the version is not the event's id, and nothing else tells it.
      operationId: intent.ver === intent.id ? null : intent.ver,
      notify: isMirrored ? null : intent.notify,
      endedOverlap: isRotation && endsOverlap(current, at),
    },
    random,
  );
  return {
    row,
    also: [
      ...(isMove ? freeLease(current, current.alias, current.secretName === null ? null : at) : []),
      ...(isRotation
        ? [expirePointer(current.keyId, current.cur.hash, until ?? at, settings.retentionDays)]
        : []),
    ],
  };
}

/** Closes it as not done: nothing happened, so there is no event. */
export const undoneReplacement = (
  current: KeyRow,
  intent: Intent,
  deletedAt: string | null,
): Closing => ({
  row: {
    ...current,
    rev: current.rev + 1,
    intent: null,
    // Its secret got as far as the key's own name, and is in a deletion window there.
    ...(intent.newAlias === null && deletedAt !== null ? { ownNameLeftAt: deletedAt } : {}),
  },
  also: [
    ...(intent.newAlias === current.alias ? [] : freeLease(current, intent.newAlias, deletedAt)),
    ...(intent.kind === 'regenerate'
      ? [{ kind: 'delete-pointer', hash: intent.hash } as const]
      : []),
    ...removeRecord(intent),
  ],
});

/** A key's own name, which it has without an alias, is left, taken again, or as it was. */
function ownNameLeftAt(
  { alias, secretName, ownNameLeftAt: before }: KeyRow,
  { newAlias, newName }: Intent,
  at: string,
): string | undefined {
  if (newAlias === null) return newName === '' ? before : undefined;
  return alias === null && secretName !== null ? at : before;
}

/** Whether the value before the last one is still let in. */
const endsOverlap = ({ prev }: KeyRow, at: string): boolean => prev !== null && at < prev.until;

/** @param until end of the overlap; null where there is none, undefined where it is left alone */
function settledImage(
  { key }: KeyRow,
  { patch, opened, rotationDue }: Intent,
  until: string | null | undefined,
) {
  const settled = patch === undefined ? key : patched(key, patch);
  // A change that was made meanwhile is the later one, and its time and author stay.
  const { updated_at, updated_by, settings_updated_at, key_rotation_at } = key;
  const isRescheduled = rotationDue !== undefined && rotationDue !== (key_rotation_at ?? '');
  const image = {
    ...settled,
    ...(updated_at > opened ? { updated_at, updated_by } : { updated_at: opened }),
    settings_updated_at:
      settings_updated_at !== undefined && settings_updated_at > opened
        ? settings_updated_at
        : opened,
    ...(isRescheduled ? { key_rotation_at } : {}),
  };
  if (until === undefined) return image;
  const { overlap_until: _ended, ...rest } = image;
  return until === null ? rest : { ...rest, overlap_until: until };
}
