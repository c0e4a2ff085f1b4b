import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { redacted } from '../../lambdas/shared/domain/audit-redaction.ts';
import { exitCodeOf, reportOn } from '../../scripts/audit/verification-report.ts';
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

  it('ends with 3 without heads, and says what is not proved', async () => {
    const { code, output } = await verify(complete(records.slice(0, -1)));
    expect(output).toContain('CONSISTENT IN ITSELF, which proves little: without --heads nothing');
    expect(output).not.toContain('PROVED');
    expect(code).toBe(3);
  });

  it('ends with 3 where a key has no head, and names it; an older file may have one', async () => {
    const gone = records.find(({ action }) => action === 'deleted')?.key_id;
    const left = complete(heads.filter(({ key_id }) => key_id !== gone));
    const one = await verify(complete(records), '--heads', left);
    expect(one.output).toMatch(
      new RegExp(`HEADLESS +${gone}_1, line \\d+: No head vouches for it`),
    );
    expect(one.output).toContain(
      'NOT ALL PROVED: nothing is wrong, but of one key not all is proved',
    );
    expect(one.code).toBe(3);
    const both = await verify(complete(records), '--heads', left, '--heads', headsFile);
    expect(both.output).toContain('\nPROVED: every record is there');
    expect(both.code).toBe(0);
  });

  it('ends with 1 and names the record and the line where something was tampered with', async () => {
    const tampered = records.map((record, at) =>
      at === 4 ? { ...record, request_id: 'x' } : record,
    );
    const { code, output } = await verify(complete(tampered), '--heads', headsFile);
    expect(output).toContain(`EDIT          ${records[4]?.id}, line 5: Its digest does not follow`);
    expect(output).toContain(`NOT PROVED: 1 finding; the first bad record is ${records[4]?.id}.`);
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
    [
      'its end without the line’s',
      linesOf([...records, { complete: true, records: 1, exported_at }]).slice(0, -1),
    ],
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
      [fileOf(linesOf([...records.slice(0, 2), [1]]))],
      'line 3: this is no audit record',
    ],
    [
      'anything after the end',
      [fileOf(`${linesOf([...records.slice(0, 1), end])}{"id`)],
      'line 3: this comes after',
    ],
    [
      'an end that has a member twice',
      [fileOf(`${linesOf(records)}{"complete":true,${JSON.stringify(end).slice(1)}\n`)],
      'this is no end as the export writes it',
    ],
    [
      'a head that has a member twice',
      [complete(records), '--heads', fileOf(linesOf([...heads, end]).replace('{', '{"seq":9,'))],
      'line 1: this is no head',
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
  const [firstLine = '', ...otherLines] = linesOf(records).split(/(?<=\n)/);
  const exportOf = (line: string) =>
    fileOf(
      [
        line,
        ...otherLines,
        linesOf([{ complete: true, records: records.length, exported_at }]),
      ].join(''),
    );

  it.each([
    ['a member twice', firstLine.replace('"action":', '"action":"deleted","action":')],
    ['white space', firstLine.replace('{', '{ ')],
    ['another end of line', firstLine.replace('\n', '\r\n')],
    ['another way to write a letter', firstLine.replace('"action"', '"\\u0061ction"')],
  ])('names a line that the export does not write so: %s', async (_, line) => {
    expect(line).not.toBe(firstLine);
    expect(JSON.parse(line)).toEqual(records[0]);
    const { proof } = await verifyExport(exportOf(line), [headsFile]);
    expect(proof.findings).toMatchObject([
      { kind: 'edit', id: records[0]?.id, sentence: 'Its line is not as the export writes it.' },
    ]);
  });

  it('goes on after a record whose number is none', async () => {
    const edited = { ...records[0], seq: '1' };
    const other = { ...records[4], request_id: 'x' };
    const { code, output } = await verify(
      complete([edited, ...records.slice(1, 4), other, { a: 1 }, ...records.slice(5)]),
      '--heads',
      headsFile,
    );
    expect(output).toContain(
      `EDIT          ${records[0]?.id}, line 1: Its key_id or seq has a wrong form.`,
    );
    expect(output).toContain(`EDIT          ${records[4]?.id}, line 5`);
    expect(output).toContain('EDIT          line 6: It does not say');
    expect(code).toBe(1);
  });

  it('lists what was erased', async () => {
    const [first] = records;
    if (first === undefined) throw new Error('There is no record');
    const erased = redacted(first, ['who', 'after']);
    const report = reportOn(
      await verifyExport(complete([erased, ...records.slice(1)]), [headsFile]),
    );
    expect(report).toContain(`REDACTED      ${first.id}, line 1: who, after`);
    expect(report).toContain('\nPROVED');
  });

  it('names the record that is stored without its number or key, and one that passes for the end', async () => {
    const [first, second] = records;
    const { key_id, seq, ...nameless } = second ?? {};
    const stored = { ...nameless, pk: `KEY#${key_id}`, sk: String(seq).padStart(12, '0') };
    const ending = { ...first, complete: true, records: 0, exported_at };
    const { proof } = await verifyExport(complete([ending, stored, ...records.slice(2)]), [
      headsFile,
    ]);
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
    expect(reportOn(await verifyExport(complete(records), [early]))).toContain(
      `HEADLESS      ${first?.key_id}_1`,
    );
    const several = new Set(records.filter(({ seq }) => seq > 1).map(({ key_id }) => key_id));
    const left = records.filter(({ key_id, seq }) => seq > 1 || !several.has(key_id));
    const since = '2026-12-01T00:00:00.000Z';
    const verification = await verifyExport(complete(left), [headsFile], since);
    const report = reportOn(verification);
    expect(report).toContain(`missing       ${several.size} records`);
    expect(report).toContain(`of ${several.size} keys not all is proved`);
    expect(exitCodeOf(verification)).toBe(3);
  });
});
