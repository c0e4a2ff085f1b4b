/** The rows and writes of a delete, as plain values: handler and reconciler share them. */
import { audited } from '../domain/key-event.ts';
import type { Intent, KeyRow, Who } from '../domain/key-row.ts';
import { ownerNotice } from '../domain/owner-notice.ts';
import type { KeyWrite, Randomness } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import type { Change } from './change-key.ts';
import type { Closing } from './close-intent.ts';
import { endOfRetention, expirePointer, freeLease, removeRecord, secondsAfter } from './writes.ts';

export interface DeletionContext {
  readonly who: Who;
  /** `user_id` of the caller, or the admin's name. */
  readonly deletedBy: string;
  readonly requestId: string;
  /** Shared by all keys of one call. */
  readonly operationId: string;
  /** When the function started: the fence counts from it. */
  readonly startedAt: Date;
  readonly now: Date;
  readonly settings: Settings;
  readonly random: Randomness;
}

/**
 * Step 1: deleted for everybody who asks from now on. A step that is open is replaced, and what it was
 * about to leave in Secrets Manager is deleted with the rest; its aliases stay held until then. A key
 * that names no secret is done with this.
 */
export function openDeletion(row: KeyRow, context: DeletionContext): Change {
  const { who, deletedBy, requestId, operationId, startedAt, now, settings, random } = context;
  const at = now.toISOString();
  const opened = startedAt.toISOString();
  const id = random.uuid();
  const names = secretsOf(row);
  const intent: Intent | null =
    names.length === 0
      ? null
      : {
          id,
          kind: 'delete',
          claim: 0,
          opened,
          at: opened,
          fence: secondsAfter(startedAt, settings.timing.fenceSeconds),
          notify: null,
          // Of a value that an open regenerate was about to store: its pointer ends with the others.
          hash: row.intent?.kind === 'regenerate' ? row.intent.hash : row.cur.hash,
          ver: row.cur.ver ?? '',
          newName: row.secretName ?? '',
          newAlias: row.intent?.newAlias ?? null,
          names,
          idempotencyId: null,
          who,
          request_id: requestId,
        };
  const deleted: KeyRow = {
    ...row,
    rev: row.rev + 1,
    status: 'deleted',
    intent,
    key: {
      ...row.key,
      deleted_at: at,
      deleted_by: deletedBy,
      ...(who.changed_by_api_key === null ? {} : { deleted_by_api_key: who.changed_by_api_key }),
    },
    ttl: endOfRetention(at, settings.retentionDays),
  };
  const happening = {
    id,
    action: 'deleted',
    at,
    who,
    requestId,
    operationId,
    notify: ownerNotice(row.key, settings.mail, { event: 'key_deleted' }),
  } as const;
  return {
    row: audited(row, deleted, happening, random),
    also: [
      ...(intent === null ? ends(deleted, null, settings.retentionDays, () => null) : []),
      // A rename that is cut short never happened: its repeat must not tell that it did.
      ...(row.intent?.kind === 'rename' ? removeRecord(row.intent) : []),
    ],
  };
}

/**
 * Step 3: the secrets are in their deletion window, so the names are free.
 *
 * @param removed names of secrets that are scheduled for deletion: an alias tells of its own
 */
export const settledDeletion = (
  current: KeyRow,
  intent: Intent,
  removed: ReadonlySet<string>,
  deletedAt: string,
  retentionDays: number,
): Closing => ({
  row: { ...current, rev: current.rev + 1, intent: null },
  also: ends(current, intent, retentionDays, (name) => (removed.has(name) ? deletedAt : null)),
});

function ends(
  row: KeyRow,
  intent: Intent | null,
  retentionDays: number,
  deletedAtOf: (name: string) => string | null,
): KeyWrite[] {
  const at = row.key.deleted_at ?? row.event.at;
  const hashes = new Set([row.cur, row.prev, intent].flatMap((known) => known?.hash ?? []));
  const otherAlias = intent?.newAlias ?? null;
  const otherName = intent?.names.find((name) => name !== row.secretName) ?? '';
  // What an open step was about to give a key without secret may be under its own alias.
  const ownName = row.secretName ?? (otherAlias === row.alias ? otherName : '');
  return [
    ...freeLease(row, row.alias, deletedAtOf(ownName)),
    ...(otherAlias === row.alias ? [] : freeLease(row, otherAlias, deletedAtOf(otherName))),
    ...[...hashes].map((hash) => expirePointer(row.keyId, hash, at, retentionDays)),
  ];
}

/** Every name under which a secret of the key is, or may yet come to be. */
function secretsOf({ secretName, intent }: KeyRow): string[] {
  // A restore is about the key's own secret, which it names by its ARN.
  const opened =
    intent === null || intent.kind === 'restore' ? [] : [intent.newName, ...intent.names];
  return [...new Set([secretName ?? '', ...opened])].filter((name) => name !== '');
}
