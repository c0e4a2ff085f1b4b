/** Which functions have to be stopped before a table is written over, asked of Lambda's HTTP interface. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import { runningFunctions } from '../../scripts/restore/running-functions.ts';

interface Known {
  readonly name: string;
  readonly environment?: string;
  /** In the template. */
  readonly id?: string;
  readonly reserved?: number;
}

const ended: (() => void)[] = [];
afterEach(() => {
  for (const end of ended.splice(0)) end();
});

/** Lambda with these functions, which it lists two at a time. */
async function lambdaWith(functions: readonly Known[]): Promise<LambdaClient> {
  const server = createServer(({ url = '' }, response) => {
    const { pathname, searchParams } = new URL(decodeURIComponent(url), 'http://lambda');
    const known = functions.find(({ name }) => pathname.split(/[:/]/).includes(name));
    response.end(JSON.stringify(answer(pathname, Number(searchParams.get('Marker')), known)));
  });
  const answer = (path: string, from: number, known: Known | undefined): object => {
    if (known === undefined) {
      const Functions = functions.slice(from, from + 2).map(({ name }) => ({
        FunctionName: name,
        FunctionArn: `arn:aws:lambda:eu-central-1:000000000000:function:${name}`,
      }));
      return from + 2 < functions.length ? { Functions, NextMarker: `${from + 2}` } : { Functions };
    }
    const { environment, id, reserved } = known;
    if (path.endsWith('/concurrency')) return { ReservedConcurrentExecutions: reserved };
    return { Tags: { 'latchkey:env': environment, 'aws:cloudformation:logical-id': id } };
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = addressOf(server.address());
  const client = new LambdaClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
  ended.push(() => {
    client.destroy();
    server.close();
  });
  return client;
}

function addressOf(address: string | AddressInfo | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('It does not listen');
  return address;
}

describe('functions that may write', () => {
  it('are those of the environment that are not stopped, whatever their names are', async () => {
    const client = await lambdaWith([
      { name: 'latchkey-prod-generatekey-1', environment: 'prod', id: 'Apigeneratekey' },
      { name: 'latchkey-prod-blockkey-1', environment: 'prod', id: 'Apiblockkey', reserved: 0 },
      { name: 'cut-off-name', environment: 'prod', id: 'Apiupdatekey', reserved: 5 },
      { name: 'latchkey-prod-eu-updatekey-1', environment: 'prod-eu', id: 'Apiupdatekey' },
      { name: 'somebody-elses' },
    ]);
    expect(await runningFunctions(client, 'prod')).toEqual([
      'cut-off-name',
      'latchkey-prod-generatekey-1',
    ]);
  });

  it('are not the stream readers, whose names may be cut', async () => {
    const client = await lambdaWith([
      { name: 'cut-off-name', environment: 'prod', id: 'Streamsauditkeychange' },
      { name: 'latchkey-prod-Streamsaudit-1', environment: 'prod' },
    ]);
    expect(await runningFunctions(client, 'prod')).toEqual([]);
  });

  it('are not known where the environment has none', async () => {
    const client = await lambdaWith([{ name: 'latchkey-prod-eu-1', environment: 'prod-eu' }]);
    await expect(runningFunctions(client, 'prod')).rejects.toThrow('has the tag latchkey:env');
  });
});
