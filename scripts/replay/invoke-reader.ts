/** A deployed stream reader, called as its event source mapping would. */
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import type { InvokeReader } from './replay-records.ts';

const batchAnswer = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })),
});
const crash = z.looseObject({ errorType: z.string(), errorMessage: z.string() });

export const invokeReader =
  (client: LambdaClient, FunctionName: string): InvokeReader =>
  async (records) => {
    const Payload = Buffer.from(JSON.stringify({ Records: records }));
    const answer = await client.send(new InvokeCommand({ FunctionName, Payload }));
    const said: unknown = JSON.parse(answer.Payload?.transformToString() ?? 'null');
    const { success, data } = z.safeParse(batchAnswer, said);
    if (answer.FunctionError === undefined && success) {
      const failed = data.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
      return { kind: 'answered', failed };
    }
    const crashed = z.safeParse(crash, said);
    const reason = crashed.success
      ? `the reader crashed: ${crashed.data.errorType}: ${crashed.data.errorMessage}`
      : 'the reader gave no answer of a stream reader';
    return { kind: 'broken', reason };
  };
