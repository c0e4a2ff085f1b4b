/** How many requests an invocation sends to AWS, seen on the wire and on its log line. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { awsCalls, counted } from '../../../../lambdas/shared/adapters/aws-calls.ts';
import { secretReads } from '../../../../lambdas/shared/adapters/secret-reads.ts';
import { keyTable } from '../../../../lambdas/shared/adapters/table/key-table.ts';
import { answering } from '../../../../lambdas/shared/http/answering.ts';
import { gatewayEvent, lambdaContext } from '../../../fakes/gateway-event.ts';
import { type Canned, cannedAws, refusal } from '../../fixtures/canned-aws.ts';

afterEach(() => vi.restoreAllMocks());

const nothing: Canned = { status: 200, body: { Responses: {} } };

const request = {
  method: 'GET',
  target: '/health/liveness',
  headers: [],
  body: Buffer.alloc(0),
  sourceIp: '127.0.0.1',
  requestId: 'request-1',
  at: new Date(0),
} as const;

/** An AWS with these answers, and a read of a key through a counted client that tries three times. */
async function aws(...answers: Canned[]) {
  const { config, asked } = await cannedAws(...answers);
  const client = counted(new DynamoDBClient({ ...config, maxAttempts: 3 }));
  const table = keyTable(DynamoDBDocumentClient.from(client), 'keys');
  return { asked, config, read: () => table.load({ target: { keyId: 'k' } }, 5000) };
}

describe('requests to AWS', () => {
  it('are counted once each', async () => {
    const { asked, read } = await aws(nothing, nothing, nothing);
    const before = awsCalls();
    for (let time = 0; time < 3; time += 1) await read();
    expect([awsCalls() - before, asked.length]).toEqual([3, 3]);
  });

  it('are counted for each try of the SDK, also for those that fail', async () => {
    const busy = refusal('InternalServerError', 500);
    const { asked, read } = await aws(busy, busy, nothing);
    const before = awsCalls();
    await read();
    expect([awsCalls() - before, asked.length]).toEqual([3, 3]);
  });

  it('are counted for each service alike', async () => {
    const { config, asked } = await cannedAws(refusal('ResourceNotFoundException'));
    const secrets = secretReads(counted(new SecretsManagerClient(config)));
    const before = awsCalls();
    await secrets.read('litellm/a', 'version-1', 5000);
    expect([awsCalls() - before, asked.length]).toEqual([1, 1]);
  });

  it('are on the line of the call that made them, however many calls a container has worked on', async () => {
    const { read } = await aws(nothing, nothing, nothing, nothing);
    const reads = [2, 0, 1];
    const handler = answering('test', async () => {
      const times = reads.shift() ?? 0;
      for (let time = 0; time < times; time += 1) await read();
      return { status: 200, body: {} };
    });
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    for (let call = 0; call < 3; call += 1) {
      await handler(gatewayEvent(request), lambdaContext);
    }
    const lines = write.mock.calls.map(([line]) => JSON.parse(String(line)));
    expect(lines.map(({ aws_calls }) => aws_calls)).toEqual([2, 0, 1]);
  });
});
