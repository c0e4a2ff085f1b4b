/** The keys table's stream: record by record, with partial failures reported. */

import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type {
  Context,
  DynamoDBBatchResponse,
  DynamoDBRecord,
  DynamoDBStreamEvent,
} from 'aws-lambda';
import type { KeyRow } from '../domain/key-row.ts';
import { withBatchLine } from './batch-line.ts';
import { describe, log } from './log.ts';
import { recordMs } from './reader-limits.ts';
import { parseRow } from './table/items.ts';
import { keyIdOf, keyRowPrefix } from './table/keys.ts';

/** One write of a key row. */
export interface RowChange {
  readonly before: KeyRow | null;
  readonly after: KeyRow;
}

/** A second to answer in, and one for all that is no call. */
const reserveMs = 2000;

/**
 * The handler of a stream reader. `read` is called for each write of a key row; where it throws, that
 * record and all after it are delivered again, those included that it has read meanwhile, so it must
 * be safe to run twice. A record that may no longer end before the function's time-out is not begun
 * but fails as well.
 * Removals are none of its business: a row is only ever removed by its time to live.
 */
export const rowStreamHandler =
  (operation: string, read: (change: RowChange) => Promise<void>) =>
  async (event: DynamoDBStreamEvent, context?: Context): Promise<DynamoDBBatchResponse> =>
    withBatchLine({ operation, event, context }, () =>
      processPartialResponse(
        event,
        async (record: DynamoDBRecord) => {
          try {
            if (
              context !== undefined &&
              context.getRemainingTimeInMillis() < recordMs + reserveMs
            ) {
              throw new Error('No time was left for this record');
            }
            const change = changeOf(record);
            if (change !== null) await read(change);
          } catch (error) {
            log('error', 'record failed', {
              operation,
              key_id: keyIdOf(record.dynamodb?.Keys?.['pk']?.S ?? ''),
              error: describe(error),
            });
            throw error;
          }
        },
        new BatchProcessor(EventType.DynamoDBStreams),
        {
          ...(context === undefined ? {} : { context }),
          processInParallel: false,
          throwOnFullBatchFailure: false,
        },
      ),
    );

function changeOf({ dynamodb }: DynamoDBRecord): RowChange | null {
  const isRow = dynamodb?.Keys?.['pk']?.S?.startsWith(keyRowPrefix) ?? false;
  if (!isRow || dynamodb?.NewImage === undefined) return null;
  return {
    before: dynamodb.OldImage === undefined ? null : rowOf(dynamodb.OldImage),
    after: rowOf(dynamodb.NewImage),
  };
}

function rowOf(image: unknown): KeyRow {
  if (!isImage(image)) throw new Error('A stream record has no image');
  return parseRow(unmarshall(image));
}

/** Types aside: in a stream record binary is text, but no attribute of these rows is binary. */
const isImage = (image: unknown): image is Record<string, AttributeValue> =>
  typeof image === 'object' && image !== null;
