import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface ForwardedRequest {
  readonly method: string;
  /** Path and query exactly as they were received. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends requests to one loopback server, byte for byte, over kept connections. */
export interface Forwarder {
  /** Throws when the server does not answer; never tries twice. */
  send(forwarded: ForwardedRequest): Promise<Answer>;
  close(): void;
}

/** Concern one connection only, so they must not be passed on (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function forwarder(upstream: string, timeoutMs = 60_000): Forwarder {
  const { hostname, port } = new URL(upstream);
  const agent = new Agent({ keepAlive: true });
  return {
    send({ method, path, headers, body }) {
      return new Promise((resolve, reject) => {
        const length = body.length > 0 ? { 'content-length': String(body.length) } : {};
        const outgoing = request(
          {
            agent,
            hostname,
            port,
            method,
            path,
            headers: { ...endToEnd(headers), ...length },
            timeout: timeoutMs,
          },
          (incoming) => {
            const chunks: Buffer[] = [];
            incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
            incoming.on('error', reject);
            incoming.on('end', () => {
              resolve({
                status: incoming.statusCode ?? 502,
                headers: endToEnd(incoming.headers),
                body: Buffer.concat(chunks),
              });
            });
          },
        );
        outgoing.on('timeout', () =>
          outgoing.destroy(new Error(`No answer within ${timeoutMs} ms`)),
        );
        outgoing.on('error', reject);
        outgoing.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}
