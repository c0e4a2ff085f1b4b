/**
 * `POST /key/generate` and `POST /key/service-account/generate`: issues a virtual key. The key is valid,
 * and its audit event committed, before its value is told to anybody; its secret is in Secrets Manager
 * by then.
 */

import { secretsClient } from '../shared/adapters/clients.ts';
import { secretsMirror } from '../shared/adapters/secrets.ts';
import { tableStores } from '../shared/adapters/stores.ts';
import { possibleAlias } from '../shared/domain/alias.ts';
import { checkKeyCount } from '../shared/domain/key-count.ts';
import { type NewKeyRequest, newKeyOf } from '../shared/domain/new-key.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { jsonBody } from '../shared/http/json-body.ts';
import { issuedKey } from '../shared/http/key-answer.ts';
import type { Request } from '../shared/http/request.ts';
import { createKey, type Stores } from '../shared/protocol/create-key.ts';
import { replayValue } from '../shared/protocol/replay.ts';
import { generateRequest } from './schema.ts';

export const route: Route<NewKeyRequest> = {
  name: 'generate-key',
  right: (request) => (isForService(request) ? 'key.generate-service-account' : 'key.generate'),
  takesIdempotencyKey: true,
  parse: (request) => ({
    ...jsonBody(generateRequest, request),
    ...(isForService(request) ? { isServiceAccount: true } : {}),
  }),
  reads: ({ key_alias }) => ({ alias: possibleAlias(key_alias) }),
};

const isForService = (request: Request): boolean =>
  request.route === '/key/service-account/generate';

export const generateKey = (stores: Stores) => async (call: Call<NewKeyRequest>) => {
  const repeated = await replayValue(stores, call);
  if (repeated !== null) return ok({ ...repeated.answer, key: repeated.value });
  const { settings, random, now, table } = stores;
  const decide = () => newKeyOf(call.input, { ...call, settings, random, now: now() });
  decide(); // Refuses bad input before anything more is read.
  await checkKeyCount(table, call.caller, settings, call.deadline.tableLimitMs());
  const { row, value } = await createKey(stores)(decide, issuedKey, call);
  return { ...ok({ ...issuedKey(row), key: value }), keyId: row.keyId };
};

export const handler = api(route, () => {
  const known = tableStores();
  const secrets = secretsMirror(secretsClient, known.settings.secretKmsKeyId);
  const stores = { ...known, secrets };
  return { ...stores, operation: generateKey(stores) };
});
