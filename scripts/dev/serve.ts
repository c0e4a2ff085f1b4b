import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { GatewayRequest } from '../../test/fakes/gateway-event.ts';
import type { Answer } from '../local/forward.ts';
import { readBody } from '../local/listen.ts';
import { forwardedFor } from '../local/loopback.ts';
import type { View } from '../watch/view.ts';

export interface Served {
  readonly port: number;
  readonly view: View;
  /** Passes a request on to its function. */
  readonly answer: (request: GatewayRequest) => Promise<APIGatewayProxyStructuredResultV2>;
  /** Called after each request to the API, however it ended. */
  readonly afterwards: () => void;
}

/** As on AWS: an HTTP API takes bodies of 10 MB. */
const maxBodyBytes = 10 * 1024 * 1024;

/** API Gateway's part between the wire and the functions, with the local pages beside the API. */
export const serve =
  ({ port, view, answer, afterwards }: Served) =>
  (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    respond(incoming)
      .catch(() => message(500, 'Internal Server Error'))
      .then(({ status, headers, body }) => outgoing.writeHead(status, headers).end(body))
      .catch(() => outgoing.destroy());

    async function respond({ method = 'GET', url = '/', headers }: IncomingMessage) {
      const body = await readBody(incoming);
      if (body.length > maxBodyBytes) return message(413, 'Request Entity Too Large');
      const shown = await view(method, url, headers.host ?? '');
      if (shown !== null) return shown;
      try {
        return answerOf(await answer(gatewayRequest(incoming, port, body)));
      } finally {
        afterwards();
      }
    }
  };

function gatewayRequest(incoming: IncomingMessage, port: number, body: Buffer): GatewayRequest {
  const { method = 'GET', url = '/', socket } = incoming;
  const forwarded = forwardedFor(incoming, port);
  const headers = pairsOf(incoming.rawHeaders).filter(
    ([name]) => !Object.hasOwn(forwarded, name.toLowerCase()),
  );
  return {
    method,
    target: url,
    headers: [...headers, ...Object.entries(forwarded)],
    body,
    sourceIp: socket.remoteAddress ?? '127.0.0.1',
    requestId: randomUUID(),
    at: new Date(),
  };
}

/** Node's own `headers` leave out some that are repeated, `authorization` for one. */
const pairsOf = (rawHeaders: readonly string[]): [name: string, value: string][] =>
  rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
  );

function answerOf(result: APIGatewayProxyStructuredResultV2): Answer {
  const { statusCode = 200, headers = {}, cookies, body = '', isBase64Encoded } = result;
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  return {
    status: statusCode,
    headers: {
      ...Object.fromEntries(texts),
      ...(cookies === undefined ? {} : { 'set-cookie': cookies }),
    },
    body: Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

function message(status: number, text: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ message: text })),
  };
}
