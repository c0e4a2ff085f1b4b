import type { DynamoDBRecord } from 'aws-lambda';
import type { Item } from '../../lambdas/shared/adapters/table/items.ts';
import { toWire } from './dynamo-item.ts';
import type { ItemChange } from './memory-items.ts';

/** A change of the table as a function gets it from the stream, both images on it. */
export function streamRecordOf({ sequenceNumber, at, pk, before, after, isExpiry }: ItemChange) {
  const record: DynamoDBRecord = {
    eventID: `event-${sequenceNumber}`,
    eventName: before === null ? 'INSERT' : after === null ? 'REMOVE' : 'MODIFY',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'eu-central-1',
    eventSourceARN: 'arn:aws:dynamodb:eu-central-1:000000000000:table/keys/stream/1',
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(at.getTime() / 1000),
      Keys: imageOf({ pk }),
      ...(before === null ? {} : { OldImage: imageOf(before) }),
      ...(after === null ? {} : { NewImage: imageOf(after) }),
      SequenceNumber: sequenceNumber,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
    ...(isExpiry
      ? { userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' } }
      : {}),
  };
  return record;
}

/** Through JSON, as every event reaches a function. */
const imageOf = (item: Item) => JSON.parse(JSON.stringify(toWire(item)));
