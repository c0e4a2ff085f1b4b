/** Items of the keys table: domain objects with their keys and index attributes added. */
import { isDeepStrictEqual } from 'node:util';
import type { ClaimLink } from '../../domain/claim-link.ts';
import { dueOf } from '../../domain/due.ts';
import { type IdempotencyRecord, idempotencyRecord } from '../../domain/idempotency.ts';
import {
  type AliasLease,
  aliasLease,
  type Intent,
  type KeyRow,
  keyRow,
  listedOf,
  openIntent,
  type TokenPointer,
  tokenPointer,
} from '../../domain/key-row.ts';
import { isMaster } from '../../domain/roles.ts';
import {
  aliasesPartition,
  claimLinkKey,
  duePartition,
  leaseKey,
  leasePrefix,
  listPartition,
  pointerKey,
  pointerPrefix,
  rowKey,
  teamPartition,
  userPartition,
} from './keys.ts';

export type Item = Record<string, unknown>;

/** Attributes that follow from the row; written anew each time, dropped when read. */
const derived = [
  'pk',
  'created_pk',
  'created_sk',
  'user_pk',
  'team_pk',
  'due_pk',
  'due_sk',
  'listed',
];

const isStored = (name: string) => !derived.includes(name);

const membersOf = (item: object, isMeant: (name: string, value: unknown) => boolean): Item =>
  Object.fromEntries(Object.entries(item).filter(([name, value]) => isMeant(name, value)));

export function rowItem(row: KeyRow): Item {
  return {
    ...row,
    intent: row.intent && storedIntent(row, row.intent),
    pk: rowKey(row.keyId),
    ...(isMaster(row.keyId) ? {} : listAttributes(row)),
    ...dueAttributes(row),
  };
}

/**
 * What a step that was just opened says a second time. It is left out of the item where it is the same: DynamoDB
 * bills writes by the kB, and with it a new key's row is over 2 kB. A release that does not know a member of this
 * list cannot read a row without it.
 */
const saidElsewhere = (
  { event: { who, request_id }, cur: { hash }, secretName, alias }: KeyRow,
  { id, opened }: Intent,
): Readonly<Record<string, unknown>> => ({
  at: opened,
  notify: null,
  hash,
  ver: id,
  newName: secretName,
  newAlias: alias,
  names: [],
  idempotencyId: null,
  who,
  request_id,
});

function storedIntent(row: KeyRow, intent: Intent): Item {
  const elsewhere = saidElsewhere(row, intent);
  return membersOf(
    intent,
    (name, value) => !(name in elsewhere && isDeepStrictEqual(value, elsewhere[name])),
  );
}

function dueAttributes(row: KeyRow): Item {
  const due = dueOf(row);
  if (due === null) return {};
  return { due_pk: duePartition(due.work, row.keyId), due_sk: `${due.at}#${row.keyId}` };
}

/** The admin key has none of these: it appears in no list. */
function listAttributes(row: KeyRow): Item {
  const status = row.status === 'active' ? 'live' : 'deleted';
  const { user_id, team_id } = row.key;
  return {
    created_pk: listPartition(status, row.keyId),
    created_sk: `${row.key.created_at}#${row.keyId}`,
    ...(user_id === undefined ? {} : { user_pk: userPartition(status, user_id) }),
    ...(team_id === undefined ? {} : { team_pk: teamPartition(status, team_id) }),
    listed: listedOf(row),
  };
}

/** Throws when the item is no row of this or an earlier release. */
export function parseRow(item: Item): KeyRow {
  const { intent, ...rest } = membersOf(item, isStored);
  const row = keyRow.parse({ ...rest, intent: null });
  if (intent === null) return row;
  const whole = { ...saidElsewhere(row, Object(intent)), ...Object(intent) };
  return { ...row, intent: openIntent.parse(whole) };
}

export const pointerItem = (pointer: TokenPointer): Item => ({
  ...pointer,
  pk: pointerKey(pointer.hash),
});

export function parsePointer(item: Item): TokenPointer {
  const { pk: _key, ...stored } = item;
  return tokenPointer.parse(stored);
}

/** The key that a pointer or a held lease leads to; null for any other item. */
export function keyIdBehind(item: Item): string | null {
  const pk = String(item['pk']);
  if (pk.startsWith(pointerPrefix)) return parsePointer(item).keyId;
  if (!pk.startsWith(leasePrefix)) return null;
  const { state, keyId } = parseLease(item);
  return state === 'held' ? keyId : null;
}

export const leaseItem = (lease: AliasLease): Item => ({
  ...lease,
  pk: leaseKey(lease.alias),
  ...(lease.state === 'held'
    ? { created_pk: aliasesPartition(lease.alias), created_sk: lease.alias }
    : {}),
});

export function parseLease(item: Item): AliasLease {
  return aliasLease.parse(membersOf(item, isStored));
}

/** Of the table of idempotency records, whose key is the record's id. */
export const recordItem = (record: IdempotencyRecord): Item => ({ ...record, pk: record.id });

export function parseRecord(item: Item): IdempotencyRecord {
  const { pk: _key, ...stored } = item;
  return idempotencyRecord.parse(stored);
}

/** Of the table of notices. */
export const claimLinkItem = (link: ClaimLink): Item => ({
  ...link,
  pk: claimLinkKey(link.notice_id),
});
