/**
 * Names of the attributes and indexes of every table: the one place shared by the stack, which
 * creates them, and the adapters, which read and write them.
 */

/** Attributes that more than one table has. `ttl` is in epoch seconds, as DynamoDB's TTL wants it. */
export const tableAttributes = { pk: 'pk', sk: 'sk', ttl: 'ttl' } as const;

/** First part of a key row's partition key. The stream readers filter on it. */
export const keyRowPrefix = 'KEY#';

/**
 * The one attribute copied into the list indexes. Full objects are read by key, so that a page of
 * a list costs the same whatever a row weighs.
 */
export const listedAttribute = 'listed';

/**
 * Indexes of the keys table. `byCreated` also holds the held aliases, in partitions of their own.
 * `due` is sparse and only finds rows: nothing is ever decided on what it says.
 */
export const keysIndexes = {
  byCreated: { name: 'byCreated', pk: 'created_pk', sk: 'created_sk' },
  byUser: { name: 'byUser', pk: 'user_pk', sk: 'created_sk' },
  byTeam: { name: 'byTeam', pk: 'team_pk', sk: 'created_sk' },
  due: { name: 'due', pk: 'due_pk', sk: 'due_sk' },
} as const;

/** Indexes of the audit table. They give keys only: records are read from the table itself. */
export const auditIndexes = {
  byTime: { name: 'byTime', pk: 'time_pk', sk: 'order_sk' },
  byActor: { name: 'byActor', pk: 'changed_by', sk: 'order_sk' },
  byObject: { name: 'byObject', pk: 'object_id', sk: 'order_sk' },
} as const;

/** Partitions a list index is spread over, so that no single one carries all writes. */
const shards = [0, 1, 2, 3] as const;

export const rowKey = (keyId: string): string => `${keyRowPrefix}${keyId}`;
export const keyIdOf = (pk: string): string => pk.slice(keyRowPrefix.length);
export const pointerPrefix = 'TOKEN#';
export const pointerKey = (hash: string): string => `${pointerPrefix}${hash}`;
export const leasePrefix = 'ALIAS#';
export const leaseKey = (alias: string): string => `${leasePrefix}${alias}`;
/** First part of a claim link's key; a permission names it. */
export const claimLinkPrefix = 'CLAIM#';
export const claimLinkKey = (noticeId: string): string => `${claimLinkPrefix}${noticeId}`;
export const noticeKey = (noticeId: string): string => `NOTICE#${noticeId}`;

/** A stable shard of an id: the sum of its characters, which base62 spreads evenly. */
export const shardOf = (id: string): number => {
  let sum = 0;
  for (let index = 0; index < id.length; index += 1) sum += id.charCodeAt(index);
  return sum % shards.length;
};

export const listPartition = (status: 'live' | 'deleted', keyId: string): string =>
  `LIST#${status}#${shardOf(keyId)}`;
export const aliasesPartition = (alias: string): string => `ALIASES#${shardOf(alias)}`;
export const userPartition = (status: 'live' | 'deleted', userId: string): string =>
  `USER#${status}#${userId}`;
export const teamPartition = (status: 'live' | 'deleted', teamId: string): string =>
  `TEAM#${status}#${teamId}`;
/** One index, apart by the kind of work: none can hide another behind a full page. */
const duePrefixes = { repair: 'DUE#', rotation: 'ROTATE#', reminder: 'REMIND#' } as const;
type DueWork = keyof typeof duePrefixes;
export const duePartition = (work: DueWork, keyId: string): string =>
  `${duePrefixes[work]}${shardOf(keyId)}`;
export const duePartitions = (work: DueWork): readonly string[] =>
  shards.map((shard) => `${duePrefixes[work]}${shard}`);
export const listPartitionsOf = (status: 'live' | 'deleted'): readonly string[] =>
  shards.map((shard) => `LIST#${status}#${shard}`);
/** All partitions that rows are listed in, live ones first. */
export const listPartitions = [...listPartitionsOf('live'), ...listPartitionsOf('deleted')];
export const aliasesPartitions = shards.map((shard) => `ALIASES#${shard}`);
/** The item that says where the sweep stands. */
export const sweepKey = 'SWEEP';
export const auditPartition = (keyId: string): string => `AUDIT#${shardOf(keyId)}`;
export const auditPartitions = shards.map((shard) => `AUDIT#${shard}`);

/** Sort key of an audit record: zero-padded, so that text order is number order. */
export const auditSort = (seq: number): string => String(seq).padStart(12, '0');
export const auditOrder = (at: string, keyId: string, seq: number): string =>
  `${at}#${keyId}#${auditSort(seq)}`;
