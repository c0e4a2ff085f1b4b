/** Requests that have a key where none belongs. */
import { fieldRules } from '../../lambdas/shared/domain/key-fields.ts';
import { routes } from '../../lambdas/shared/http/routes.ts';

export interface Misplaced {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** A key in every place of a request where it does not belong, on every route there is and on one that is not. */
export function inEveryPlace(key: string, holders: readonly string[]): Misplaced[] {
  const unknown = {
    method: 'POST',
    path: '/key/{key}',
    operation: 'refuse-unknown-route',
  } as const;
  return [...routes, unknown].flatMap(({ operation, method, path: template }) => {
    const path = template.replace(/\{\w+\}/, key);
    const content = (body: string) => (method === 'GET' ? {} : { body });
    const ask = (headers: Misplaced['headers'], body: string, query = ''): Misplaced => ({
      operation,
      method,
      path: path + query,
      headers,
      ...content(body),
    });
    const named = JSON.stringify({ key, keys: [key], key_aliases: [key], token: key, [key]: key });
    const query = ['key', 'key_hash', 'key_alias', 'user_id', 'search', 'cursor', 'sort_by', key];
    const ignored = [
      'user-agent',
      'referer',
      'cookie',
      'x-request-id',
      'x-amzn-trace-id',
      'x-note',
    ];
    return [
      ask(bearer(key), named),
      ...holders
        .map(bearer)
        .flatMap((headers) => [
          ask(headers, named),
          ask(headers, `{"key": "${key}`),
          ask(headers, '{}', `?${query.map((name) => `${name}=${key}`).join('&')}`),
          ask({ ...headers, ...Object.fromEntries(ignored.map((name) => [name, key])) }, '{}'),
          ask({ ...headers, 'idempotency-key': key }, named),
          ask({ ...headers, 'litellm-changed-by': key }, named),
        ]),
    ];
  });
}

const generate = { operation: 'generate-key', method: 'POST', path: '/key/generate' } as const;

/** A key that is let in nowhere, as a credential of every kind. */
export const asCredential = (key: string): Misplaced[] =>
  [
    ...['x-litellm-api-key', 'api-key', 'x-api-key', 'x-goog-api-key'].map((name) => ({
      [name]: key,
    })),
    { 'ocp-apim-subscription-key': key },
    { authorization: key },
    { authorization: `Basic ${btoa(`user:${key}`)}` },
  ].map((headers) => ({ ...generate, headers, body: '{}' }));

/** A key in each field of a key, on the routes that take them. */
export const asField = (key: string, target: string, holder: string): Misplaced[] =>
  [...Object.keys(fieldRules), 'new_key', 'grace_period', 'user_email'].flatMap((field) => [
    { ...generate, headers: bearer(holder), body: JSON.stringify({ [field]: key }) },
    {
      operation: 'update-key',
      method: 'POST',
      path: '/key/update',
      headers: bearer(holder),
      body: JSON.stringify({ key: target, [field]: [key] }),
    },
  ]);
