/** What a call of a reader comes to, through the real client against a Lambda that answers as told. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, expect, it } from 'vitest';
import { close, listen, readBody } from '../../scripts/local/listen.ts';
import { invokeReader } from '../../scripts/replay/invoke-reader.ts';
import { auditArn, streamRecords } from '../fixtures/replayed.ts';

const record = { dynamodb: { SequenceNumber: '7', Keys: { pk: { S: 'KEY#a' } } }, eventID: 'x' };

let next: { headers: IncomingHttpHeaders; body: string } = { headers: {}, body: '' };
const calls: { path: string; body: string }[] = [];
const server = createServer(async (request, response) => {
  const body = (await readBody(request)).toString();
  calls.push({ path: decodeURIComponent(request.url ?? ''), body });
  response.writeHead(200, next.headers).end(next.body);
});
const port = await listen(server, 0);
afterAll(() => close(server));
const invoke = invokeReader(
  new LambdaClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  }),
  auditArn,
);

const answerTo = (body: string, headers: IncomingHttpHeaders = {}) => {
  next = { body, headers };
  return invoke(streamRecords([record]));
};

it('the reader that gave the batch up gets its records as they were', async () => {
  expect(await answerTo('{"batchItemFailures": []}')).toEqual({ kind: 'answered', failed: [] });
  const { path, body } = calls.at(-1) ?? { path: '', body: '' };
  expect(path).toContain(`/functions/${auditArn}/invocations`);
  expect(JSON.parse(body)).toEqual({ Records: [record] });
});

it('what it reports has failed', async () => {
  const answer = await answerTo('{"batchItemFailures": [{"itemIdentifier": "7"}]}');
  expect(answer).toEqual({ kind: 'answered', failed: ['7'] });
});

it('a crash is no answer, and is told', async () => {
  const crash =
    '{"errorType": "Sandbox.Timedout", "errorMessage": "timed out after 60.00 seconds"}';
  expect(await answerTo(crash, { 'x-amz-function-error': 'Unhandled' })).toEqual({
    kind: 'broken',
    reason: 'the reader crashed: Sandbox.Timedout: timed out after 60.00 seconds',
  });
  const odd = await answerTo('{"batchItemFailures": []}', { 'x-amz-function-error': 'Unhandled' });
  expect(odd.kind).toBe('broken');
});

it.each(['', 'null', '{}', '"done"'])('%j is no answer of a reader', async (body) => {
  expect((await answerTo(body)).kind).toBe('broken');
});
