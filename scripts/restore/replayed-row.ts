/** A restored row brought forward over the records of its key, without a look at any secret. */
import type { AuditRecord } from '../../lambdas/shared/domain/audit-record.ts';
import { erasedName } from '../../lambdas/shared/domain/changed-by.ts';
import { withImage } from '../../lambdas/shared/domain/key-event.ts';
import { masterKeyId } from '../../lambdas/shared/domain/key-format.ts';
import {
  type DayCount,
  type Intent,
  type KeyImage,
  type KeyRow,
  keyImage,
  keyRow,
  type TokenPointer,
} from '../../lambdas/shared/domain/key-row.ts';
import type { KeyWrite, Randomness } from '../../lambdas/shared/domain/ports.ts';
import { secretNameOf } from '../../lambdas/shared/domain/secret-name.ts';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import { secretsManager } from '../../lambdas/shared/domain/staged-rotation.ts';
import { openDeletion } from '../../lambdas/shared/protocol/deletion.ts';
import { gainsSecret } from '../../lambdas/shared/protocol/replacement.ts';
import {
  endOfRetention,
  expirePointer,
  secondsAfter,
} from '../../lambdas/shared/protocol/writes.ts';

export interface ReplayContext {
  readonly settings: Settings;
  readonly random: Randomness;
}

/** The version that an event stored, where it stored one: Secrets Manager names those of its rotations. */
export const versionOf = ({
  who,
  operation_id: named,
  event_id,
}: Pick<AuditRecord, 'who' | 'operation_id' | 'event_id'>): string =>
  who?.['principal'] === secretsManager.principal ? (named ?? event_id) : event_id;

/** The row with its hash pointers, as the records leave them; `rev` is still that of the restored row. */
export interface Replayed {
  readonly row: KeyRow;
  /** By hash; null for one that is to go. */
  readonly pointers: ReadonlyMap<string, TokenPointer | null>;
}

/** The records do not tell enough; the message says what is lacking. */
export class NotReplayable extends Error {}

/**
 * The row after the last record: its image, what follows from it, and which value is let in until when.
 * A step that the records show to be closed is closed; whether another one is, only the secret tells.
 * Throws `NotReplayable` where a part that is needed was erased.
 *
 * @param records of one key, verified, those after the row's own; of a key without row all
 */
export function replayedRow(
  restored: KeyRow | null,
  records: readonly AuditRecord[],
  context: ReplayContext,
): Replayed {
  const [birth, ...later] = records;
  const start =
    restored !== null
      ? { row: restored, pointers: new Map() }
      : birth === undefined
        ? nothing()
        : bornWith(birth, context);
  const end = (restored === null ? later : records).reduce<Replayed>(
    (state, record) => after(state, record, context),
    start,
  );
  const last = records.at(-1);
  if (end.row.status === 'active' && last !== undefined && imageIn(last.after) === null) {
    throw new NotReplayable(
      `Of record ${last.seq} the image was erased: nothing tells what it is.`,
    );
  }
  return end;
}

function nothing(): never {
  throw new NotReplayable('There is neither a row nor a record of it.');
}

function bornWith(record: AuditRecord, { settings }: ReplayContext): Replayed {
  const { key_id: keyId, event_id: id, at } = record;
  if (keyId === masterKeyId) {
    throw new NotReplayable('The admin key was made after that time: restore to a later one.');
  }
  const image = imageIn(record.after);
  if (image === null || !['created', 'imported'].includes(record.action)) {
    throw new NotReplayable('The record of its birth was erased, or is none of a birth.');
  }
  const { token, key_alias: alias = null, store_secret } = image;
  const isMirrored =
    record.action === 'created' && settings.storeVirtualKeys && store_secret !== false;
  const secretName = isMirrored ? secretNameOf(settings.secretPrefix, alias, token) : null;
  const opened = {
    opened: at,
    at,
    fence: secondsAfter(new Date(at), settings.timing.fenceSeconds),
  };
  const event = eventOf(record);
  const intent: Intent | null =
    secretName === null
      ? null
      : {
          id,
          kind: 'generate',
          claim: 0,
          ...opened,
          notify: null,
          hash: token,
          ver: id,
          newName: secretName,
          newAlias: alias,
          names: [],
          idempotencyId: null,
          who: event.who,
          request_id: record.request_id,
        };
  const row = keyRow.parse({
    v: 1,
    keyId,
    status: 'active',
    blocked: image.blocked === true,
    expires: image.expires ?? null,
    cur: { hash: token, ver: isMirrored ? id : null },
    prev: null,
    alias,
    secretName,
    secretArn: null,
    first_token: token,
    seq: record.seq,
    rev: 0,
    event,
    salt: record.salts.after ?? '',
    chain: record.chain,
    intent,
    key: image,
  });
  return { row, pointers: new Map([[token, { hash: token, keyId }]]) };
}

function after(state: Replayed, record: AuditRecord, context: ReplayContext): Replayed {
  const { row: before } = state;
  const changed = changedBy(state, record, context);
  const image = imageIn(record.after);
  const isShown = changed.row.status === 'active' && image !== null;
  const imaged = isShown ? withImage(changed.row, image) : changed.row;
  // A key without secret has its alias with the record, whatever was erased of those before.
  const alias = isShown && imaged.secretName === null ? (image.key_alias ?? null) : imaged.alias;
  const row = withoutEndedOverlap({ ...imaged, alias });
  const { suspicion: _seen, ...rest } = row;
  return {
    ...changed,
    row: {
      ...rest,
      // Of a deleted row no image is shown: it has nothing to hide, and must not keep what an erasure dropped.
      salt: row.status === 'deleted' ? '' : ((isShown ? record.salts.after : null) ?? before.salt),
      seq: record.seq,
      chain: record.chain,
      event: eventOf(record),
      intent: row.intent === null || isClosedBy(row.intent, record) ? null : row.intent,
    },
  };
}

/** What an action does beside the image. */
function changedBy(state: Replayed, record: AuditRecord, context: ReplayContext): Replayed {
  const { row } = state;
  switch (record.action) {
    case 'rotated':
      return stored(state, record, context);
    case 'updated': {
      const image = imageIn(record.after);
      if (image === null && row.secretName !== null) {
        throw new NotReplayable(
          `Of record ${record.seq} the image was erased: whether its secret was moved is not known.`,
        );
      }
      return image !== null && (image.key_alias ?? null) !== row.alias
        ? stored(state, record, context)
        : state;
    }
    case 'deleted':
      return deleted(state, record, context);
    case 'generate_undone':
      return {
        row: {
          ...row,
          status: 'deleted',
          intent: null,
          ttl: endOfRetention(record.at, context.settings.retentionDays),
        },
        pointers: new Map([...state.pointers, [row.cur.hash, null]]),
      };
    case 'claim_link_requested':
      return {
        ...state,
        row: { ...row, claimLink: { notice: record.event_id, hash: row.cur.hash } },
      };
    case 'erased':
      return { ...state, row: withoutErased(row) };
    default:
      return state;
  }
}

/** A new value, a new name, or both. */
function stored(state: Replayed, record: AuditRecord, context: ReplayContext): Replayed {
  const { row, pointers } = state;
  const { settings } = context;
  const isRotation = record.action === 'rotated';
  const image = imageIn(record.after);
  if (image === null) {
    throw new NotReplayable(
      `Of record ${record.seq} the image was erased: its value is not known.`,
    );
  }
  const { token, key_alias: alias = null, overlap_until: until } = image;
  const isFirstSecret = gainsSecret(row, { kind: isRotation ? 'regenerate' : 'rename' }, settings);
  const isMirrored = row.secretName !== null || isFirstSecret;
  const isMove = isMirrored && (alias !== row.alias || isFirstSecret);
  const { rotateNotBefore, ownNameLeftAt: leftAt, ...kept } = row;
  const isOwnName = row.alias === null && row.secretName !== null;
  const ownNameLeftAt =
    alias === null ? (isMirrored ? undefined : leftAt) : isOwnName ? record.at : leftAt;
  const next: KeyRow = {
    ...kept,
    cur: { hash: token, ver: isMirrored ? versionOf(record) : null },
    alias,
    secretName: isMove
      ? secretNameOf(settings.secretPrefix, alias, row.first_token)
      : row.secretName,
    secretArn: isMove ? null : row.secretArn,
    // Its own step, or one that was closed before: else this one would not have been opened.
    intent: null,
    stores: isMirrored || isRotation ? storedOnceMore(row.stores, record.at) : row.stores,
    ...(isRotation || rotateNotBefore === undefined ? {} : { rotateNotBefore }),
    ...(ownNameLeftAt === undefined ? {} : { ownNameLeftAt }),
  };
  if (!isRotation) return { row: next, pointers };
  const former = row.cur.hash;
  const ends = expirePointer(row.keyId, former, until ?? record.at, settings.retentionDays);
  return {
    row: { ...next, prev: until === undefined ? row.prev : { hash: former, until } },
    pointers: new Map<string, TokenPointer | null>([
      ...pointers,
      ...pointersIn([ends]),
      [token, { hash: token, keyId: row.keyId }],
    ]),
  };
}

function deleted(state: Replayed, record: AuditRecord, context: ReplayContext): Replayed {
  const { settings, random } = context;
  const at = new Date(record.at);
  const { who } = eventOf(record);
  const image = imageIn(record.before) ?? state.row.key;
  const opened = openDeletion(
    { ...state.row, key: image },
    {
      who,
      deletedBy: who.changed_by,
      requestId: record.request_id,
      operationId: record.operation_id ?? '',
      startedAt: at,
      now: at,
      settings,
      random,
    },
  );
  const intent = opened.row.intent === null ? null : { ...opened.row.intent, id: record.event_id };
  return {
    row: { ...opened.row, rev: state.row.rev, intent },
    pointers: new Map([...state.pointers, ...pointersIn(opened.also ?? [])]),
  };
}

/**
 * What an erasure takes from a row beside the image that its record shows. Of a deleted key none is shown:
 * whatever may name somebody goes.
 */
function withoutErased(row: KeyRow): KeyRow {
  const { imported: _imported, reminder, ...rest } = row;
  return {
    ...rest,
    key: row.status === 'deleted' ? namelessImage(row.key) : row.key,
    ...(reminder === undefined ? {} : { reminder: { ...reminder, to: null } }),
  };
}

/** Members that are no text of a person's choice, and what the key was called. */
const nameless = [
  'token',
  'key_name',
  'key_alias',
  'key_type',
  'spend',
  'expires',
  'blocked',
  'auto_rotate',
  'rotation_count',
  'store_secret',
  'created_at',
  'updated_at',
  'settings_updated_at',
  'deleted_at',
];

const namelessImage = (image: KeyImage): KeyImage =>
  keyImage.parse({
    ...Object.fromEntries(Object.entries(image).filter(([name]) => nameless.includes(name))),
    models: [],
    aliases: {},
    config: {},
    permissions: {},
    metadata: {},
    allowed_routes: [],
    created_by: erasedName,
    updated_by: erasedName,
    deleted_by: erasedName,
  });

/** Whether this is the end of the step. */
function isClosedBy(intent: Intent, { action, event_id }: AuditRecord): boolean {
  // The record of a birth and of a deletion is that of its beginning.
  if (action === 'deleted' || action === 'created') return false;
  if (event_id === intent.id) return true;
  const ends: Readonly<Record<string, readonly string[]>> = {
    generate: ['generate_settled', 'generate_undone'],
    delete: ['secret_removed'],
    cleanup: ['secret_removed'],
    restore: ['secret_restored'],
  };
  return ends[intent.kind]?.includes(action) === true;
}

/** A former value is let in where the image promises it, and never for longer. */
function withoutEndedOverlap(row: KeyRow): KeyRow {
  const isPromised = row.prev === null || row.prev.until === row.key.overlap_until;
  return isPromised ? row : { ...row, prev: null };
}

/** Nobody is told of it once more: the mail went out, or will, with the write that the record is of. */
const eventOf = (record: AuditRecord): KeyRow['event'] => ({
  id: record.event_id,
  action: record.action,
  at: record.at,
  who: whoIn(record),
  request_id: record.request_id,
  operation_id: record.operation_id,
  notify: null,
  ...(record.ended_overlap === true ? { ended_overlap: true } : {}),
  digest: record.digest,
  previous_chain: record.previous_chain,
  salts: {
    who: record.salts.who ?? '',
    before: record.salts.before ?? '',
    after: record.salts.after ?? '',
  },
});

function whoIn({ who }: AuditRecord): KeyRow['event']['who'] {
  const parsed = keyRow.shape.event.shape.who.safeParse(who);
  return parsed.success ? parsed.data : nobody;
}

const nobody: KeyRow['event']['who'] = {
  changed_by: erasedName,
  changed_by_api_key: null,
  principal: erasedName,
  settled_by: null,
  source_ip: null,
};

function imageIn(image: AuditRecord['after']): KeyImage | null {
  const parsed = keyImage.safeParse(image);
  return parsed.success ? parsed.data : null;
}

function storedOnceMore(known: DayCount | undefined, at: string): DayCount {
  const day = at.slice(0, 10);
  return { day, count: (known?.day === day ? known.count : 0) + 1 };
}

/** The hash pointers among writes, by hash; null for one that goes. */
export const pointersIn = (writes: readonly KeyWrite[]): [string, TokenPointer | null][] =>
  writes.flatMap((write): [string, TokenPointer | null][] => {
    if (write.kind === 'expire-pointer') return [[write.pointer.hash, write.pointer]];
    return write.kind === 'delete-pointer' ? [[write.hash, null]] : [];
  });
