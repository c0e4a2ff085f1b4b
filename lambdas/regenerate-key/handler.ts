/**
 * `POST /key/regenerate` and `/key/{key}/regenerate`: a new value for a key that stays the same key. The
 * answer comes when the old value is refused, or in its grace period.
 */
import { replacementStores } from '../shared/adapters/stores.ts';
import { possibleAlias } from '../shared/domain/alias.ts';
import { InvalidField } from '../shared/domain/errors.ts';
import type { KeyRow } from '../shared/domain/key-row.ts';
import { type Regeneration, regenerationOf } from '../shared/domain/regeneration.ts';
import { changeableTarget, type Target, targetOf } from '../shared/domain/target.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { jsonBody } from '../shared/http/json-body.ts';

import { type ReplacementStores, replaceKey } from '../shared/protocol/replace-key.ts';
import { replayValue } from '../shared/protocol/replay.ts';
import { rotatedKey } from './rotated-key.ts';
import { regenerateRequest } from './schema.ts';

interface Input {
  readonly target: Target | null;
  readonly asked: Regeneration;
}

export const route: Route<Input> = {
  name: 'regenerate-key',
  right: () => 'key.regenerate',
  takesIdempotencyKey: true,
  parse: (request) => {
    const body = request.body === null ? {} : jsonBody(regenerateRequest, request);
    const { key, new_key, new_master_key, grace_period, send_invite_email, ...fields } = body;
    const identifier = key ?? request.params['key'];
    if (identifier === undefined) {
      throw new InvalidField('key', 'Name the key to regenerate: in the path, or as key.');
    }
    return {
      target: targetOf(identifier),
      asked: {
        namedBy: identifier,
        newValue: new_key ?? null,
        newMasterValue: new_master_key ?? null,
        gracePeriod: grace_period ?? null,
        asksForMail: send_invite_email === true,
        fields,
      },
    };
  },
  reads: ({ target, asked }) => ({
    target: target?.ref,
    alias: possibleAlias(asked.fields.key_alias),
  }),
};

export const regenerateKey = (stores: ReplacementStores) => async (call: Call<Input>) => {
  const { input, caller, scope, loaded } = call;
  const repeated = await replayValue(stores, call);
  if (repeated !== null) {
    const { answer, row, value } = repeated;
    return ok({ ...answer, overlap_until: row.key.overlap_until ?? null, key: value });
  }
  const { settings, random, now } = stores;
  const { target, asked } = input;
  const named = { target, row: loaded.target, param: 'key', orAdminKeyItself: true };
  const row = changeableTarget(named, caller, scope, now());
  const decide = (current: KeyRow) =>
    regenerationOf(asked, current, { ...call, settings, random, now: now() });
  const replaced = await replaceKey(stores)(row, decide, rotatedKey, call);
  return ok({ ...rotatedKey(replaced.row), key: replaced.value });
};

export const handler = api(route, () => {
  const stores = replacementStores();
  return { ...stores, operation: regenerateKey(stores) };
});
