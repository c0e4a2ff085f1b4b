import type { Context } from 'aws-lambda';
import { log } from './log.ts';
import { measure } from './measure.ts';
import type { Metrics } from './metrics.ts';

interface Batch {
  readonly operation: string;
  readonly event: { readonly Records: readonly unknown[] };
  readonly context: Pick<Context, 'awsRequestId'> | undefined;
  /** Asked for once the batch is worked on, for what its line is to count besides. */
  readonly metrics?: (failed: number) => Metrics;
}

/** Works on a batch, and writes one line about it. */
export async function withBatchLine<
  Response extends { readonly batchItemFailures: readonly unknown[] },
>({ operation, event, context, metrics }: Batch, work: () => Promise<Response>): Promise<Response> {
  const taken = measure();
  const response = await work();
  const failed = response.batchItemFailures.length;
  log(
    'info',
    'batch',
    {
      operation,
      ...(context === undefined ? {} : { request_id: context.awsRequestId }),
      ...taken(),
      records: event.Records.length,
      failed,
    },
    metrics?.(failed),
  );
  return response;
}
