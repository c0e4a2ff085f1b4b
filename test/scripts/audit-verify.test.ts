import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { reportOn } from '../../scripts/audit/verification-report.ts';
import { verifyExport } from '../../scripts/audit/verify-export.ts';
import { startedService } from '../fakes/service.ts';
import { auditTrails } from '../lambdas/fixtures/audit-trails.ts';

const { records, heads } = await auditTrails();
const exported_at = '2026-11-26T00:00:00.000Z';
const root = resolve(import.meta.dirname, '../..');

const folder = mkdtempSync(join(tmpdir(), 'latchkey-audit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const fileOf = (text: string): string => {
  files += 1;
  const path = join(folder, `${files}.jsonl`);
  writeFileSync(path, text);
  return path;
};
const linesOf = (values: readonly unknown[]) =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');
const complete = (values: readonly unknown[]) =>
  fileOf(linesOf([...values, { complete: true, records: values.length, exported_at }]));
const headsFile = complete(heads);

/** The command, as an operator gives it. */
const verify = (...args: string[]) =>
  new Promise<{ code: number | null; output: string }>((done) => {
    const script = join(root, 'scripts/audit-verify.ts');
    const child = execFile(process.execPath, [script, ...args], (_, stdout, stderr) =>
      done({ code: child.exitCode, output: `${stdout}${stderr}` }),
    );
  });

describe('npm run audit:verify', () => {
  it('ends with 0 where all is proved', async () => {
    const { code, output } = await verify(complete(records), '--heads', headsFile);
    expect(output).toContain('PROVED: every record is there');
    expect(output).toContain(`${heads.length} of ${heads.length} are in their`);
    expect(code).toBe(0);
  });

  it('says what it cannot see without heads', async () => {
    const { code, output } = await verify(complete(records.slice(0, -1)));
    expect(output).toContain('that the end of a trail is missing or rewritten cannot be seen');
    expect(code).toBe(0);
  });

  it('ends with 1 and names the record and the line where something was tampered with', async () => {
    const tampered = records.map((record, at) =>
      at === 4 ? { ...record, request_id: 'x' } : record,
    );
    const { code, output } = await verify(complete(tampered), '--heads', headsFile);
    expect(output).toContain(`EDIT          ${records[4]?.id}, line 5: Its digest does not follow`);
    expect(output).toContain(
      `NOT PROVED: One key does not verify; the first bad record is ${records[4]?.id}.`,
    );
    expect(code).toBe(1);
  });

  it('ends with 1 where the export has lost records that nothing else vouches for', async () => {
    const end = { complete: true, records: records.length, exported_at };
    const { code, output } = await verify(fileOf(linesOf([...records.slice(0, -1), end])));
    expect(output).toContain(
      `was written with ${records.length} records, and has ${records.length - 1}`,
    );
    expect(code).toBe(1);
  });

  it.each([
    ['whole lines', linesOf(records)],
    ['a line begun', `${linesOf(records)}{"id":"x_1","key`],
    ['its end begun', `${linesOf(records)}{"complete":true,"re`],
  ])('ends with 2 where the export was interrupted: %s', async (_, text) => {
    const { code, output } = await verify(fileOf(text), '--heads', headsFile);
    expect(output).toContain('NOT COMPLETE');
    expect(code).toBe(2);
  });

  const end = { complete: true, records: 1, exported_at };
  it.each([
    ['no file', [join(folder, 'none')], `There is no file ${join(folder, 'none')}`],
    ['no argument', [], 'Usage: npm run audit:verify'],
    [
      'a time of another form',
      [headsFile, '--audited-since', 'today'],
      'Usage: npm run audit:verify',
    ],
    ['an unknown option', [headsFile, '--head', 'x'], "Unknown option '--head'"],
    ['no JSON', [fileOf(`${linesOf(records.slice(0, 1))}no\n`)], 'line 2: this is no JSON'],
    [
      'no record',
      [fileOf(linesOf([...records.slice(0, 2), { a: 1 }]))],
      'line 3: this is no audit record',
    ],
    [
      'records after the end',
      [fileOf(linesOf([...records.slice(0, 1), end, records[1]]))],
      'line 3: this comes after',
    ],
    [
      'heads that are not all there',
      [complete(records), '--heads', fileOf(linesOf(heads))],
      'export them again',
    ],
    [
      'no heads',
      [complete(records), '--heads', complete(records)],
      'line 1: this is no head of a trail',
    ],
  ])('ends with 2 and says why: %s', async (_, args, message) => {
    const { code, output } = await verify(...args);
    expect(output).toContain(message);
    expect(output).not.toContain('    at ');
    expect(code).toBe(2);
  });
});

describe('a verification', () => {
  it('names the record that is stored without its number or key, and one that passes for the end', async () => {
    const [first, second] = records;
    const { key_id, seq, ...nameless } = second ?? {};
    const stored = { ...nameless, pk: `KEY#${key_id}`, sk: String(seq).padStart(12, '0') };
    const ending = { ...first, complete: true, records: 0, exported_at };
    const { proof } = await verifyExport(
      complete([ending, stored, ...records.slice(2)]),
      headsFile,
    );
    expect(proof.findings).toMatchObject([
      { kind: 'edit', id: first?.id, position: 1 },
      { kind: 'edit', id: second?.id, position: 2 },
    ]);
  });

  it('takes text as it is, also what other programs take for the end of a line', async () => {
    const service = await startedService();
    const { body } = await service.generate({ metadata: { a: '\u2028\u2029\u0085\r\n' } });
    await service.deliver();
    const verification = await verifyExport(complete(service.trail.of(body.key_id)));
    expect(verification.proof).toMatchObject({ records: 1, findings: [] });
  });

  it('lets a key be newer than the heads, and what was not kept be missing', async () => {
    const [first, ...others] = heads;
    const early = fileOf(
      linesOf([...others, { complete: true, records: others.length, exported_at: first?.at }]),
    );
    expect(reportOn(await verifyExport(complete(records), early))).toContain(
      'without head  1 keys',
    );
    const several = new Set(records.filter(({ seq }) => seq > 1).map(({ key_id }) => key_id));
    const left = records.filter(({ key_id, seq }) => seq > 1 || !several.has(key_id));
    const since = '2026-12-01T00:00:00.000Z';
    const report = reportOn(await verifyExport(complete(left), headsFile, since));
    expect(report).toContain(`not kept      ${several.size} records`);
  });
});
