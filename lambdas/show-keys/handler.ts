/** `POST /v2/key/info`: shows the keys among those named that are there and that the caller may see. */
import { documentClient } from '../shared/adapters/clients.ts';
import { keyTable } from '../shared/adapters/table/key-table.ts';
import { readConfig, readSettings } from '../shared/config.ts';
import { byteOrder } from '../shared/domain/byte-order.ts';
import { InvalidField, MalformedRequest } from '../shared/domain/errors.ts';
import {
  isNamed,
  isVisible,
  type Target,
  targetOf,
  targetOfAlias,
} from '../shared/domain/target.ts';
import { page } from '../shared/http/answer.ts';
import { api, type Call, type Route, type Wiring } from '../shared/http/api.ts';
import { jsonBody } from '../shared/http/json-body.ts';
import { updatedKey } from '../shared/http/key-answer.ts';
import { showKeysRequest } from './schema.ts';

interface Input {
  /** As sent. */
  readonly keys: readonly string[] | null;
  readonly targets: readonly Target[];
}

const maxNames = 100;

export const route: Route<Input> = {
  name: 'show-keys',
  right: () => 'key.info',
  takesIdempotencyKey: false,
  parse: (request) => {
    const { keys, key_aliases } = jsonBody(showKeysRequest, request);
    const targets = [...(keys ?? []).map(targetOf), ...(key_aliases ?? []).map(targetOfAlias)];
    if (targets.length === 0) {
      throw new MalformedRequest('keys', 'Name at least one key in keys or key_aliases.');
    }
    if (targets.length > maxNames) {
      throw new InvalidField('keys', `At most ${maxNames} keys can be shown at once.`);
    }
    return { keys: keys ?? null, targets: targets.filter((target) => target !== null) };
  },
  reads: ({ targets }) => ({ targets: targets.map(({ ref }) => ref) }),
};

export const showKeys =
  ({ now }: Pick<Wiring<Input>, 'now'>) =>
  async ({ input, caller, scope, loaded }: Call<Input>) => {
    const found = input.targets.flatMap((target, index) => {
      const row = loaded.targets[index] ?? null;
      const isShown =
        row?.status === 'active' && isNamed(target, row, now()) && isVisible(row, caller, scope);
      return isShown ? [[row.keyId, row] as const] : [];
    });
    // As lists do: the newest first, each key once.
    const rows = [...new Map(found).values()].sort((left, right) =>
      byteOrder(right.key.created_at + right.keyId, left.key.created_at + left.keyId),
    );
    return page('keys', { key: input.keys, info: rows.map(updatedKey) });
  };

export const handler = api(route, () => {
  const wiring = {
    table: keyTable(documentClient, readConfig('KEYS_TABLE').KEYS_TABLE),
    settings: readSettings(),
    now: () => new Date(),
  };
  return { ...wiring, operation: showKeys(wiring) };
});
