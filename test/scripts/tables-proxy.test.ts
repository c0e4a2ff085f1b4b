import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FaultingServer } from '../../scripts/local/faulting-server.ts';
import type { Fault } from '../../scripts/local/guard-faults.ts';
import { close, listen, readBody } from '../../scripts/local/listen.ts';
import { startTablesProxy } from '../../scripts/local/tables-proxy.ts';
import { addFault, clearFaults } from '../e2e/fault-control.ts';

let upstream: Server;
let proxy: FaultingServer;
let seen: string[];

beforeEach(async () => {
  seen = [];
  const answer = async ({ headers }: IncomingMessage, body: Promise<Buffer>) => {
    seen.push(`${headers.authorization} ${String(headers['x-amz-target'])} ${String(await body)}`);
    return '{"Item":{}}';
  };
  upstream = createServer((incoming, outgoing) => {
    void answer(incoming, readBody(incoming)).then((text) => outgoing.end(text));
  });
  const address = `http://127.0.0.1:${await listen(upstream, 0)}`;
  proxy = await startTablesProxy({ upstream: address, parent: process.pid, port: 0 });
});

afterEach(async () => {
  await proxy.stop();
  await close(upstream);
});

const request = {
  method: 'POST',
  headers: { authorization: 'signed', 'x-amz-target': 'DynamoDB_20120810.GetItem' },
  body: '{"TableName":"keys"}',
};
const call = () => fetch(proxy.url, request);
const arrived = ['signed DynamoDB_20120810.GetItem {"TableName":"keys"}'];

test('passes a call on as it is', async () => {
  expect(await (await call()).json()).toEqual({ Item: {} });
  expect(seen).toEqual(arrived);
});

test.each([
  ['throttle', 400, 'ProvisionedThroughputExceededException'],
  ['fail', 500, 'InternalServerError'],
] as const)(
  '%s: an error without effect, in calls about a table alone',
  async (mode, status, type) => {
    await addFault(proxy.url, { operation: 'GetItem', mode, about: 'keys' });
    await addFault(proxy.url, { operation: '*', mode, about: 'audit' });
    const answer = await call();
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ __type: type });
    expect(seen).toEqual([]);
    expect((await call()).status).toBe(200);
    expect(await clearFaults(proxy.url)).toEqual([{ mode, times: 1 }]);
  },
);

test('cut: the connection breaks after the effect', async () => {
  await addFault(proxy.url, { operation: '*', mode: 'cut' });
  await expect(call()).rejects.toThrow();
  expect(seen).toEqual(arrived);
});

/** How a child ends that makes the call. */
async function endOfCaller(mode: Fault['mode']): Promise<unknown[]> {
  await addFault(proxy.url, { operation: '*', mode });
  const script = `fetch(${JSON.stringify(proxy.url)}, ${JSON.stringify(request)}).then((answer) => process.exit(answer.status / 10))`;
  return once(spawn(process.execPath, ['-e', script]), 'exit');
}

test.each([
  ['kill', []],
  ['kill-after', arrived],
] as const)('%s: the process that called is no more', async (mode, effects) => {
  expect(await endOfCaller(mode)).toEqual([null, 'SIGKILL']);
  expect(seen).toEqual(effects);
});

test('kills nobody who is no worker of the local AWS', async () => {
  await addFault(proxy.url, { operation: '*', mode: 'kill' });
  const answer = await call();
  expect(answer.status).toBe(500);
  expect(await answer.text()).toContain('No worker of the local AWS');
});
