/** `GET /key/list`: the keys that the caller may see and the filter leaves, a page at a time. */
import { listStores } from '../shared/adapters/stores.ts';
import { sealOf } from '../shared/domain/cursor.ts';
import { masterKeyId } from '../shared/domain/key-format.ts';
import { checkNamed, namedBy, visibleTo } from '../shared/domain/key-search.ts';
import type { TargetRef } from '../shared/domain/ports.ts';
import { page } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { fullKey } from '../shared/http/key-answer.ts';
import { wholeOf, windowOf } from '../shared/http/window.ts';
import { type FindStores, findKeys } from './find-keys.ts';
import { type ListedKeys, listedKeys } from './schema.ts';

type Input = ListedKeys & { readonly named: TargetRef | 'none' | null };

export const route: Route<Input> = {
  name: 'list-keys',
  right: () => 'key.list',
  takesIdempotencyKey: false,
  parse: (request) => {
    const input = listedKeys(request);
    return { ...input, named: namedBy(input.filter) };
  },
  reads: ({ named }) => ({
    targets: [{ keyId: masterKeyId }, ...(named === null || named === 'none' ? [] : [named])],
  }),
};

export const listKeys =
  (stores: FindStores) =>
  async ({ input, caller, scope, loaded, deadline }: Call<Input>) => {
    const { asked, by, isAscending, isFull } = input;
    const [admin = null, named = null] = loaded.targets;
    const filter = visibleTo(input.filter, caller, scope);
    checkNamed(filter, named, caller, scope);
    const seal = sealOf(admin, route.name, caller.keyId, { ...filter, by, isAscending });
    const window = windowOf(asked, seal, stores.now());
    const wanted = { filter, by, isAscending, window, isFull };
    const target = input.named === null ? undefined : named;
    const found = await findKeys(stores, wanted, target, deadline);
    const { total, current, pages, isLowerBound, next } = wholeOf(found, asked, seal, stores.now());
    return page('size', {
      keys: found.entries.map(({ listed, row }) =>
        isFull && row !== undefined ? fullKey(row, stores.now()) : listed.token,
      ),
      total_count: total,
      current_page: current,
      total_pages: pages,
      total_is_lower_bound: isLowerBound,
      next_cursor: next,
    });
  };

export const handler = api(route, () => {
  const stores = listStores();
  return { ...stores, operation: listKeys(stores) };
});
