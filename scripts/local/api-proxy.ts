import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Answer, type Forwarder, forwarder } from './forward.ts';
import { close, listen, readBody } from './listen.ts';
import { describeHolder } from './ports.ts';

export interface ApiProxy {
  /** `http://localhost:<port>`, whichever loopback address the client's system prefers. */
  readonly baseUrl: string;
  /** From now on requests reach this API; before, they are answered 503. */
  serve(api: { readonly endpoint: string; readonly apiId: string }): void;
  stop(): Promise<void>;
}

/** As on AWS: an HTTP API waits 30 s for its function and takes bodies of 10 MB. */
const timeoutMs = 30_000;
const maxBodyBytes = 10 * 1024 * 1024;

/**
 * Takes the port on both loopback addresses at once, so that a taken one is known before anything is
 * deployed, and passes requests on to the local API. Throws, naming who has the port, when it is taken.
 */
export async function startApiProxy(wantedPort: number): Promise<ApiProxy> {
  let handle = notReady;
  let upstream: Forwarder | null = null;
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    handle(incoming)
      .catch(() => message(503, 'Service Unavailable'))
      .then(({ status, headers, body }) => {
        outgoing.writeHead(status, headers).end(body);
      })
      .catch(() => outgoing.destroy());
  };
  const servers = [createServer(onRequest), createServer(onRequest)];
  const [v4, v6] = servers;
  const port = await take(v4, wantedPort, '127.0.0.1');
  try {
    await take(v6, port, '::1');
  } catch (error) {
    // A system without IPv6 has no second loopback address to serve.
    if (!hasCode(error, 'EADDRNOTAVAIL', 'EAFNOSUPPORT')) {
      await Promise.all(servers.map(close));
      throw error;
    }
  }
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
        return api.send({
          method: incoming.method ?? 'GET',
          path: prefix + (incoming.url ?? '/'),
          headers: {
            ...incoming.headers,
            host: `localhost:${port}`,
            ...forwardedFor(incoming, port),
          },
          body,
        });
      };
    },
    async stop() {
      await Promise.all(servers.map(close));
      upstream?.close();
    },
  };
}

async function notReady(_incoming: IncomingMessage): Promise<Answer> {
  return message(503, 'Latchkey is starting');
}

/** The headers by which API Gateway tells a function where the request came from. */
function forwardedFor({ headers, socket }: IncomingMessage, port: number): Record<string, string> {
  const before = headers['x-forwarded-for'];
  const client = socket.remoteAddress ?? '127.0.0.1';
  return {
    'x-forwarded-for': before === undefined ? client : `${String(before)}, ${client}`,
    'x-forwarded-port': String(port),
    'x-forwarded-proto': 'http',
  };
}

async function take(server: Server | undefined, port: number, host: string): Promise<number> {
  if (server === undefined) return port;
  try {
    return await listen(server, port, host);
  } catch (cause) {
    if (!hasCode(cause, 'EADDRINUSE')) throw cause;
    const holder = await describeHolder(port);
    throw new Error(
      `Port ${port} is taken by ${holder}. Stop that, or choose another: PORT=4001 npm start`,
      { cause },
    );
  }
}

function message(status: number, text: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ message: text })),
  };
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    codes.includes(error.code)
  );
}
