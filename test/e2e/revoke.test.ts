/** Revoking on the deployed stack, by the command that operators give. */
import { expect, inject, it } from 'vitest';
import { info, isLetIn, issued } from './api-client.ts';
import { describedSecret, itemsOf, outputOf, rowOf } from './local-aws.ts';
import { operatorCommand } from './operator-command.ts';
import { actionsOf, trailOf } from './trail.ts';

const { endpoint, guardUrl } = inject('deployed');

const { give, killAfter } = operatorCommand(
  { AWS_ENDPOINT_URL_DYNAMODB: endpoint, AWS_ENDPOINT_URL_SECRETS_MANAGER: guardUrl },
  `--keys-table=${outputOf('KeysTableName')}`,
  '--as=ops',
);
const revoke = (...args: string[]) => give('revoke', ...args);

it.concurrent('all keys of a user are refused at once, audited, and their secrets go', async () => {
  const [one, other, others] = [
    await issued({ user_id: 'revoke-ada', key_alias: 'revoke/a' }),
    await issued({ user_id: 'revoke-ada', team_id: 'revoke-team' }),
    await issued({ user_id: 'revoke-bob', team_id: 'revoke-team' }),
  ];
  const dry = await revoke('--user', 'revoke-ada');
  expect(dry).toMatchObject({ code: 0, said: expect.stringContaining('2 would be deleted') });
  expect(dry.said).toContain(`${one.key_id}, alias "revoke/a", user "revoke-ada"`);
  expect(await isLetIn(one.key)).toBe(true);

  const applied = await revoke('--user', 'revoke-ada', '--apply');
  expect(applied).toMatchObject({ code: 0, said: expect.stringContaining('2 deleted\n') });
  for (const said of [dry.said, applied.said]) expect(said).not.toMatch(/sk-|[0-9a-f]{64}/);
  for (const { key } of [one, other]) expect(await isLetIn(key)).toBe(false);
  expect(await isLetIn(others.key)).toBe(true);
  expect((await trailOf(one.key_id)).at(-1)).toMatchObject({
    action: 'deleted',
    changed_by: 'ops',
    who: { principal: 'revoke' },
  });
  expect(await describedSecret('litellm/revoke/a')).toMatchObject({ isScheduled: true });

  const blocked = await revoke('--team', 'revoke-team', '--block', '--apply');
  expect(blocked).toMatchObject({ code: 0, said: expect.stringContaining('1 blocked\n') });
  expect(await isLetIn(others.key)).toBe(false);
  expect(await actionsOf(others.key_id)).toEqual(['created', 'blocked']);
  expect((await info(others.key_id)).body.info).toMatchObject({ blocked: true });

  const admin = await revoke('--key', 'master', '--key', others.key_id, '--apply');
  expect(admin).toMatchObject({ code: 1, said: expect.stringContaining('master: LEFT') });
  expect(await rowOf(others.key_id)).toMatchObject({ status: 'deleted' });
}, 120_000);

it.concurrent('killed half way and given again it ends the rest', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 60; n += 1) ids.push((await issued({ user_id: 'revoke-many' })).key_id);
  const live = async () => {
    const items = await itemsOf('KeysTableName');
    return items.filter(({ user_pk }) => user_pk === 'USER#live#revoke-many').length;
  };
  const half = { calls: 5, operation: 'TransactWriteItems' } as const;
  expect(await killAfter(half, 'revoke', '--user', 'revoke-many', '--apply')).toBe('SIGKILL');
  const left = await live();
  expect(left).toBeGreaterThan(0);

  const again = await revoke('--user', 'revoke-many', '--apply');
  expect(again.code).toBe(0);
  expect(await live()).toBe(0);
  for (const keyId of ids.slice(-3)) expect(await actionsOf(keyId)).toEqual(['created', 'deleted']);
}, 120_000);

it('what cannot be worked with is said in one line', async () => {
  for (const [args, why] of [
    [[], 'Usage:'],
    [['--user', 'a', '--team', 'b'], 'Usage:'],
    [['--user', ''], 'Usage:'],
    [['--key', 'sk-a-value-of-somebody'], '--key takes key ids alone'],
    [['--user', 'a', '--as', 'sk-name-that-is-a-key'], '--as takes a name'],
  ] as const) {
    const { code, said } = await revoke(...args);
    expect([code, said]).toEqual([2, expect.stringContaining(why)]);
    expect(said.trimEnd().split('\n')).toHaveLength(1);
    expect(said).not.toContain('sk-a-value');
  }
}, 90_000);
