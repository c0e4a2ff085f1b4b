/** Writes of key rows as the stream has them, made by hand: the local AWS does not show its own. */
import { marshall } from '@aws-sdk/util-dynamodb';
import { generate } from './api-client.ts';
import { rowOf } from './local-aws.ts';

let sequence = 0;

export function streamRecord(keyId: string, before: object | null, after: object) {
  sequence += 1;
  return {
    eventID: String(sequence),
    eventName: before === null ? 'INSERT' : 'MODIFY',
    eventSource: 'aws:dynamodb',
    dynamodb: {
      SequenceNumber: String(sequence),
      Keys: { pk: { S: `KEY#${keyId}` } },
      ...(before === null ? {} : { OldImage: marshall(before) }),
      NewImage: marshall(after),
    },
  };
}

/** A write that no reader can make sense of. */
export const poisonRecord = () => streamRecord('poison', null, { pk: 'KEY#poison', v: 99 });

/** The write that settled a birth, as the stream recorded it but with an intent of its own. */
export async function settledBirth(address: string, intentId: string) {
  const { body } = await generate({ user_id: address });
  const row = await rowOf(body.key_id);
  const notify = { event: 'key_created', to: address };
  const { id, who, request_id } = JSON.parse(JSON.stringify(row['event']));
  const intent = {
    id: intentId,
    kind: 'generate',
    claim: 0,
    opened: '2026-11-25T00:00:00.000Z',
    at: '2026-11-25T00:00:00.000Z',
    fence: '2026-11-25T00:01:00.000Z',
    notify,
    hash: body.token,
    ver: id,
    newName: 'litellm/x',
    newAlias: null,
    names: [],
    idempotencyId: null,
    who,
    request_id,
  };
  return streamRecord(body.key_id, { ...row, intent }, row);
}
