/**
 * `POST /key/delete`: ends keys for good. Each is refused from the moment its write commits; its secret
 * goes into a deletion window. A repeat with the same `Idempotency-Key` goes on where the first stopped.
 */

import { secretsClient } from '../shared/adapters/clients.ts';
import { secretRemoval } from '../shared/adapters/secret-removal.ts';
import { tableStores } from '../shared/adapters/stores.ts';
import { nameOf } from '../shared/domain/changed-by.ts';
import { InvalidField, KeyNotFound, MalformedRequest, NoneFound } from '../shared/domain/errors.ts';
import { maskedIdentifier } from '../shared/domain/key-format.ts';
import type { KeyRow } from '../shared/domain/key-row.ts';
import {
  changeableTarget,
  checkYours,
  type Target,
  targetOf,
  targetOfAlias,
} from '../shared/domain/target.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { jsonBody } from '../shared/http/json-body.ts';
import { type DeletionStores, deleteKeys } from '../shared/protocol/delete-keys.ts';
import { openOperation } from '../shared/protocol/operation-record.ts';
import { recordOf } from '../shared/protocol/replay.ts';
import { deleteRequest } from './schema.ts';

const mostKeys = 100;

/** One key that is to be deleted, as the caller names it. */
interface Named {
  readonly text: string;
  readonly target: Target | null;
}

export const route: Route<readonly Named[]> = {
  name: 'delete-key',
  right: () => 'key.delete',
  takesIdempotencyKey: true,
  parse: (request) => {
    const { keys, key_aliases } = jsonBody(deleteRequest, request);
    const named = [
      ...(keys ?? []).map((text) => ({ text, target: targetOf(text) })),
      ...(key_aliases ?? []).map((text) => ({ text, target: targetOfAlias(text) })),
    ];
    if (named.length === 0) {
      throw new MalformedRequest(null, 'Name the keys to delete: in keys, or in key_aliases.');
    }
    if (named.length > mostKeys) {
      const param = (keys ?? []).length > 0 ? 'keys' : 'key_aliases';
      throw new InvalidField(param, `At most ${mostKeys} keys can be deleted in one request.`);
    }
    return named;
  },
  reads: (named) => ({
    targets: named.flatMap(({ target }) => (target === null ? [] : [target.ref])),
  }),
};

export const deleteKey = (stores: DeletionStores) => async (call: Call<readonly Named[]>) => {
  const { input, caller, attempt, deadline, who, requestId } = call;
  const { table, random, now } = stores;
  const first = recordOf(call, now());
  const rows = first === null ? rowsOf(call, now()) : await recordedRows(stores, first, call);
  if (rows.every((row) => row === null)) throw new NoneFound();
  const operationId = first?.eventId ?? random.uuid();
  if (first === null && attempt !== null) {
    const keyIds = rows.map((row) => row?.keyId ?? null);
    await openOperation(table, { attempt, operationId, keyIds, now: now(), random, deadline });
  }
  const active = new Map(
    rows.flatMap((row) => (row?.status === 'active' ? [[row.keyId, row] as const] : [])),
  );
  const deletedBy = nameOf(caller);
  const done = await deleteKeys(stores, [...active.values()], {
    who,
    deletedBy,
    requestId,
    operationId,
    deadline,
  });
  // Of a repeat also what the first request had deleted by then.
  const isDone = (row: KeyRow | null) =>
    row !== null && (done.has(row.keyId) || (first !== null && !active.has(row.keyId)));
  if (!rows.some(isDone)) throw new NoneFound();
  return ok({
    deleted_keys: input.filter((_, index) => isDone(rows[index] ?? null)).map(({ text }) => text),
    failed_tokens: input
      .filter((_, index) => !isDone(rows[index] ?? null))
      .map(({ text }) => maskedIdentifier(text)),
  });
};

/** The row of each name, null where there is none to delete. Throws `Denied` where one is somebody else's. */
function rowsOf({ input, loaded, caller, scope }: Call<readonly Named[]>, now: Date) {
  const found = [...loaded.targets];
  return input.map(({ target }): KeyRow | null => {
    const row = target === null ? null : (found.shift() ?? null);
    try {
      return changeableTarget({ target, row, param: 'key' }, caller, scope, now);
    } catch (error) {
      if (error instanceof KeyNotFound) return null;
      throw error;
    }
  });
}

/** The rows that the first request had found, in the order of the names. */
async function recordedRows(
  { table }: DeletionStores,
  { keyIds = [] }: { readonly keyIds?: readonly (string | null)[] | undefined },
  { caller, scope, deadline }: Call<readonly Named[]>,
): Promise<(KeyRow | null)[]> {
  const targets = keyIds.flatMap((keyId) => (keyId === null ? [] : [{ keyId }]));
  const found = [...(await table.load({ targets }, deadline.tableLimitMs())).targets];
  const rows = keyIds.map((keyId) => (keyId === null ? null : (found.shift() ?? null)));
  for (const row of rows) if (row !== null) checkYours(row, caller, scope);
  return rows;
}

export const handler = api(route, () => {
  const stores = { ...tableStores(), secrets: secretRemoval(secretsClient) };
  return { ...stores, operation: deleteKey(stores) };
});
