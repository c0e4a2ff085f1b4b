import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { exportHeads } from '../../scripts/audit/export-heads.ts';
import { exportTrail, type Item, type Scan } from '../../scripts/audit/export-trail.ts';
import { pace } from '../../scripts/operator/pace.ts';
import { auditItem, scanOf } from '../fakes/table-scan.ts';
import { auditTrails } from '../lambdas/fixtures/audit-trails.ts';

const { records, heads } = await auditTrails();
const items = records.map(auditItem);
const now = () => new Date('2026-11-26T00:00:00.000Z');
const end = { complete: true, records: records.length, exported_at: '2026-11-26T00:00:00.000Z' };

const folder = mkdtempSync(join(tmpdir(), 'latchkey-audit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newFile = (content?: string | Buffer): string => {
  files += 1;
  const path = join(folder, `${files}.jsonl`);
  if (content !== undefined) writeFileSync(path, content);
  return path;
};
const linesIn = (path: string): Item[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** A scan that dies after some pages. */
const dying = (pages: number): Scan =>
  async function* (after) {
    let left = pages;
    for await (const page of scanOf(items)(after)) {
      if (left === 0) throw new Error('throttled');
      left -= 1;
      yield page;
    }
  };

describe('an export of the trail', () => {
  it('has each record as it is stored, without what indexes need, and says that it is complete', async () => {
    const path = newFile();
    expect(await exportTrail(path, scanOf(items), now)).toEqual({
      records: records.length,
      wasComplete: false,
    });
    expect(linesIn(path)).toEqual([...records, end]);
  });

  it('is left alone once it is complete', async () => {
    const path = newFile();
    await exportTrail(path, scanOf(items), now);
    const before = readFileSync(path, 'utf8');
    const never: Scan = () => {
      throw new Error('The table was read again');
    };
    expect(await exportTrail(path, never, now)).toMatchObject({
      wasComplete: true,
      records: records.length,
    });
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('comes to the same, at whatever byte an earlier run was killed', async () => {
    const few = items.slice(0, 3);
    const whole = newFile();
    await exportTrail(whole, scanOf(few), now);
    const bytes = readFileSync(whole);
    const path = newFile();
    // Every byte about the end of a line and in the last one, and a tenth of those in between.
    const isEdge = (cut: number) =>
      cut > bytes.length - 90 || bytes.subarray(Math.max(0, cut - 2), cut + 2).includes('\n');
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      if (cut % 10 !== 0 && !isEdge(cut)) continue;
      writeFileSync(path, bytes.subarray(0, cut));
      await exportTrail(path, scanOf(few), now);
      if (!readFileSync(path).equals(bytes)) throw new Error(`Not the same after byte ${cut}`);
    }
  });

  it('goes on, call after call, where the table lets it down', async () => {
    const path = newFile();
    for (let pages = 0; pages < 4; pages += 1) {
      await expect(exportTrail(path, dying(pages), now)).rejects.toThrow('throttled');
    }
    await exportTrail(path, scanOf(items), now);
    expect(linesIn(path)).toEqual([...records, end]);
  });

  it.each([
    ['a text', 'Dear diary,\n'],
    ['a text of one line', 'Dear diary'],
    ['JSON of something else', '{"a":1}\n{"b":2}\n'],
    ['a line that is no JSON at its end', '{"key_id":"a","seq":1}\n{"key_id":\n'],
  ])('leaves %s alone, and says so', async (_, content) => {
    const path = newFile(content);
    await expect(exportTrail(path, scanOf(items), now)).rejects.toThrow('is no export');
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  it('keeps the table’s attributes where they are not the record’s, so that it does not verify', async () => {
    const [first = {}, ...others] = items;
    const { seq: _, ...unnumbered } = first;
    const moved = { ...unnumbered, sk: '000000000009' };
    const path = newFile();
    await expect(
      exportTrail(
        path,
        async function* () {
          yield [moved];
          throw new Error('throttled');
        },
        now,
      ),
    ).rejects.toThrow('throttled');
    // Going on from it takes the place that it has in the table.
    await exportTrail(path, scanOf([moved, ...others]), now);
    expect(linesIn(path)).toEqual([moved, ...records.slice(1), end]);
  });

  it('says how far it is', async () => {
    const seen: number[] = [];
    await exportTrail(newFile(), scanOf(items, 8), now, (count) => seen.push(count));
    expect(seen).toEqual([0, 8, 16, 17]);
    const said: string[] = [];
    let ms = 0;
    const onPage = pace(
      (line) => said.push(line),
      () => ms,
    );
    for (const [at, count] of [
      [10, 500],
      [900, 600],
      [2000, 2500],
    ] as const) {
      ms = at;
      onPage(count);
    }
    expect(said).toEqual(['2500 records so far, 1000 a second']);
  });
});

describe('an export of the heads', () => {
  const rows = heads.map(({ key_id, seq, chain, at }) => ({
    keyId: key_id,
    seq,
    chain,
    event: { at },
  }));

  it('has what each row says of its trail', async () => {
    const path = newFile();
    expect(await exportHeads(path, scanOf(rows), now)).toBe(heads.length);
    expect(linesIn(path)).toEqual([...heads, { ...end, records: heads.length }]);
  });

  it('is not there before it is whole', async () => {
    const path = newFile();
    const failing: Scan = async function* () {
      yield rows.slice(0, 2);
      throw new Error('throttled');
    };
    await expect(exportHeads(path, failing, now)).rejects.toThrow('throttled');
    expect(existsSync(path)).toBe(false);
    await exportHeads(path, scanOf(rows), now);
    expect(linesIn(path)).toHaveLength(heads.length + 1);
  });
});
