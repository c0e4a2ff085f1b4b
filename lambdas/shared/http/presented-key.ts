import type { Request } from './request.ts';

/** Headers that hold the bare key, in LiteLLM's order after `Authorization`. */
export const bareHeaders = ['api-key', 'x-api-key', 'x-goog-api-key', 'ocp-apim-subscription-key'];

/**
 * The key that a request presents, from the first of LiteLLM's six credential headers that it has:
 * `x-litellm-api-key` (bare or as bearer), `Authorization: Bearer`, then the bare ones. Null
 * without one; an `Authorization` of another scheme hides the headers after it.
 */
export function presentedKey({ headers }: Request): string | null {
  const own = headers['x-litellm-api-key'];
  if (own !== undefined) return bearer(own) ?? own;
  const authorization = headers['authorization'];
  if (authorization !== undefined) return bearer(authorization);
  const name = bareHeaders.find((bare) => headers[bare] !== undefined);
  return name === undefined ? null : (headers[name] ?? null);
}

const bearer = (value: string): string | null => /^bearer (.+)$/i.exec(value)?.[1]?.trim() ?? null;
