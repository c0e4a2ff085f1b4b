/** `GET /key/info`: shows one key to those who may see it, without its value. */
import { documentClient } from '../shared/adapters/clients.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { callerName } from '../shared/domain/changed-by.ts';
import { isNamed, type Target, targetOf, visibleTarget } from '../shared/domain/target.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route, type Wiring } from '../shared/http/api.ts';
import { keyInfo } from '../shared/http/key-answer.ts';

interface Input {
  /** As the caller named the key; null asks for the caller's own. */
  readonly identifier: string | null;
  readonly target: Target | null;
}

export const route: Route<Input> = {
  name: 'show-key-info',
  right: () => 'key.info',
  takesIdempotencyKey: false,
  parse: ({ query }) => {
    const identifier = query.get('key');
    return { identifier, target: identifier === null ? null : targetOf(identifier) };
  },
  reads: ({ target }) => ({ target: target?.ref }),
};

export const showKeyInfo =
  ({ table, now }: Pick<Wiring<Input>, 'table' | 'now'>) =>
  async ({ input, caller, scope, loaded, deadline }: Call<Input>) => {
    const { identifier, target } = input;
    if (identifier === null) {
      return ok({
        key: callerName(caller.keyId, caller.tokenHash),
        info: keyInfo(caller.row, now()),
      });
    }
    const found = loaded.target;
    if (found === null || isNamed(target, found, now())) {
      return ok({ key: identifier, info: keyInfo(visibleTarget(found, caller, scope), now()) });
    }
    // A value of the key's id that was never its own names nothing; one that was rotated away still
    // tells which key it was.
    const wanted = target?.hash == null ? {} : { target: { hash: target.hash } };
    const former = (await table.load(wanted, deadline.tableLimitMs())).target;
    const row = visibleTarget(former, caller, scope);
    return ok({
      key: identifier,
      info: { ...keyInfo(row, now()), status: 'deleted', superseded: true },
    });
  };

export const handler = api(route, () => {
  const wiring = {
    table: keyTable(documentClient, readConfig('KEYS_TABLE').KEYS_TABLE),
    settings: readSettings(),
    now: () => new Date(),
  };
  return { ...wiring, operation: showKeyInfo(wiring) };
});
