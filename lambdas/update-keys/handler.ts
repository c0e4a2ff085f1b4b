/**
 * `POST /key/bulk_update`: changes of many keys in one request, each of which succeeds or fails by
 * itself. A repeat with the same `Idempotency-Key` goes on where the first stopped.
 */
import { tableStores } from '../shared/adapters/stores.ts';
import { changedKey } from '../shared/domain/changed-key.ts';
import { InvalidField } from '../shared/domain/errors.ts';
import type { KeyFields } from '../shared/domain/key-fields.ts';
import { isTokenHash, maskedIdentifier } from '../shared/domain/key-format.ts';
import type { KeyRow } from '../shared/domain/key-row.ts';
import { patchBeside } from '../shared/domain/patch-of.ts';
import { changeableTarget, type Target, targetOf } from '../shared/domain/target.ts';
import { isAnswerable, ok } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { jsonBody } from '../shared/http/json-body.ts';
import { updatedKey } from '../shared/http/key-answer.ts';
import { changeKeys, type KeyChange } from '../shared/protocol/change-keys.ts';
import type { TableStores } from '../shared/protocol/commit.ts';
import { updateKeysRequest } from './schema.ts';

/** One change, as the caller names its key. */
interface Asked {
  readonly text: string;
  readonly target: Target | null;
  readonly fields: KeyFields;
}

const mostKeys = 500;

export const route: Route<readonly Asked[]> = {
  name: 'update-keys',
  right: () => 'key.bulk-update',
  takesIdempotencyKey: true,
  parse: (request) => {
    const { keys } = jsonBody(updateKeysRequest, request);
    if (keys.length === 0 || keys.length > mostKeys) {
      throw new InvalidField('keys', `keys must name 1 to ${mostKeys} keys.`);
    }
    return keys.map(({ key, ...fields }) => ({ text: key, target: targetOf(key), fields }));
  },
  reads: (asked) => ({
    targets: asked.flatMap(({ target }) => (target === null ? [] : [target.ref])),
  }),
};

export const updateKeys = (stores: TableStores) => async (call: Call<readonly Asked[]>) => {
  const { input, caller, scope, loaded, who, requestId } = call;
  const { settings, random, now } = stores;
  const found = [...loaded.targets];
  const changes = input.map(({ text, target, fields }): KeyChange => {
    const row = target === null ? null : (found.shift() ?? null);
    return {
      row,
      check: () => changeableTarget({ target, row, param: 'key' }, caller, scope, now()),
      decide: (current, operationId) => {
        const context = { ...call, namedBy: text, settings, now: now() };
        const patch = patchBeside(fields, current, context);
        const by = { caller, who, requestId, operationId, now: now(), settings, random };
        return { row: changedKey(current, patch, 'updated', by) };
      },
    };
  });
  // Told before anything is changed. A key grows by no more than what is sent.
  const largest = changes.map(({ row }, index) => [row && withoutHash(row), input[index]]);
  if (!isAnswerable(largest)) {
    throw new InvalidField('keys', 'The answer would be larger than 5.5 MB: name fewer keys.');
  }
  const outcomes = await changeKeys(stores, changes, call);
  const told = outcomes.map((outcome, index) => ({ ...outcome, text: input[index]?.text ?? '' }));
  return ok({
    total_requested: input.length,
    successful_updates: told.flatMap(({ kind, row, text }) =>
      kind === 'changed' ? [{ key: text, key_info: withoutHash(row) }] : [],
    ),
    failed_updates: told.flatMap((outcome) =>
      outcome.kind === 'failed'
        ? [
            {
              key: isTokenHash(outcome.text) ? outcome.text : maskedIdentifier(outcome.text),
              key_info: outcome.row === null ? null : withoutHash(outcome.row),
              failed_reason: outcome.reason,
            },
          ]
        : [],
    ),
  });
};

function withoutHash(row: KeyRow) {
  const { token: _hash, ...info } = updatedKey(row);
  return info;
}

export const handler = api(route, () => {
  const stores = tableStores();
  return { ...stores, operation: updateKeys(stores) };
});
