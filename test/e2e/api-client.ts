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

export async function send({ method = 'GET', path, headers = {}, body }: Sent): Promise<Received> {
  const response = await fetch(inject('deployed').baseUrl + path, {
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

export const generate = (body: unknown, key = masterKey): Promise<Received> =>
  send({
    method: 'POST',
    path: '/key/generate',
    headers: { authorization: `Bearer ${key}` },
    body,
  });

export const info = (identifier: string, key = masterKey): Promise<Received> =>
  send({
    path: `/key/info?key=${encodeURIComponent(identifier)}`,
    headers: { authorization: `Bearer ${key}` },
  });
