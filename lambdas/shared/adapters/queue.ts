/** A queue's messages: one by one, with partial failures reported. */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { withBatchLine } from './batch-line.ts';
import { describe, log } from './log.ts';
import type { Metrics } from './metrics.ts';

/**
 * The handler of a queue. `read` is called for each message; where it throws, that message, and that
 * alone, is delivered again until the queue gives it up, so it must be safe to run twice. The line about
 * the batch has the metrics that are asked for in the end.
 */
export const queueHandler =
  (
    operation: string,
    read: (body: string, messageId: string) => Promise<void>,
    metrics: (failed: number) => Metrics,
  ) =>
  async (event: SQSEvent, context?: Context): Promise<SQSBatchResponse> =>
    withBatchLine({ operation, event, context, metrics }, () =>
      processPartialResponse(
        event,
        async ({ body, messageId }: SQSRecord) => {
          try {
            await read(body, messageId);
          } catch (error) {
            log('error', 'message failed', {
              operation,
              message_id: messageId,
              error: describe(error),
            });
            throw error;
          }
        },
        new BatchProcessor(EventType.SQS),
        {
          ...(context === undefined ? {} : { context }),
          processInParallel: false,
          throwOnFullBatchFailure: false,
        },
      ),
    );
