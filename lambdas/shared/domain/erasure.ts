/**
 * Erasing a person: what of a row or an audit record names them, and what is left of it. Key ids and
 * token hashes name nobody once no row and no record tells whose they are.
 */
import { type SaltedPart, saltedParts } from './audit-chain.ts';
import type { AuditRecord } from './audit-record.ts';
import { canonicalJson } from './canonical-json.ts';
import { adminName, erasedName } from './changed-by.ts';
import { audited } from './key-event.ts';
import { type KeyImage, type KeyRow, keyImage } from './key-row.ts';
import type { Randomness } from './ports.ts';

export interface Person {
  readonly userId: string;
  /** Addresses that are theirs alone. */
  readonly emails: readonly string[];
}

/** Names that stand for no person. */
const nobodys = [adminName, erasedName, 'system', 'secrets_manager', 'litellm_proxy_master_key'];

export const isNobody = ({ userId }: Person): boolean => nobodys.includes(userId);

/** In running text a shorter name would be found where nobody is meant. */
const shortestWord = 3;

export type Names = (value: unknown) => boolean;

/**
 * Tells whether a value names the person, in whatever depth: a text or a member that is the user id or
 * an address, or has it as a word of its own, as `ada` in `ada-laptop`, but not in `canada` or in
 * somebody's address.
 */
export function namesOf({ userId, emails }: Person): Names {
  const words = [
    ...(userId.length < shortestWord ? [] : [new RegExp(wordIn(userId), 'u')]),
    ...emails.map((email) => new RegExp(wordIn(email), 'iu')),
  ];
  const isNamed = (text: string) => text === userId || words.some((word) => word.test(text));
  const names: Names = (value) => {
    if (typeof value === 'string') return isNamed(value);
    if (typeof value !== 'object' || value === null) return false;
    return Object.entries(value).some(([name, member]) => isNamed(name) || names(member));
  };
  return names;
}

const wordIn = (text: string): string =>
  String.raw`(?<![\p{L}\p{N}@+]|[\p{L}\p{N}]\.)${text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)}(?![\p{L}\p{N}@+]|\.[\p{L}\p{N}])`;

/** The parts of a record that name the person and are not erased yet. */
export const partsNaming = (record: AuditRecord, names: Names): SaltedPart[] =>
  saltedParts.filter((part) => record.salts[part] !== null && names(record[part]));

/** Whether a live key is the person's: it is to be ended, or given away, before they are erased. */
export const isTheirs = ({ status, key }: KeyRow, { userId, emails }: Person): boolean =>
  status === 'active' && (key.user_id === userId || isOneOf(emails, key.user_email));

const isOneOf = (emails: readonly string[], email: string | undefined): boolean =>
  emails.some((one) => one.toLowerCase() === email?.toLowerCase());

/**
 * Members of a live key's image from which a name can be taken without a change of what the key may
 * do. The others are for an admin to change.
 */
const harmless = ['created_by', 'updated_by', 'metadata'];

/** What the key is, and none of it is a person's. */
const fixed = ['token', 'key_name', 'key_alias'];

/** The image without the person, as far as that goes. */
export function imageWithout(
  { status, key }: Pick<KeyRow, 'status' | 'key'>,
  { userId, emails }: Person,
  names: Names,
): KeyImage {
  const isTheirKey = key.user_id === userId;
  const isDeleted = status === 'deleted';
  const kept = Object.entries(key).filter(
    ([name]) =>
      !(name === 'user_id' && isTheirKey) &&
      !(name === 'user_email' && (isTheirKey || isOneOf(emails, key.user_email))),
  );
  const image = kept.map(([name, value]) => {
    const mayChange = isDeleted ? !fixed.includes(name) : harmless.includes(name);
    return [name, mayChange && names(value) ? without(value, names) : value];
  });
  return keyImage.parse(Object.fromEntries(image));
}

function without(value: unknown, names: Names): unknown {
  if (typeof value === 'string') return names(value) ? erasedName : value;
  if (Array.isArray(value)) return value.map((one) => without(one, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !names(name))
      .map(([name, member]) => [name, without(member, names)]),
  );
}

/** Who erases, in which run. */
export interface Eraser {
  readonly by: string;
  readonly runId: string;
  readonly now: Date;
  readonly random: Randomness;
}

/**
 * The row without the person, with an event in the place of the one that may name them; null where
 * nothing can be taken from it. What still names them then is told by `stillNaming`.
 */
export function rowWithout(
  row: KeyRow,
  person: Person,
  names: Names,
  eraser: Eraser,
): KeyRow | null {
  const image = imageWithout(row, person, names);
  const isImageNamed = names(row.key) && canonicalJson(image) !== canonicalJson(row.key);
  if (row.intent !== null || !(isImageNamed || names(named(row)))) return null;
  const { by, runId, now, random } = eraser;
  const next = {
    ...row,
    rev: row.rev + 1,
    // The hash of what an import gave has no salt, and could tell what was erased.
    ...(isImageNamed ? { key: image, imported: undefined } : {}),
    // It stays, so that nobody is reminded of the same once more.
    ...(row.reminder !== undefined && names(row.reminder.to)
      ? { reminder: { ...row.reminder, to: null } }
      : {}),
  };
  const happening = {
    id: random.uuid(),
    action: 'erased',
    at: now.toISOString(),
    who: {
      changed_by: by,
      changed_by_api_key: null,
      principal: 'erase',
      settled_by: null,
      source_ip: null,
    },
    requestId: runId,
    operationId: runId,
    notify: null,
  } as const;
  return audited(row, next, happening, random);
}

/** Beside the image, what may name somebody. */
const named = ({ event, reminder }: KeyRow) => ({
  who: event.who,
  notify: event.notify,
  reminder: reminder?.to,
});

/** What of a row names the person and is not for `rowWithout` to take away; empty where nothing does. */
export function stillNaming(row: KeyRow, person: Person, names: Names): string[] {
  const { event: _event, key: _key, intent, ...rest } = row;
  if (intent !== null && (names(row) || isTheirs(row, person))) return ['an open step'];
  const image = imageWithout(row, person, names);
  const members = [
    ...Object.entries(image).map(([name, value]) => ({ name, value })),
    ...Object.entries(rest).map(([name, value]) => ({ name, value })),
  ];
  return [...new Set(members.filter(({ value }) => names(value)).map(({ name }) => name))];
}

/**
 * The row without the salts of those parts of its last event that were erased from that event's record:
 * with a salt the part could be guessed from its hash. Null where it keeps none. The salt of an image
 * that is still the row's stays: the next record begins with it.
 */
export function rowWithoutSalts(row: KeyRow, erased: readonly SaltedPart[]): KeyRow | null {
  const { salts } = row.event;
  const dropped = erased.filter(
    (part) => part !== 'after' && salts[part] !== '' && salts[part] !== row.salt,
  );
  if (dropped.length === 0) return null;
  const empty = Object.fromEntries(dropped.map((part) => [part, '']));
  return {
    ...row,
    rev: row.rev + 1,
    event: { ...row.event, salts: { ...salts, ...empty } },
  };
}
