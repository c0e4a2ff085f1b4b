/** `POST /key/block` and `/key/unblock`: shuts a key out, at once, and lets it in again. */
import { tableStores } from '../shared/adapters/stores.ts';
import { changedKey } from '../shared/domain/changed-key.ts';
import { InvalidField, MalformedRequest } from '../shared/domain/errors.ts';
import { isIdentifier } from '../shared/domain/key-format.ts';
import { emptyPatch } from '../shared/domain/key-patch.ts';
import { changeableTarget, type Target, targetOf } from '../shared/domain/target.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { jsonBody } from '../shared/http/json-body.ts';
import { fullRow } from '../shared/http/key-answer.ts';
import type { Request } from '../shared/http/request.ts';
import { changeKey } from '../shared/protocol/change-key.ts';
import type { TableStores } from '../shared/protocol/commit.ts';
import { replayStored } from '../shared/protocol/replay.ts';
import { blockRequest } from './schema.ts';

interface Input {
  readonly target: Target | null;
  readonly blocked: boolean;
}

export const route: Route<Input> = {
  name: 'block-key',
  right: () => 'key.block',
  takesIdempotencyKey: true,
  parse: (request) => {
    const { key } = jsonBody(blockRequest, request);
    if (typeof key !== 'string') throw new MalformedRequest('key', 'key is required.');
    if (!isIdentifier(key)) {
      throw new InvalidField('key', 'key must be a virtual key, a token hash or a key id.');
    }
    return { target: targetOf(key), blocked: isBlocking(request) };
  },
  reads: ({ target }) => ({ target: target?.ref }),
};

function isBlocking({ route: path }: Request): boolean {
  if (path === '/key/block' || path === '/key/unblock') return path === '/key/block';
  throw new Error('This function serves no such route');
}

export const blockKey = (stores: TableStores) => async (call: Call<Input>) => {
  const { input, caller, scope, loaded, who, requestId } = call;
  const repeated = await replayStored(stores, call);
  if (repeated !== null) return ok(repeated.answer);
  const { settings, random, now } = stores;
  const named = { target: input.target, row: loaded.target, param: 'key' };
  const row = changeableTarget(named, caller, scope, now());
  const { blocked } = input;
  const patch = { ...emptyPatch, set: { blocked } };
  const action = blocked ? 'blocked' : 'unblocked';
  const changed = await changeKey(
    stores,
    row,
    (current) => ({
      row: changedKey(current, patch, action, {
        caller,
        who,
        requestId,
        now: now(),
        settings,
        random,
      }),
    }),
    call,
    { answerOf: fullRow, isUrgent: blocked },
  );
  return ok(fullRow(changed));
};

export const handler = api(route, () => {
  const stores = tableStores();
  return { ...stores, operation: blockKey(stores) };
});
