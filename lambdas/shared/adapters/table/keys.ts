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
