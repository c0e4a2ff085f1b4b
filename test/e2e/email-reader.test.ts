/** The deployed e-mail function, handed recorded batches as its event source mapping would. */
import { describe, expect, it } from 'vitest';
import { generate } from './api-client.ts';
import { eventually, invoke, mailsTo, outputOf } from './local-aws.ts';
import { poisonRecord, settledBirth } from './recorded-writes.ts';

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
    const poison = poisonRecord();
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
