/** The keys of a LiteLLM in and out of the deployed stack, by the commands that operators give. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, inject, it } from 'vitest';
import { expectAgreement, sha256 } from './agreement.ts';
import { generate, info, isLetIn, issued, post, regenerate, self, update } from './api-client.ts';
import { eventually, itemsOf, keysWith, outputOf, rowOfAlias } from './local-aws.ts';
import { operatorCommand } from './operator-command.ts';
import { actionsOf, trailOf } from './trail.ts';

const { endpoint } = inject('deployed');
const folder = mkdtempSync(join(tmpdir(), 'latchkey-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fileOf = (name: string, lines: readonly (object | string)[]): string => {
  const path = join(folder, name);
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  writeFileSync(path, texts.join('\n'));
  return path;
};

const { give, killAfter } = operatorCommand(
  { AWS_ENDPOINT_URL_DYNAMODB: endpoint },
  `--keys-table=${outputOf('KeysTableName')}`,
);
const run = (script: 'import' | 'export', ...args: string[]) => give(script, ...args);

async function exported(name: string): Promise<Record<string, unknown>[]> {
  const path = join(folder, name);
  expect(await run('export', '--out', path)).toMatchObject({ code: 0 });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
}

const keyIdOf = async (alias: string) => String((await rowOfAlias(alias))['keyId']);

it('keys come in with their old values, are checked, audited and rotated, and go out again', async () => {
  const oldValue = (name: string) => `sk-0ldV4lue_${name}-fromLiteLLM`;
  const [manager, service, blocked] = [oldValue('a'), oldValue('b'), oldValue('c')] as const;
  const rowAs = (value: string, changes: object) => ({
    token: sha256(value),
    key_name: `sk-...${value.slice(-4)}`,
    spend: 1.25,
    models: ['gpt-4o'],
    metadata: { note: 'moved in' },
    created_at: '2026-01-02T03:04:05.678000Z',
    created_by: 'default_user_id',
    team_spend: null,
    ...changes,
  });
  const taken = await issued({ key_alias: 'import/taken' });
  const managed = { key_alias: 'import/manager', key_type: 'management', user_id: 'import-ada' };
  const limited = { key_alias: 'import/service', max_budget: 9.5, rpm_limit: 7, team_id: 'works' };
  const plaintext = 'sk-plaintextWhereAHashBelongs';
  const path = fileOf('keys.jsonl', [
    rowAs(manager, managed),
    rowAs(service, limited),
    rowAs(blocked, { key_alias: 'import/blocked', blocked: true }),
    '{"token": "cut o',
    rowAs(service, { key_alias: 'import/twice' }),
    rowAs('sk-another-value-of-LiteLLM', { key_alias: 'import/taken' }),
    rowAs('x', { token: plaintext, key_alias: 'import/plaintext' }),
  ]);

  const before = await keysWith(taken.key_id);
  const dry = await run('import', path);
  expect(dry).toMatchObject({ code: 1, said: expect.stringContaining('3 could be imported') });
  expect(await keysWith(taken.key_id)).toEqual(before);

  const report = join(folder, 'refused.jsonl');
  const applied = await run('import', path, '--apply', '--as', 'ops', '--report', report);
  expect(applied).toMatchObject({ code: 1, said: expect.stringContaining('3 imported\n') });
  const refused = readFileSync(report, 'utf8');
  const columns = refused
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(Object.fromEntries(columns.map(({ line, column }) => [line, column]))).toEqual({
    4: null,
    5: 'token',
    6: 'key_alias',
    7: 'token',
  });
  for (const said of [dry.said, applied.said, refused]) expect(said).not.toContain(plaintext);
  expect(JSON.stringify(await itemsOf('KeysTableName'))).not.toContain(plaintext);

  // With their old values, at once.
  const own = await generate({ user_id: 'import-ada', key_alias: 'import/own' }, manager);
  expect(own).toMatchObject({ status: 200, body: { user_id: 'import-ada' } });
  expect((await self(service)).body.info).toMatchObject({ ...limited, spend: 1.25 });
  expect((await info(sha256(service))).body.info).toMatchObject({ secret_name: null });
  expect(await isLetIn(blocked)).toBe(false);
  expect((await post('/key/unblock', { key: sha256(blocked) })).status).toBe(200);
  expect(await isLetIn(blocked)).toBe(true);

  const keyId = await keyIdOf('import/service');
  expect(await trailOf(keyId, service)).toMatchObject([
    { action: 'imported', changed_by: 'ops', who: { principal: 'import' }, before: null },
  ]);

  const out = (await exported('out.jsonl')).find((key) => key['key_id'] === keyId);
  const { created_at: _, ...rest } = rowAs(service, limited);
  expect(out).toMatchObject({ ...rest, created_at: '2026-01-02T03:04:05.678Z', org_id: null });
  // What became of its mails is no field of the key, and it had none.
  const { notification_status, ...fields } = (await info(keyId)).body.info;
  expect(notification_status).toBeNull();
  for (const [name, value] of Object.entries(fields))
    expect([name, out?.[name]]).toEqual([name, value]);
  const back = fileOf('back.jsonl', [out ?? '']);
  expect(await run('import', back)).toMatchObject({
    code: 1,
    said: expect.stringContaining('imported from other values'),
  });

  // Into the mirror.
  const renewed = await regenerate({ key: service });
  expect(renewed).toMatchObject({ status: 200, body: { key_id: keyId } });
  expect((await info(keyId)).body.info).toMatchObject({ secret_name: 'litellm/import/service' });
  await expectAgreement(keyId);
  expect([await isLetIn(service), await isLetIn(renewed.body.key)]).toEqual([false, true]);
  expect((await update({ key: keyId, key_alias: 'import/renamed' })).status).toBe(200);
  await expectAgreement(keyId);
  expect(await actionsOf(keyId)).toEqual(['imported', 'rotated', 'updated']);

  const again = await run('import', path, '--apply');
  expect(again.said).toContain('0 imported\n3 in already\n4 refused');
  expect(await isLetIn(service)).toBe(false);
});

it('an import that is killed half way goes on where it was, and brings no key in twice', async () => {
  const rows = Array.from({ length: 300 }, (_, n) => ({
    token: sha256(`sk-killed-${n}`),
    key_alias: `killed/${n}`,
  }));
  const isThere = async () => {
    const items = await itemsOf('KeysTableName');
    const isRow = ({ pk }: { pk?: unknown }) => String(pk).startsWith('KEY#');
    return items.filter((item) => isRow(item) && String(item['alias']).startsWith('killed/'));
  };
  const path = fileOf('killed.jsonl', rows);
  const half = { calls: 5, operation: 'TransactWriteItems' } as const;
  expect(await killAfter(half, 'import', path, '--apply')).toBe('SIGKILL');
  const before = (await isThere()).length;

  const { code, said } = await run('import', path, '--apply');
  expect(code).toBe(0);
  const [imported = 0, present = 0] = ['imported', 'in already'].map((what) =>
    Number(new RegExp(`^(\\d+) ${what}$`, 'm').exec(said)?.[1]),
  );
  // A write that was under way at the end may have arrived after the look.
  expect(present).toBeGreaterThanOrEqual(before);
  expect(imported).toBeGreaterThan(0);
  expect([imported + present, (await isThere()).length]).toEqual([300, 300]);
  expect(await isLetIn('sk-killed-299')).toBe(true);

  const ids = new Set((await isThere()).map(({ keyId }) => keyId));
  const records = await eventually(async () => {
    const found = (await itemsOf('AuditTableName')).filter(({ key_id }) => ids.has(key_id));
    return found.length >= ids.size ? found : null;
  }, 25_000);
  expect(new Set(records.map(({ action }) => action))).toEqual(new Set(['imported']));
  expect(records).toHaveLength(300);
}, 90_000);

it('what cannot be worked with is said in one line', async () => {
  const path = fileOf('one.jsonl', [{ token: sha256('sk-one') }]);
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const [args, why] of [
    [[join(folder, 'none')], 'There is no file'],
    [[pipe], 'give a file, and no pipe'],
    [[path, '--as', 'sk-name-that-is-a-key'], '--as takes a name'],
    [[path, '--apply', '--report', path], '--report would write over the keys'],
    [[path, '--apply=maybe'], '--apply'],
  ] as const) {
    const { code, said } = await run('import', ...args);
    expect([code, said.trimEnd().split('\n').length, said]).toEqual([
      2,
      1,
      expect.stringContaining(why),
    ]);
  }
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ token: sha256('sk-one') });
  writeFileSync(join(folder, 'there.jsonl'), '');
  const over = await run('export', '--out', join(folder, 'there.jsonl'));
  expect(over).toMatchObject({ code: 2, said: expect.stringContaining('is there already') });
});
