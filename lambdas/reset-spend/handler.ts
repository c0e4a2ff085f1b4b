/** `POST /key/{key}/reset_spend`: sets what a key has spent back, and begins its budget windows anew. */
import { tableStores } from '../shared/adapters/stores.ts';
import { changedKey } from '../shared/domain/changed-key.ts';
import { MalformedRequest } from '../shared/domain/errors.ts';
import type { KeyRow } from '../shared/domain/key-row.ts';
import { spendReset } from '../shared/domain/spend-reset.ts';
import { changeableTarget, type Target, targetOf } from '../shared/domain/target.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { jsonBody } from '../shared/http/json-body.ts';
import { changeKey } from '../shared/protocol/change-key.ts';
import type { TableStores } from '../shared/protocol/commit.ts';
import { replayStored } from '../shared/protocol/replay.ts';
import { resetSpendRequest } from './schema.ts';

interface Input {
  readonly target: Target | null;
  readonly resetTo: number;
}

export const route: Route<Input> = {
  name: 'reset-spend',
  right: () => 'key.reset-spend',
  takesIdempotencyKey: true,
  parse: (request) => {
    const { reset_to } = jsonBody(resetSpendRequest, request);
    if (typeof reset_to !== 'number') {
      throw new MalformedRequest('reset_to', 'reset_to is required: a number.');
    }
    return { target: targetOf(request.params['key'] ?? ''), resetTo: reset_to };
  },
  reads: ({ target }) => ({ target: target?.ref }),
};

export const resetSpend = (stores: TableStores) => async (call: Call<Input>) => {
  const { input, caller, scope, loaded, who, requestId } = call;
  const repeated = await replayStored(stores, call);
  if (repeated !== null) return ok(repeated.answer);
  const { settings, random, now } = stores;
  const named = { target: input.target, row: loaded.target, param: 'key' };
  const row = changeableTarget(named, caller, scope, now());
  let before = row;
  const answerOf = ({ cur, key }: KeyRow) => ({
    key_hash: cur.hash,
    spend: key.spend,
    previous_spend: before.key.spend,
    max_budget: key.max_budget ?? null,
    budget_reset_at: key.budget_reset_at ?? null,
  });
  const changed = await changeKey(
    stores,
    row,
    (current) => {
      before = current;
      const patch = spendReset(current.key, input.resetTo, now());
      const by = { caller, who, requestId, now: now(), settings, random };
      return { row: changedKey(current, patch, 'spend_reset', by) };
    },
    call,
    { answerOf, isUrgent: false },
  );
  return ok(answerOf(changed));
};

export const handler = api(route, () => {
  const stores = tableStores();
  return { ...stores, operation: resetSpend(stores) };
});
