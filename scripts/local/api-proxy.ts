import type { IncomingMessage, ServerResponse } from 'node:http';
import type { View } from '../watch/view.ts';
import { type Answer, type ForwardedRequest, type Forwarder, forwarder } from './forward.ts';
import { readBody } from './listen.ts';
import { forwardedFor, serveLoopback } from './loopback.ts';

/** Told of each request that reached the API, and of its answer. */
export type SeenExchange = (request: ForwardedRequest, answer: Answer) => void;

export interface ApiProxy {
  /** `http://localhost:<port>`, whichever loopback address the client's system prefers. */
  readonly baseUrl: string;
  /** From now on requests reach this API; before, they are answered 503. */
  serve(api: { readonly endpoint: string; readonly apiId: string }): void;
  /** From now on paths of this view are answered by it. */
  show(view: View): void;
  stop(): Promise<void>;
}

/** As on AWS: an HTTP API waits 30 s for its function and takes bodies of 10 MB. */
const timeoutMs = 30_000;
const maxBodyBytes = 10 * 1024 * 1024;

/**
 * Takes the port on both loopback addresses at once, so that a taken one is known before anything is
 * deployed, and passes requests on to the local API. Throws, naming who has the port, when it is taken.
 */
export async function startApiProxy(
  wantedPort: number,
  seen: SeenExchange = () => {},
): Promise<ApiProxy> {
  let handle = notReady;
  let shown: View = async () => null;
  let upstream: Forwarder | null = null;
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method = 'GET', url = '/', headers: told } = incoming;
    shown(method, url, told.host ?? '')
      .then((page) => page ?? handle(incoming))
      .catch(() => message(503, 'Service Unavailable'))
      .then(({ status, headers, body }) => {
        outgoing.writeHead(status, headers).end(body);
      })
      .catch(() => outgoing.destroy());
  };
  const server = await serveLoopback(onRequest, wantedPort, 'npm start');
  const { port } = server;
  const baseUrl = `http://localhost:${port}`;
  return {
    baseUrl,
    serve({ endpoint, apiId }) {
      upstream?.close();
      const api = forwarder(endpoint, timeoutMs);
      upstream = api;
      // By path, not by host name: under the API's own host name the local AWS keeps paths such as
      // /health, /login and /_ministack/reset for itself.
      const prefix = `/_aws/execute-api/${apiId}/$default`;
      handle = async (incoming) => {
        const body = await readBody(incoming);
        if (body.length > maxBodyBytes) return message(413, 'Request Entity Too Large');
        const { method = 'GET', url: path = '/', headers } = incoming;
        const answer = await api.send({
          method,
          path: prefix + path,
          headers: { ...headers, host: `localhost:${port}`, ...forwardedFor(incoming, port) },
          body,
        });
        seen({ method, path, headers, body }, answer);
        return answer;
      };
    },
    show(view) {
      shown = view;
    },
    async stop() {
      await server.stop();
      upstream?.close();
    },
  };
}

async function notReady(_incoming: IncomingMessage): Promise<Answer> {
  return message(503, 'Latchkey is starting');
}

function message(status: number, text: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ message: text })),
  };
}
