import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorAnswer, jsonAnswer } from './aws-json.ts';
import type { Answer } from './forward.ts';
import { faultQueue } from './guard-faults.ts';
import { close, listen, readBody } from './listen.ts';

/** One AWS service of the JSON protocol. */
export interface FaultingService {
  /** Names of its exceptions. */
  readonly errors: { readonly throttled: string; readonly failed: string };
  /** What a call is about, to choose the calls that a fault hits. */
  readonly about: (body: Buffer) => string;
  readonly answer: (call: ServiceCall) => Promise<Answer>;
  /** Kills the process whose end of a connection has this port. Throws where that is nobody to be killed. */
  readonly killCaller: (port: number) => Promise<void>;
}

export interface ServiceCall {
  readonly operation: string;
  readonly incoming: IncomingMessage;
  readonly body: Buffer;
}

export interface FaultingServer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Serves a service on loopback with faults that are injected over HTTP: `POST /_guard/fault` with
 * `{operation, mode, times?, about?}` (see `guard-faults.ts`), `GET` lists what is still to come,
 * `DELETE` clears it.
 */
export async function startFaultingServer(
  { errors, about, answer, killCaller }: FaultingService,
  wantedPort = 0,
): Promise<FaultingServer> {
  const faults = faultQueue();

  /** The answer; or null when the caller must never get one, or is cut off. */
  const answerCall = async (incoming: IncomingMessage, body: Buffer): Promise<Answer | null> => {
    const operation =
      String(incoming.headers['x-amz-target'] ?? '')
        .split('.')
        .at(-1) ?? '';
    const { socket } = incoming;
    const port = socket.remotePort ?? 0;
    const effect = () => answer({ operation, incoming, body });
    const fault = faults.take(operation, about(body));
    switch (fault?.mode) {
      case 'refuse':
        return errorAnswer('AccessDeniedException', `Injected refusal of ${operation}`);
      case 'throttle':
        return errorAnswer(errors.throttled, 'Rate exceeded');
      case 'fail':
        return jsonAnswer(500, { __type: errors.failed, message: 'Injected failure' });
      case 'hang':
        return null;
      case 'lose-answer':
        await effect();
        return null;
      case 'cut':
        await effect();
        socket.destroy();
        return null;
      case 'kill':
        await killCaller(port);
        return null;
      case 'kill-after':
        await effect();
        await killCaller(port);
        return null;
      case 'delay': {
        const given = await effect();
        await sleep(fault?.delayMs ?? 0);
        return given;
      }
      case undefined:
        return effect();
    }
  };

  const controlFaults = (method: string | undefined, json: string): Answer => {
    try {
      if (method === 'POST') faults.add(json);
      if (method === 'DELETE') faults.clear();
      return jsonAnswer(200, faults.pending());
    } catch (error) {
      return jsonAnswer(400, { message: String(error) });
    }
  };

  const server = createServer((incoming, outgoing) => {
    const ready = async () => {
      const body = await readBody(incoming);
      if (incoming.url === '/_guard/fault')
        return controlFaults(incoming.method, body.toString('utf8'));
      return answerCall(incoming, body);
    };
    ready().then(
      (given) => {
        if (given !== null) send(outgoing, given);
      },
      (error) => send(outgoing, jsonAnswer(500, { __type: errors.failed, message: String(error) })),
    );
  });
  const port = await listen(server, wantedPort);
  return { url: `http://127.0.0.1:${port}`, stop: () => close(server) };
}

function send(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  outgoing.writeHead(status, { ...headers, 'content-length': body.length });
  outgoing.end(body);
}
