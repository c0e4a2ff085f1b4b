import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

/** What an operation answers; `undefined` members of the body are left out. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ok = (body: unknown): Answer => ({ status: 200, body });

export const gatewayAnswer = (
  { status, body, headers }: Answer,
  requestId: string,
): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: { 'content-type': 'application/json', 'x-request-id': requestId, ...headers },
  body: JSON.stringify(body),
});
