import { parseObject } from './aws-json.ts';
import { emulatorSecrets } from './emulator-secrets.ts';
import { type FaultingServer, startFaultingServer } from './faulting-server.ts';
import { forwarder } from './forward.ts';
import { finishCreations, guardedOperations } from './guarded-operations.ts';
import { sequences } from './sequences.ts';
import { killWorker } from './workers.ts';

/**
 * Serves Secrets Manager on loopback with AWS's semantics of tokens, names and scheduled secrets, in
 * front of the local AWS, which lacks them. IAM stays with the local AWS. Faults are injected over
 * HTTP (see `faulting-server.ts`).
 */
export async function startSecretsGuard(options: {
  upstream: string;
  /** Process id of the local AWS, whose workers alone a fault may kill. */
  parent: number;
  port?: number;
  seenValue?: (value: string) => void;
}): Promise<FaultingServer> {
  const upstream = forwarder(options.upstream);
  const emulator = emulatorSecrets(upstream);
  const operations = guardedOperations(upstream, emulator);
  const oneByOne = sequences();
  const secretOf = (body: Buffer) => {
    const { Name, SecretId } = parseObject(body);
    const named = Name ?? SecretId;
    return typeof named === 'string' ? named : '';
  };

  await finishCreations(emulator);
  const server = await startFaultingServer(
    {
      errors: { throttled: 'ThrottlingException', failed: 'InternalServiceError' },
      about: secretOf,
      answer({ operation, incoming: { method = 'POST', url = '/', headers }, body }) {
        const raw = { method, path: url, headers, body };
        const input = parseObject(body);
        if (typeof input['SecretString'] === 'string') options.seenValue?.(input['SecretString']);
        return oneByOne(secretName(secretOf(body)), () => operations({ operation, input, raw }));
      },
      killCaller: (port) => killWorker(port, options.parent),
    },
    options.port,
  );
  return {
    url: server.url,
    async stop() {
      await server.stop();
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
