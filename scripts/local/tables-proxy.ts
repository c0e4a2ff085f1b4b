import { type FaultingServer, startFaultingServer } from './faulting-server.ts';
import { forwarder } from './forward.ts';
import { killWorker } from './workers.ts';

/**
 * Passes DynamoDB's calls on to the local AWS as they are, and injects faults into them when told to
 * (see `faulting-server.ts`). IAM stays with the local AWS.
 */
export async function startTablesProxy(options: {
  upstream: string;
  /** Process id of the local AWS, whose workers alone a fault may kill. */
  parent: number;
  port: number;
}): Promise<FaultingServer> {
  const upstream = forwarder(options.upstream);
  const server = await startFaultingServer(
    {
      errors: {
        throttled: 'ProvisionedThroughputExceededException',
        failed: 'InternalServerError',
      },
      about: (body) => body.toString('utf8'),
      answer: ({ incoming: { method = 'POST', url = '/', headers }, body }) =>
        upstream.send({ method, path: url, headers, body }),
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
