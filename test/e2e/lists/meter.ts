import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod/mini';

/** What a page takes of the tables. */
export interface Cost {
  readonly requests: number;
  /** Items that its queries looked at, whether they answered them or not. */
  readonly scanned: number;
  /** Of all answers' bodies. */
  readonly bytes: number;
}

const answered = z.object({
  output: z.object({ ScannedCount: z.optional(z.number()) }),
  response: z.object({ headers: z.object({ 'content-length': z.string() }) }),
});

/** Tells what the client's calls cost while some work is done; one work at a time. */
export function meterOf(client: DynamoDBDocumentClient) {
  let cost: Cost = { requests: 0, scanned: 0, bytes: 0 };
  client.middlewareStack.add((next) => async (args) => {
    const result = await next(args);
    const { output, response } = answered.parse(result);
    cost = {
      requests: cost.requests + 1,
      scanned: cost.scanned + (output.ScannedCount ?? 0),
      bytes: cost.bytes + Number(response.headers['content-length']),
    };
    return result;
  });
  return async <T>(work: () => Promise<T>): Promise<{ cost: Cost; result: T }> => {
    cost = { requests: 0, scanned: 0, bytes: 0 };
    const result = await work();
    return { cost, result };
  };
}
