import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { errorAnswer, jsonAnswer, parseObject } from './aws-json.ts';
import { emulatorSecrets } from './emulator-secrets.ts';
import { type Answer, forwarder } from './forward.ts';
import { faultQueue } from './guard-faults.ts';
import { finishCreations, guardedOperations } from './guarded-operations.ts';
import { close, listen, readBody } from './listen.ts';
import { sequences } from './sequences.ts';

export interface SecretsGuard {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Serves Secrets Manager on loopback with AWS's semantics of tokens, names and scheduled secrets, in
 * front of the local AWS, which lacks them. IAM stays with the local AWS. Faults are injected over
 * HTTP: `POST /_guard/fault` with `{operation, mode, times?, secret?}` (see `guard-faults.ts`),
 * `GET` lists what is still to come, `DELETE` clears it.
 */
export async function startSecretsGuard(options: {
  upstream: string;
  port?: number;
}): Promise<SecretsGuard> {
  const upstream = forwarder(options.upstream);
  const emulator = emulatorSecrets(upstream);
  const operations = guardedOperations(upstream, emulator);
  const faults = faultQueue();
  const oneByOne = sequences();

  /** The answer, or null when the caller must never get one. */
  const answerCall = async (incoming: IncomingMessage, body: Buffer): Promise<Answer | null> => {
    const operation =
      String(incoming.headers['x-amz-target'] ?? '')
        .split('.')
        .at(-1) ?? '';
    const input = parseObject(body);
    const named = input.Name ?? input.SecretId;
    const secret = typeof named === 'string' ? named : '';
    const fault = faults.take(operation, secret);
    if (fault === 'hang') return null;
    if (fault === 'refuse')
      return errorAnswer('AccessDeniedException', `Injected refusal of ${operation}`);
    if (fault === 'throttle') return errorAnswer('ThrottlingException', 'Rate exceeded');
    const { method = 'POST', url = '/', headers } = incoming;
    const answer = await oneByOne(secretName(secret), () =>
      operations({ operation, input, raw: { method, path: url, headers, body } }),
    );
    return fault === 'lose-answer' ? null : answer;
  };

  const server = createServer((incoming, outgoing) => {
    const answer = async () => {
      const body = await readBody(incoming);
      if (incoming.url === '/_guard/fault')
        return controlFaults(incoming.method, body.toString('utf8'));
      return answerCall(incoming, body);
    };
    answer().then(
      (ready) => {
        if (ready !== null) send(outgoing, ready);
      },
      (error) =>
        send(outgoing, jsonAnswer(500, { __type: 'InternalServiceError', message: String(error) })),
    );
  });
  const controlFaults = (method: string | undefined, json: string): Answer => {
    try {
      if (method === 'POST') faults.add(json);
      if (method === 'DELETE') faults.clear();
      return jsonAnswer(200, faults.pending());
    } catch (error) {
      return jsonAnswer(400, { message: String(error) });
    }
  };

  await finishCreations(emulator);
  const port = await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await close(server);
      upstream.close();
    },
  };
}

/** A name and the ARN made from it must queue in one line. */
function secretName(secretId: string): string {
  return secretId.startsWith('arn:')
    ? secretId
        .split(':')
        .slice(6)
        .join(':')
        .replace(/-[A-Za-z0-9]{6}$/, '')
    : secretId;
}

function send(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  outgoing.writeHead(status, { ...headers, 'content-length': body.length });
  outgoing.end(body);
}
