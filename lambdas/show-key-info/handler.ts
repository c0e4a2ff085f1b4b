/** `GET /key/info`: shows one key to those who may see it, without its value. */
import { documentClient } from '../shared/adapters/clients.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { noticesPart } from '../shared/adapters/table/notices-part.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { callerName } from '../shared/domain/changed-by.ts';
import type { KeyRow } from '../shared/domain/key-row.ts';
import type { StoredNotice } from '../shared/domain/ports.ts';
import { isNamed, type Target, targetOf, visibleTarget } from '../shared/domain/target.ts';
import { ok } from '../shared/http/answer.ts';
import { api, type Call, type Route, type Wiring } from '../shared/http/api.ts';
import { keyInfo, notificationStatus } from '../shared/http/key-answer.ts';

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
  reads: ({ target }) => ({ target: target?.ref, notice: true }),
};

export const showKeyInfo =
  ({ table, now }: Pick<Wiring<Input>, 'table' | 'now'>) =>
  async ({ input, caller, scope, loaded, deadline }: Call<Input>) => {
    const { identifier, target } = input;
    const infoOf = (row: KeyRow, notice: StoredNotice | null) => ({
      ...keyInfo(row, now()),
      notification_status: notificationStatus(notice),
    });
    if (identifier === null) {
      return ok({
        key: callerName(caller.keyId, caller.tokenHash),
        info: infoOf(caller.row, loaded.notice),
      });
    }
    const found = loaded.target;
    if (found === null || isNamed(target, found, now())) {
      const row = visibleTarget(found, caller, scope);
      return ok({ key: identifier, info: infoOf(row, loaded.notice) });
    }
    // A value of the key's id that was never its own names nothing; one that was rotated away still
    // tells which key it was.
    const wanted = target?.hash == null ? {} : { target: { hash: target.hash }, notice: true };
    const former = await table.load(wanted, deadline.tableLimitMs());
    const row = visibleTarget(former.target, caller, scope);
    return ok({
      key: identifier,
      info: { ...infoOf(row, former.notice), status: 'deleted', superseded: true },
    });
  };

export const handler = api(route, () => {
  const { KEYS_TABLE, NOTICES_TABLE } = readConfig('KEYS_TABLE', 'NOTICES_TABLE');
  const wiring = {
    table: keyTable(documentClient, KEYS_TABLE, null, noticesPart(NOTICES_TABLE)),
    settings: readSettings(),
    now: () => new Date(),
  };
  return { ...wiring, operation: showKeyInfo(wiring) };
});
