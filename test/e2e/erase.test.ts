/** A person erased on the deployed stack, by the command that operators give. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, expect, inject, it } from 'vitest';
import { auditRecord } from '../../lambdas/shared/domain/audit-record.ts';
import { redacted } from '../../lambdas/shared/domain/audit-redaction.ts';
import { verifyExport } from '../../scripts/audit/verify-export.ts';
import { erasableTrail } from '../../scripts/erase/erasable-trail.ts';
import { issued, post, remove, update } from './api-client.ts';
import { itemsOf, outputOf } from './local-aws.ts';
import { operatorCommand } from './operator-command.ts';
import { trailOf } from './trail.ts';

const { endpoint, region, credentials } = inject('deployed');
const folder = mkdtempSync(join(tmpdir(), 'latchkey-erase-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { give, killAfter } = operatorCommand(
  { AWS_ENDPOINT_URL_DYNAMODB: endpoint },
  `--keys-table=${outputOf('KeysTableName')}`,
  `--audit-table=${outputOf('AuditTableName')}`,
);
const run = (script: 'erase' | 'audit-export', ...args: string[]) => give(script, ...args);

const person = ['--user', 'canary-ada', '--email', 'canary.ada@example.com', '--as', 'ops'];
const tables = async () =>
  JSON.stringify([await itemsOf('KeysTableName'), await itemsOf('AuditTableName')]).toLowerCase();

it('a person is erased from rows and trail, though killed half way, and the trail verifies', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 20; n += 1) {
    const theirs = { user_id: 'canary-ada', user_email: 'canary.ada@example.com', max_budget: 0.1 };
    const { key_id } = await issued({ ...theirs, metadata: { note: `for canary-ada, ${n}` } });
    await update({ key: key_id, tpm_limit: n + 1 });
    ids.push(key_id);
  }
  const named = await issued({ user_id: 'erase-bob', metadata: { boss: 'canary-ada' } });
  const refused = await run('erase', ...person, '--apply');
  expect(refused).toMatchObject({
    code: 1,
    said: expect.stringContaining('It is theirs and live'),
  });
  await remove({ keys: ids });
  await post('/key/block', { key: named.key_id });
  for (const keyId of ids.slice(-2)) await trailOf(keyId);

  const before = await tables();
  const dry = await run('erase', ...person);
  expect(dry).toMatchObject({ code: 0, said: expect.stringContaining('--apply does it') });
  expect(await tables()).toBe(before);

  const half = { calls: 20, operation: 'UpdateItem' } as const;
  expect(await killAfter(half, 'erase', ...person, '--apply')).toBe('SIGKILL');
  expect(await tables()).toContain('canary');
  const isErased = (record: object) => 'redacted' in record;
  expect((await itemsOf('AuditTableName')).filter(isErased).length).toBeGreaterThan(0);

  const again = await run('erase', ...person, '--apply');
  expect(again).toMatchObject({ code: 0, said: expect.stringContaining('Erased from') });
  expect(again.said).not.toContain('canary');
  expect(await tables()).not.toContain('canary');

  const [path, heads] = [join(folder, 'trail.jsonl'), join(folder, 'heads.jsonl')];
  expect(await run('audit-export', '--out', path, '--heads', heads)).toMatchObject({ code: 0 });
  const { proof } = await verifyExport(path, [heads]);
  // Other tests write rows by hand.
  const own = new Set([...ids, named.key_id]);
  expect(proof.findings.filter(({ keyId }) => own.has(keyId))).toEqual([]);
  expect(proof.redacted.map(({ id }) => id)).toEqual(
    expect.arrayContaining([...ids, named.key_id].map((keyId) => `${keyId}_1`)),
  );
  expect((await update({ key: named.key_id, tpm_limit: 9 })).status).toBe(200);
}, 180_000);

it('a record is erased only as it was read', async () => {
  const { key_id } = await issued({ user_id: 'erase-carol' });
  await trailOf(key_id);
  const client = new DynamoDBClient({ endpoint, region, credentials });
  const trail = erasableTrail(client, outputOf('AuditTableName'));
  const read = async () => {
    for await (const page of trail.pages()) {
      for (const record of page) {
        const parsed = auditRecord.safeParse(record);
        if (parsed.success && parsed.data.key_id === key_id) return parsed.data;
      }
    }
    throw new Error('There is no such record');
  };
  const before = await read();
  const withoutWho = redacted(before, ['who']);
  expect(await trail.redact(before, withoutWho)).toBe(true);
  expect(await read()).toEqual(withoutWho);
  expect(await trail.redact(before, redacted(before, ['after']))).toBe(false);
  const rest = redacted(withoutWho, ['after']);
  expect(await trail.redact(withoutWho, rest)).toBe(true);
  expect(await read()).toEqual(rest);
  expect(await trail.redact({ ...rest, key_id: '0123456789ABCDEFG' }, rest)).toBe(false);
  expect([
    await trail.has({ keyId: key_id, seq: 1 }),
    await trail.has({ keyId: key_id, seq: 2 }),
  ]).toEqual([true, false]);
});

it('what cannot be worked with is said in one line', async () => {
  for (const [args, why] of [
    [[], 'Usage:'],
    [['--user', 'default_user_id'], '--user names no person'],
    [['--user', 'ada', '--email', 'ada'], '--email takes e-mail addresses'],
    [['--user', 'ada', '--as', 'ada'], 'Who erases is recorded'],
  ] as const) {
    const { code, said } = await run('erase', ...args);
    expect([code, said]).toEqual([2, expect.stringContaining(why)]);
    expect(said.trimEnd().split('\n')).toHaveLength(1);
  }
}, 90_000);
