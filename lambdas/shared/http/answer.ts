import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { InvalidField } from '../domain/errors.ts';

/** What an operation answers; `undefined` members of the body are left out. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** A page, in the place of the body. */
  readonly html?: string;
  /** Of the key that it is about, for the log line, where the request named none. */
  readonly keyId?: string;
  /** A file, in the place of the body. */
  readonly bytes?: Buffer;
}

export const ok = (body: unknown): Answer => ({ status: 200, body });

/** What a function can answer, with room for what wraps it: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const maxPageBytes = 5_500_000;

/** Whether an answer can be as large as this is: the body is a text in it, so that quotes are escaped twice. */
export const isAnswerable = (body: unknown): boolean =>
  Buffer.byteLength(JSON.stringify(JSON.stringify(body))) <= maxPageBytes;

/**
 * Answers a page of a list. Throws `InvalidField` on the parameter that says how much is asked for where
 * it would be larger than an answer can be.
 */
export function page(param: string, body: unknown): Answer {
  if (isAnswerable(body)) return ok(body);
  throw new InvalidField(param, 'This page would be larger than 5.5 MB: ask for fewer at a time.');
}

export const gatewayAnswer = (
  { status, body, headers, html, bytes }: Answer,
  requestId: string,
): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: {
    'content-type': html === undefined ? 'application/json' : 'text/html; charset=utf-8',
    'x-request-id': requestId,
    ...headers,
  },
  ...(bytes === undefined
    ? { body: html ?? JSON.stringify(body) }
    : { body: bytes.toString('base64'), isBase64Encoded: true }),
});
