/** A name whose last secret of ours is in its deletion window, on the deployed stack with its rights. */
import { expect, it } from 'vitest';
import { generate, info } from './api-client.ts';
import { itemOf, putItem, scheduleDeletion, secretOf, valueUnder } from './local-aws.ts';

it("is used again, and shows the last holder's value nowhere", async () => {
  const alias = 'reuse/one';
  const name = `litellm/${alias}`;
  const first = await generate({ key_alias: alias, user_id: 'old', team_id: 'old-team' });
  expect(first.status).toBe(200);

  // What a delete leaves behind: the row deleted, the secret scheduled, the alias free.
  const rowKey = { pk: `KEY#${first.body.key_id}` };
  const leaseKey = { pk: `ALIAS#${alias}` };
  const row = await itemOf('KeysTableName', rowKey);
  const lease = await itemOf('KeysTableName', leaseKey);
  await scheduleDeletion(name);
  await putItem('KeysTableName', { ...row, status: 'deleted', rev: Number(row?.['rev']) + 1 });
  await putItem('KeysTableName', {
    ...lease,
    state: 'free',
    deletedAt: new Date().toISOString(),
    rev: Number(lease?.['rev']) + 1,
  });

  const second = await generate({ key_alias: alias, user_id: 'new' });
  expect(second.status).toBe(200);
  const secret = await secretOf(name);
  expect(secret?.value).toBe(second.body.key);
  expect(secret?.tags).toMatchObject({ key_id: second.body.key_id, user_id: 'new', team_id: '' });
  expect(await valueUnder(name, 'AWSPREVIOUS')).not.toBe(first.body.key);
  expect((await info(second.body.token)).body.info.status).toBe('active');
});
