/** The `$default` route: says what is wrong with a request that no route takes. */
import { MethodNotAllowed, RouteNotFound } from '../shared/domain/errors.ts';
import type { Answer } from '../shared/http/answer.ts';
import { answering } from '../shared/http/answering.ts';
import type { Request } from '../shared/http/request.ts';
import { paramsOf, routes } from '../shared/http/routes.ts';

/** 405 for a known path, a redirect for one with a slash too many (as LiteLLM does), else 404. */
export async function refuseUnknownRoute({ path, query }: Request): Promise<Answer> {
  const allowed = methodsOf(path);
  if (allowed.length > 0) throw new MethodNotAllowed(allowed);
  const withoutSlash = path.replace(/\/+$/, '');
  // Only to a path that is ours word for word: a parameter may be a key, which is not told again.
  if (!routes.some((route) => route.path === withoutSlash)) throw new RouteNotFound();
  const search = query.size === 0 ? '' : `?${query.toString()}`;
  return { status: 307, headers: { location: `${withoutSlash}${search}` }, body: undefined };
}

const methodsOf = (path: string): string[] =>
  routes.filter((route) => paramsOf(route.path, path) !== null).map((route) => route.method);

export const handler = answering('refuse-unknown-route', refuseUnknownRoute);
