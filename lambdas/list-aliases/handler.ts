/** `GET /key/aliases`: the aliases that are taken, as far as the caller may see them, a page at a time. */
import { listStores } from '../shared/adapters/stores.ts';
import { sealOf } from '../shared/domain/cursor.ts';
import { masterKeyId } from '../shared/domain/key-format.ts';
import { type KeyFilter, noFilter, visibleTo } from '../shared/domain/key-search.ts';
import { page } from '../shared/http/answer.ts';
import { api, type Call, type Route } from '../shared/http/api.ts';
import { queryOf } from '../shared/http/query.ts';
import { type Asked, askedOf, wholeOf, windowOf } from '../shared/http/window.ts';
import { type FindStores, findAliases } from './find-aliases.ts';
import { listAliasesQuery } from './schema.ts';

interface Input {
  readonly asked: Asked;
  readonly filter: KeyFilter;
}

export const route: Route<Input> = {
  name: 'list-aliases',
  right: () => 'key.list-aliases',
  takesIdempotencyKey: false,
  parse: (request) => {
    const query = queryOf(listAliasesQuery, request);
    const { search: keyAlias = null, team_id: teamId = null } = query;
    return {
      asked: askedOf(request, query.page, query.size),
      filter: { ...noFilter, keyAlias, isAliasPart: true, teamId },
    };
  },
  reads: () => ({ targets: [{ keyId: masterKeyId }] }),
};

export const listAliases =
  (stores: FindStores) =>
  async ({ input, caller, scope, loaded, deadline }: Call<Input>) => {
    const { asked } = input;
    const filter = visibleTo(input.filter, caller, scope);
    const [admin = null] = loaded.targets;
    const seal = sealOf(admin, route.name, caller.keyId, { ...filter });
    const window = windowOf(asked, seal, stores.now());
    const found = await findAliases(stores, filter, window, deadline);
    const { total, current, pages, isLowerBound, next } = wholeOf(found, asked, seal, stores.now());
    return page('size', {
      aliases: found.entries.map(({ alias }) => alias),
      total_count: total,
      current_page: current,
      total_pages: pages,
      size: asked.size,
      total_is_lower_bound: isLowerBound,
      next_cursor: next,
    });
  };

export const handler = api(route, () => {
  const stores = listStores();
  return { ...stores, operation: listAliases(stores) };
});
