/** What a call of a reader comes to, through the real client against a Lambda that answers as told. */
import { LambdaClient } from '@aws-sdk/client-lambda';
import { expect, it } from 'vitest';
import { invokeReader } from '../../scripts/replay/invoke-reader.ts';
import { auditArn, streamRecords } from '../fixtures/replayed.ts';
import { cannedAws } from '../lambdas/fixtures/canned-aws.ts';

const record = { dynamodb: { SequenceNumber: '7', Keys: { pk: { S: 'KEY#a' } } }, eventID: 'x' };
const crashed = { 'x-amz-function-error': 'Unhandled' };

async function answerTo(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const { asked, paths, config } = await cannedAws({ status: 200, body, headers });
  const invoke = invokeReader(new LambdaClient(config), auditArn);
  return { answer: await invoke(streamRecords([record])), asked, paths };
}

it('the reader that gave the batch up gets its records as they were', async () => {
  const { answer, asked, paths } = await answerTo({ batchItemFailures: [] });
  expect(answer).toEqual({ kind: 'answered', failed: [] });
  expect(asked).toMatchObject([{ body: { Records: [record] } }]);
  expect(paths).toEqual([`/2015-03-31/functions/${auditArn}/invocations`]);
});

it('what it reports has failed', async () => {
  const { answer } = await answerTo({ batchItemFailures: [{ itemIdentifier: '7' }] });
  expect(answer).toEqual({ kind: 'answered', failed: ['7'] });
});

it('a crash is no answer, and is told', async () => {
  const crash = { errorType: 'Sandbox.Timedout', errorMessage: 'timed out after 60.00 seconds' };
  expect((await answerTo(crash, crashed)).answer).toEqual({
    kind: 'broken',
    reason: 'the reader crashed: Sandbox.Timedout: timed out after 60.00 seconds',
  });
  expect((await answerTo({ batchItemFailures: [] }, crashed)).answer.kind).toBe('broken');
});

it.each(['', 'null', '{}', '"done"'])('%j is no answer of a reader', async (body) => {
  expect((await answerTo(body)).answer.kind).toBe('broken');
});
