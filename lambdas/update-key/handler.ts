/**
 * `POST /key/update`: changes what a request names and leaves the rest. With another alias the key's
 * secret follows its name; there is no moment without one that holds the value.
 */
import { replacementStores } from '../shared/adapters/stores.ts';
import { possibleAlias } from '../shared/domain/alias.ts';
import { nameOf } from '../shared/domain/changed-by.ts';
import { changedKey } from '../shared/domain/changed-key.ts';
import { MalformedRequest } from '../shared/domain/errors.ts';
import type { KeyFields } from '../shared/domain/key-fields.ts';
import { patched } from '../shared/domain/key-patch.ts';
import type { KeyPatch, KeyRow } from '../shared/domain/key-row.ts';
import { changeNotice } from '../shared/domain/owner-notice.ts';
import { patchBeside } from '../shared/domain/patch-of.ts';
import {
  changeableTarget,
  checkCreator,
  type Target,
  targetOf,
  targetOfAlias,
} from '../shared/domain/target.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { jsonBody } from '../shared/http/json-body.ts';
import { updatedKey } from '../shared/http/key-answer.ts';
import { changeKey } from '../shared/protocol/change-key.ts';
import { outpaced } from '../shared/protocol/commit.ts';
import { type ReplacementStores, replaceKey } from '../shared/protocol/replace-key.ts';
import { aliasAfter } from '../shared/protocol/replacement.ts';
import { replayStored } from '../shared/protocol/replay.ts';
import { updateRequest } from './schema.ts';

interface Input {
  /** As the caller named the key; null where by its alias. */
  readonly identifier: string | null;
  readonly target: Target | null;
  readonly fields: KeyFields;
}

export const route: Route<Input> = {
  name: 'update-key',
  right: () => 'key.update',
  takesIdempotencyKey: true,
  parse: (request) => {
    const { key, ...fields } = jsonBody(updateRequest, request);
    if (typeof key === 'string') return { identifier: key, target: targetOf(key), fields };
    const { key_alias, ...others } = fields;
    if (typeof key_alias !== 'string') {
      throw new MalformedRequest('key', 'Name the key: by key, or by key_alias.');
    }
    return { identifier: null, target: targetOfAlias(key_alias), fields: others };
  },
  reads: ({ target, fields }) => ({
    target: target?.ref,
    alias: possibleAlias(fields.key_alias),
  }),
};

export const updateKey = (stores: ReplacementStores) => async (call: Call<Input>) => {
  const { input, caller, scope, loaded, requestId, who } = call;
  const { identifier, target, fields } = input;
  // The hash is the first answer's: by now the key may have another.
  const told = (answer: object) =>
    ok({ key: identifier ?? ('token' in answer ? answer.token : null), ...answer });
  const repeated = await replayStored(stores, call);
  if (repeated !== null) return told(repeated.answer);

  const { settings, random, now } = stores;
  const param = identifier === null ? 'key_alias' : 'key';
  const row = changeableTarget({ target, row: loaded.target, param }, caller, scope, now());
  checkCreator(row, caller);
  const patchFor = (current: KeyRow) => {
    const context = { ...call, namedBy: identifier ?? '', settings, now: now() };
    return patchBeside(fields, current, context);
  };
  const isRename = (current: KeyRow, patch: KeyPatch) =>
    aliasAfter(current, patch) !== current.alias;
  if (isRename(row, patchFor(row))) {
    const rename = (current: KeyRow) => {
      const patch = patchFor(current);
      return {
        kind: 'rename',
        value: null,
        patch: { ...patch, set: { ...patch.set, updated_by: nameOf(caller) } },
        graceSeconds: 0,
        notify: changeNotice(current, patched(current.key, patch), settings.mail, now()),
      } as const;
    };
    const renamed = await replaceKey(stores)(row, rename, updatedKey, call);
    return told(updatedKey(renamed.row));
  }
  const updated = await changeKey(
    stores,
    row,
    (current) => {
      const patch = patchFor(current);
      // Somebody else renamed it meanwhile, and this would now be a rename back.
      if (isRename(current, patch)) throw outpaced();
      const by = { caller, who, requestId, now: now(), settings, random };
      return { row: changedKey(current, patch, 'updated', by) };
    },
    call,
    { answerOf: updatedKey, isUrgent: fields.blocked === true },
  );
  return told(updatedKey(updated));
};

export const handler = api(route, () => {
  const stores = replacementStores();
  return { ...stores, operation: updateKey(stores) };
});
