/** A repeated generate: the first answer again, with the key's value from its exact version. */

import type { Deadline } from '../domain/deadline.ts';
import {
  Conflict,
  Denied,
  IdempotencyKeyReused,
  IdempotencySuperseded,
  KeyDeletedSince,
  Unavailable,
} from '../domain/errors.ts';
import { type Attempt, isExpired } from '../domain/idempotency.ts';
import { tokenHash } from '../domain/key-format.ts';
import type { Loaded } from '../domain/ports.ts';
import { type Caller, owns, type Scope } from '../domain/roles.ts';
import type { Stores } from './create-key.ts';

interface RepeatedCall {
  readonly attempt: Attempt | null;
  readonly loaded: Pick<Loaded, 'record'>;
  readonly caller: Caller;
  readonly scope: Scope;
  readonly deadline: Deadline;
}

/**
 * The first answer, or null where this is no repeat. It never starts a new run and never tells a
 * value that is not the key's current one. Throws `IdempotencyKeyReused` for another body,
 * `Conflict` while the first attempt is open, `IdempotencySuperseded` where its value cannot be told
 * again, `KeyDeletedSince`, and `Unavailable` where the secret cannot be read now.
 */
export async function replayBirth(
  { table, secrets, now }: Pick<Stores, 'table' | 'secrets' | 'now'>,
  { attempt, loaded, caller, scope, deadline }: RepeatedCall,
): Promise<object | null> {
  const { record } = loaded;
  if (attempt === null || record === null || isExpired(record, now())) return null;
  if (record.requestHash !== attempt.requestHash) throw new IdempotencyKeyReused();
  const { target: row } = await table.load(
    { target: { keyId: record.keyId } },
    deadline.tableLimitMs(),
  );
  if (row === null) throw new KeyDeletedSince(record.keyId);
  if (row.intent?.kind === 'generate' && row.intent.id === record.eventId) {
    throw new Conflict('Idempotency-Key', 'The first request is still being worked on.', 5);
  }
  if (scope === 'own' && !owns(caller, row))
    throw new Denied('You may look at your own keys only.');
  if (row.status === 'deleted') throw new KeyDeletedSince(row.keyId);
  if (row.secretName === null || row.cur.ver === null) {
    throw new IdempotencySuperseded(row.keyId, 'whose value is not kept');
  }
  if (row.cur.hash !== record.hash) {
    throw new IdempotencySuperseded(row.keyId, 'whose value has been rotated since');
  }
  const read = await secrets.read(
    row.secretArn ?? row.secretName,
    row.cur.ver,
    deadline.secretLimitMs(),
  );
  if (read.kind !== 'done' || tokenHash(read.value) !== record.hash) {
    throw new Unavailable("The key's secret cannot be read at the moment.", 5);
  }
  return { ...JSON.parse(record.answer), key: read.value };
}
