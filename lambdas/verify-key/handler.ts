/**
 * `POST /key/verify`: whether a key is good now. One strongly consistent read of its row, so that a
 * block, a delete or a rotation counts for every check that starts after it. Asked by a gateway with a
 * key of its own; or with the very key that is to be checked, whose state then keeps nobody out.
 */
import { documentClient } from '../shared/adapters/clients.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { authenticate, credentialOf } from '../shared/domain/credential.ts';
import { deadlineOf } from '../shared/domain/deadline.ts';
import { Unauthenticated } from '../shared/domain/errors.ts';
import { tokenHash } from '../shared/domain/key-format.ts';
import { countsAsValue } from '../shared/domain/key-row.ts';
import { scopeOf } from '../shared/domain/roles.ts';
import { checkStorable } from '../shared/domain/storable.ts';
import { targetOf } from '../shared/domain/target.ts';
import { isValid, meantBy, verdictOn } from '../shared/domain/verdict.ts';
import { ok } from '../shared/http/answer.ts';
import { answering } from '../shared/http/answering.ts';
import type { Wiring } from '../shared/http/api.ts';
import { jsonBody } from '../shared/http/json-body.ts';
import { updatedKey } from '../shared/http/key-answer.ts';
import { presentedKey } from '../shared/http/presented-key.ts';
import { tried } from '../shared/http/tried.ts';
import { verifyRequest } from './schema.ts';

type Stores = Omit<Wiring<never>, 'operation'>;

export const route = { name: 'verify-key', takesIdempotencyKey: false } as const;

/** Not in `api()`'s stack: that lets in no caller whose own key is what is in question. */
export function verifyKey(wire: () => Stores) {
  let stores: Stores | undefined;
  return answering(route.name, async (request, note) => {
    stores ??= wire();
    const { table, now, settings } = stores;
    const deadline = deadlineOf(settings.timing.functionTimeoutSeconds, now);
    const presented = presentedKey(request) ?? '';
    const credential = credentialOf(presented);
    const asked = tried(() => jsonBody(verifyRequest, request));
    const isSelf = 'done' in asked && asked.done.key === presented;
    const target = 'done' in asked ? targetOf(asked.done.key) : null;
    const loaded = await table.load(
      { caller: credential.ref, target: target?.ref },
      deadline.tableLimitMs(),
    );
    const at = now();
    const caller = isSelf ? null : authenticate(credential, loaded.caller, at);
    if (caller !== null) note.principal = caller.keyId;
    // Told before rights are looked at: whoever meant its own key needs none.
    if ('error' in asked) throw asked.error;
    if (caller !== null) scopeOf(caller, 'key.verify', request.route);
    const { key, model = null } = asked.done;
    // It is told again, and a key never is.
    checkStorable({ model }, []);
    const row = loaded.target;
    const hash = tokenHash(key);
    // By whatever it was found: neither a token hash nor a key id is its value.
    if (row === null || !countsAsValue(row, hash, at)) {
      // Whoever has the value may know what it is worth; who has not, learns nothing.
      if (isSelf) throw new Unauthenticated();
      return ok({ valid: false, reason: 'not_found', key_id: null });
    }
    note.principal ??= row.keyId;
    note.key_id = row.keyId;
    const reason = verdictOn(row, hash, model, at);
    if (!isValid(reason)) return ok({ valid: false, reason, key_id: row.keyId });
    const meant = model === null ? null : meantBy(model, row.key.aliases);
    return ok({ valid: true, reason, model: meant, ...updatedKey(row) });
  });
}

export const handler = verifyKey(() => ({
  table: keyTable(documentClient, readConfig('KEYS_TABLE').KEYS_TABLE),
  settings: readSettings(),
  now: () => new Date(),
}));
