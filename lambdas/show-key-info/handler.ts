/** `GET /key/info`: shows one key to those who may see it, without its value. */
import { documentClient } from '../shared/adapters/clients.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { callerName } from '../shared/domain/changed-by.ts';
import { type Target, targetOf, visibleTarget } from '../shared/domain/target.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { keyInfo } from '../shared/http/key-answer.ts';

interface Input {
  /** As the caller named the key; null asks for the caller's own. */
  readonly identifier: string | null;
  readonly target: Target | null;
}

export const route: Route<Input> = {
  name: 'show-key-info',
  right: 'key.info',
  takesIdempotencyKey: false,
  parse: ({ query }) => {
    const identifier = query.get('key');
    return { identifier, target: identifier === null ? null : targetOf(identifier) };
  },
  reads: ({ target }) => ({ target: target?.ref }),
};

export const showKeyInfo =
  (clock: () => Date) =>
  async ({ input, caller, scope, loaded }: Call<Input>) => {
    const { identifier, target } = input;
    if (identifier === null) {
      return ok({
        key: callerName(caller.keyId, caller.tokenHash),
        info: keyInfo(caller.row, clock()),
      });
    }
    const row = visibleTarget(target, loaded.target, caller, scope);
    return ok({ key: identifier, info: keyInfo(row, clock()) });
  };

const now = () => new Date();

export const handler = api(route, () => ({
  table: keyTable(documentClient, readConfig('KEYS_TABLE').KEYS_TABLE),
  settings: readSettings(),
  now,
  operation: showKeyInfo(now),
}));
