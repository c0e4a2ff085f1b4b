/** The trail of the deployed stack, exported from its tables, proved, and tampered with. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, expect, inject, it } from 'vitest';
import { auditScan, headScan } from '../../scripts/audit/audited-tables.ts';
import { exportHeads } from '../../scripts/audit/export-heads.ts';
import { exportTrail, type Scan } from '../../scripts/audit/export-trail.ts';
import { verifyExport } from '../../scripts/audit/verify-export.ts';
import { tableOf } from '../../scripts/operator/tables.ts';
import { block, issued, regenerate, remove, unblock, update } from './api-client.ts';
import { outputOf } from './local-aws.ts';
import { trailOf } from './trail.ts';

const { endpoint, region, credentials } = inject('deployed');
const client = new DynamoDBClient({ endpoint, region, credentials });
const folder = mkdtempSync(join(tmpdir(), 'latchkey-audit-'));
const [trail, heads] = [join(folder, 'trail.jsonl'), join(folder, 'heads.jsonl')];
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const now = () => new Date();

it('finds the tables by the names that the stack gave them', async () => {
  expect(await tableOf(client, 'local', 'AuditTable')).toBe(outputOf('AuditTableName'));
  expect(await tableOf(client, 'local', 'KeysTable')).toBe(outputOf('KeysTableName'));
  await expect(tableOf(client, 'prod', 'AuditTable')).rejects.toThrow('There is no AuditTable');
});

it('exports the trail, in two goes, proves it, and names a record that is edited then', async () => {
  const metadata = { deep: [1e-7, 123456789.125, 'ключ \u2028 🔑', { none: {} }] };
  const live = await issued({ key_alias: 'audit/export', user_id: 'ada', metadata });
  const ended = await issued({ max_budget: 0.1 });
  for (const change of [block, unblock]) await change({ key: live.key_id });
  await update({ key: live.key_id, tpm_limit: 5 });
  await regenerate({ key: live.key_id, grace_period: '1d' });
  await remove({ keys: [ended.key_id] });
  for (const { key_id } of [live, ended]) await trailOf(key_id);

  const table = outputOf('AuditTableName');
  await exportHeads(heads, headScan(client, outputOf('KeysTableName')), now);
  const dying: Scan = async function* (after) {
    for await (const page of auditScan(client, table)(after)) {
      yield page.slice(0, 3);
      throw new Error('killed');
    }
  };
  for (const lines of [3, 6]) {
    await expect(exportTrail(trail, dying, now)).rejects.toThrow('killed');
    expect(readFileSync(trail, 'utf8').split('\n')).toHaveLength(lines + 1);
  }
  await exportTrail(trail, auditScan(client, table), now);

  const keys = [live.key_id, ended.key_id];
  // Other tests write rows by hand, and their last changes may not be in the trail yet.
  const findings = async () =>
    (await verifyExport(trail, [heads])).proof.findings.filter(({ keyId }) => keys.includes(keyId));
  const { proof, trailer } = await verifyExport(trail, [heads]);
  expect(await findings()).toEqual([]);
  expect(trailer?.records).toBe(proof.records);
  expect(proof.heads).toBeGreaterThanOrEqual(3);

  const text = readFileSync(trail, 'utf8');
  const line = text.split('\n').findIndex((one) => one.includes(`"id":"${live.key_id}_4"`));
  const edited = text
    .split('\n')
    .map((one, at) => (at === line ? one.replace('"tpm_limit":5', '"tpm_limit":6') : one));
  writeFileSync(trail, edited.join('\n'));
  expect(await findings()).toMatchObject([
    { kind: 'edit', id: `${live.key_id}_4`, position: line + 1 },
  ]);
});
