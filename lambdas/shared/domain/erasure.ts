/**
 * Erasing a person: what of a row or an audit record names them, and what is left of it. Key ids and
 * token hashes name nobody once no row and no record tells whose they are.
 */
import { type SaltedPart, saltedParts } from './audit-chain.ts';
import type { AuditRecord } from './audit-record.ts';
import { canonicalJson } from './canonical-json.ts';
import { adminName, erasedName } from './changed-by.ts';
import { audited } from './key-event.ts';
import { type Intent, type KeyImage, type KeyRow, keyImage } from './key-row.ts';
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

/** Which values name a person. */
export interface Names {
  /** Whether a member that tells who somebody is has this one: nothing but the user id, or an address. */
  readonly is: (value: unknown) => boolean;
  /** Whether free text has the user id or an address as a word of its own, in whatever depth. */
  readonly inText: (value: unknown) => boolean;
}

/**
 * The names of a person. `ada` is a word of its own in `for ada, 2nd floor`, and neither in `canada` nor in
 * `ada-b`, `prod/ada` or `ada@example.com`, which may be the names of others.
 */
export function namesOf({ userId, emails }: Person): Names {
  const words = [
    ...(userId.length < shortestWord ? [] : [new RegExp(wordIn(userId), 'u')]),
    ...emails.map((email) => new RegExp(wordIn(email, '(?:mailto:)?'), 'iu')),
  ];
  const is = (value: unknown) =>
    typeof value === 'string' && (value === userId || isOneOf(emails, value));
  const inText = (value: unknown): boolean => {
    if (typeof value === 'string') return is(value) || words.some((word) => word.test(value));
    if (Array.isArray(value)) return value.some(inText);
    if (typeof value !== 'object' || value === null) return false;
    return Object.entries(value).some(([name, member]) => inText(name) || inText(member));
  };
  return { is, inText };
}

/** What names are made of, as the pattern of a class; a full stop or a colon may also end a clause. */
const nameParts = String.raw`\p{L}\p{M}\p{N}_@+/|\\~#%&*$\-`;
/** @param before what may stand before it, as a pattern */
const wordIn = (text: string, before = ''): string =>
  String.raw`(?<![${nameParts}.:])${before}${text.replaceAll(/[\^$.*+?()[\]{}|/]/g, String.raw`\$&`)}(?![.:]*[${nameParts}])`;

/** Members of an image that tell who somebody is. */
const identities = [
  'user_id',
  'user_email',
  'created_by',
  'updated_by',
  'deleted_by',
  'agent_id',
  'team_id',
  'organization_id',
  'project_id',
];
/** Members of an image that have words of this service, and name nobody. */
const ownWords = [
  'token',
  'key_name',
  'key_type',
  'user_role',
  'budget_duration',
  'rotation_interval',
  'deleted_by_api_key',
];

const isMemberNaming = (name: string, value: unknown, names: Names): boolean => {
  if (ownWords.includes(name)) return false;
  return identities.includes(name) ? names.is(value) : names.inText(value);
};

/** The members of an image that name the person. */
const membersNaming = (image: Readonly<Record<string, unknown>>, names: Names): string[] =>
  Object.entries(image).flatMap(([name, value]) =>
    isMemberNaming(name, value, names) ? [name] : [],
  );

/** The parts of a record that name the person and are not erased yet. */
export const partsNaming = (record: AuditRecord, names: Names): SaltedPart[] =>
  saltedParts.filter((part) => {
    const value = record[part];
    if (value === null) return false;
    return part === 'who' ? names.is(value['changed_by']) : membersNaming(value, names).length > 0;
  });

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
    return [name, mayChange && isMemberNaming(name, value, names) ? without(value, names) : value];
  });
  return keyImage.parse(Object.fromEntries(image));
}

function without(value: unknown, names: Names): unknown {
  if (typeof value === 'string') return names.inText(value) ? erasedName : value;
  if (Array.isArray(value)) return value.map((one) => without(one, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !names.inText(name))
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
  const isImageNamed =
    membersNaming(row.key, names).length > 0 && canonicalJson(image) !== canonicalJson(row.key);
  if (row.intent !== null || !(isImageNamed || isNamedBeside(row, names))) return null;
  const { by, runId, now, random } = eraser;
  const next = {
    ...row,
    rev: row.rev + 1,
    // The hash of what an import gave has no salt, and could tell what was erased.
    ...(isImageNamed ? { key: image, imported: undefined } : {}),
    // It stays, so that nobody is reminded of the same once more.
    ...(row.reminder !== undefined && names.is(row.reminder.to)
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

/** Whether the last event or a mail of the row names the person. */
const isNamedBeside = ({ event, reminder }: KeyRow, names: Names): boolean =>
  [event.who.changed_by, event.notify?.to, reminder?.to].some(names.is);

/** What of a row names the person and is not for `rowWithout` to take away; empty where nothing does. */
export function stillNaming(row: KeyRow, person: Person, names: Names): string[] {
  const { intent, alias, leftNames = [], reminder } = row;
  if (intent !== null && (isTheirs(row, person) || isNamedInStep(row, intent, names))) {
    return ['an open step'];
  }
  const leftAliases = leftNames.map((left) => left.alias);
  return [
    ...membersNaming(imageWithout(row, person, names), names),
    ...(names.inText(alias) ? ['alias'] : []),
    ...(names.inText(leftAliases) ? ['leftNames'] : []),
    ...(names.is(reminder?.to) ? ['reminder'] : []),
  ];
}

/** Whether a row with an open step, or what the step is going to write, names the person. */
const isNamedInStep = (row: KeyRow, { who, notify, newAlias, patch }: Intent, names: Names) =>
  isNamedBeside(row, names) ||
  [who.changed_by, notify?.to].some(names.is) ||
  names.inText([newAlias, patch?.metadata, patch?.merge]) ||
  [row.key, patch?.set ?? {}].some((image) => membersNaming(image, names).length > 0);

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
