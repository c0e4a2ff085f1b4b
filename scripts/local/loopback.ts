import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { close, listen } from './listen.ts';
import { describeHolder } from './ports.ts';

export interface LoopbackServer {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Serves on both loopback addresses, and on no other, whichever a client's system prefers for
 * `localhost`. Throws where the port is taken, naming who has it and how `command` is given another.
 */
export async function serveLoopback(
  onRequest: RequestListener,
  wantedPort: number,
  command: string,
): Promise<LoopbackServer> {
  const servers = [createServer(onRequest), createServer(onRequest)];
  const [v4, v6] = servers;
  const port = await take(v4, wantedPort, '127.0.0.1', command);
  try {
    await take(v6, port, '::1', command);
  } catch (error) {
    // A system without IPv6 has no second loopback address to serve.
    if (!hasCode(error, 'EADDRNOTAVAIL', 'EAFNOSUPPORT')) {
      await Promise.all(servers.map(close));
      throw error;
    }
  }
  return {
    port,
    async stop() {
      await Promise.all(servers.map(close));
    },
  };
}

/** The headers by which API Gateway tells a function where the request came from. */
export function forwardedFor(
  { headers, socket }: IncomingMessage,
  port: number,
): Record<string, string> {
  const before = headers['x-forwarded-for'];
  const client = socket.remoteAddress ?? '127.0.0.1';
  return {
    'x-forwarded-for': before === undefined ? client : `${String(before)}, ${client}`,
    'x-forwarded-port': String(port),
    'x-forwarded-proto': 'http',
  };
}

async function take(
  server: Server | undefined,
  port: number,
  host: string,
  command: string,
): Promise<number> {
  if (server === undefined) return port;
  try {
    return await listen(server, port, host);
  } catch (cause) {
    if (!hasCode(cause, 'EADDRINUSE')) throw cause;
    const holder = await describeHolder(port);
    throw new Error(
      `Port ${port} is taken by ${holder}. Stop that, or choose another: PORT=4001 ${command}`,
      { cause },
    );
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    codes.includes(error.code)
  );
}
