/** The deployed API over HTTP, as any client reaches it. */
import { inject } from 'vitest';

export const masterKey = 'sk-1234';

export interface Received {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever was answered
  readonly body: any;
}

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
}

export const send = (sent: Sent): Promise<Received> => sendTo(inject('deployed').baseUrl, sent);

/** Sends to the API of an environment. */
export async function sendTo(
  baseUrl: string,
  { method = 'GET', path, headers = {}, body }: Sent,
): Promise<Received> {
  const response = await fetch(baseUrl + path, {
    method,
    redirect: 'manual',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** A change, by POST, as the holder of a key. */
export const post = (
  path: string,
  body: unknown,
  key = masterKey,
  headers: Readonly<Record<string, string>> = {},
): Promise<Received> =>
  send({ method: 'POST', path, headers: { authorization: `Bearer ${key}`, ...headers }, body });

type Change = (body: unknown, key?: string, headers?: Sent['headers']) => Promise<Received>;

const change =
  (path: string): Change =>
  (body, key, headers) =>
    post(path, body, key, headers);

export const generate = change('/key/generate');
export const update = change('/key/update');
export const remove = change('/key/delete');
export const block = change('/key/block');
export const unblock = change('/key/unblock');
export const regenerate = change('/key/regenerate');
export const verify = change('/key/verify');
export const bulkUpdate = change('/key/bulk_update');

/** With the key in the path, escaped as it must be there. */
export const regenerateByPath = (identifier: string, body?: unknown) =>
  post(`/key/${encodeURIComponent(identifier)}/regenerate`, body);

export const resetSpend = (
  identifier: string,
  body: unknown,
  key = masterKey,
  headers: Sent['headers'] = {},
) => post(`/key/${encodeURIComponent(identifier)}/reset_spend`, body, key, headers);

export const requestClaimLink = (
  identifier: string,
  key = masterKey,
  headers: Sent['headers'] = {},
) => post(`/key/${encodeURIComponent(identifier)}/claim-link`, undefined, key, headers);

/** Presents the token of a claim link, without a credential. */
export const claim = (token: string): Promise<Received> =>
  send({ method: 'POST', path: '/key/claim', body: { token } });

/** By GET, as the holder of a key. */
export const look = (path: string, key = masterKey): Promise<Received> =>
  send({ path, headers: { authorization: `Bearer ${key}` } });

export const info = (identifier: string, key = masterKey): Promise<Received> =>
  look(`/key/info?key=${encodeURIComponent(identifier)}`, key);

/** The key that a request names as its credential, looked up by itself. */
export const self = (key: string): Promise<Received> => look('/key/info', key);

/** Whether the key is let in, by a request of its own. */
export const isLetIn = async (key: string): Promise<boolean> => {
  const { status } = await self(key);
  if (status !== 200 && status !== 401) throw new Error(`/key/info answered ${status}`);
  return status === 200;
};

/** A key that was made, with its value. Throws where it was not. */
export async function issued(body: object = {}, key = masterKey, headers: Sent['headers'] = {}) {
  const answer = await generate(body, key, headers);
  if (answer.status !== 200) {
    throw new Error(`generate answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
  return answer.body;
}
