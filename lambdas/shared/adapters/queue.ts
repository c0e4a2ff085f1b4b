/** A queue's messages: one by one, with partial failures reported. */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { describe, log } from './log.ts';

/**
 * The handler of a queue. `read` is called for each message; where it throws, that message, and that
 * alone, is delivered again until the queue gives it up, so it must be safe to run twice.
 */
export const queueHandler =
  (operation: string, read: (body: string, messageId: string) => Promise<void>) =>
  async (event: SQSEvent, context?: Context): Promise<SQSBatchResponse> =>
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
    );
