/** The deployed e-mail function, handed recorded batches as its event source mapping would. */
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { generate } from './api-client.ts';
import { eventually, invoke, itemOf, mailsTo, outputOf } from './local-aws.ts';

let sequence = 0;
function streamRecord(keyId: string, before: object | null, after: object) {
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

/** The write that settled a birth, as the stream recorded it but with an intent of its own. */
async function settledBirth(address: string, intentId: string) {
  const { body } = await generate({ user_id: address });
  const row = await itemOf('KeysTableName', { pk: `KEY#${body.key_id}` });
  if (row === undefined) throw new Error('The key has no row');
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

const email = (...Records: unknown[]) => invoke(outputOf('EmailFunctionName'), { Records });

describe('the e-mail function', () => {
  it('sends a mail once for a record delivered twice', async () => {
    const record = await settledBirth('twice@example.com', 'notice-twice');
    expect(await email(record)).toEqual({ batchItemFailures: [] });
    expect(await email(record)).toEqual({ batchItemFailures: [] });
    expect((await mailsTo('twice@example.com')).length).toBe(1);
  });

  it('reports a record that fails and does not repeat the mails before it', async () => {
    const good = await settledBirth('good@example.com', 'notice-good');
    const poison = streamRecord('poison', null, { pk: 'KEY#poison', v: 99 });
    const failed = {
      batchItemFailures: [{ itemIdentifier: poison.dynamodb.SequenceNumber }],
    };
    expect(await email(good, poison)).toEqual(failed);
    expect(await email(good, poison)).toEqual(failed);
    expect((await mailsTo('good@example.com')).length).toBe(1);
  });

  it('sends none for a key that asked for none', async () => {
    const { body } = await generate({ user_id: 'quiet@example.com' });
    await generate({ user_id: 'loud@example.com', send_invite_email: true });
    await eventually(async () => (await mailsTo('loud@example.com'))[0]);
    expect(await mailsTo('quiet@example.com')).toEqual([]);
    expect(body.key_id).toBeTypeOf('string');
  });
});
