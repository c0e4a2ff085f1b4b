/**
 * A page costs the same however long its list is. The local AWS reports the same capacity for every
 * read, so that what is compared is requests, items looked at, and bytes. `SCALE`, a multiple of 100,
 * says how many keys, aliases and audit records there are; 10,000 unless said.
 */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import type { KeyRow } from '../../lambdas/shared/domain/key-row.ts';
import { maxReached } from '../../lambdas/shared/domain/paging.ts';
import type { KeyWrite } from '../../lambdas/shared/domain/ports.ts';
import type { Cost } from './lists/meter.ts';
import { pagedThrough } from './lists/paged-through.ts';
import { serviceOfMany } from './lists/service-of-many.ts';

const [few, many] = [100, Number(process.env['SCALE'] ?? 10_000)];
/** Of these all pages are read: for each the local AWS looks at every item of a partition. */
const pagedThroughSize = Math.min(many / 5, 10_000);
const timeoutMs = 1_800_000;

const startedAt = performance.now();
const log = (line: string) => {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`[${seconds} s] ${line}\n`);
};

let ofFew: ReadonlyMap<string, Cost>;
let ofMany: ReadonlyMap<string, Cost>;

beforeAll(async () => {
  ofFew = await costsOf(few);
  ofMany = await costsOf(many);
  log(`the cost of a page\n\n${comparison()}\n`);
}, timeoutMs);

const pages = [
  ...['keys', 'aliases', 'audit'].flatMap((list) =>
    ['first', 'second', 'near the end', 'last'].map((page) => `${list}: ${page}`),
  ),
  'keys: first, whole objects',
  'keys: of one user',
  'keys: of one team',
  'keys: by key_hash',
  'keys: by key_id',
  'keys: by key_alias',
  'audit: by key_id',
  'audit: by object_id',
  'audit: by changed_by',
  'audit: of a minute',
];

it.each(pages)(`costs the same of ${many} as of ${few} — %s`, (page) => {
  expectSame(costOf(page, ofMany), costOf(page, ofFew));
});

it.each(['keys', 'aliases', 'audit'])('costs the same anywhere in the list of %s', (list) => {
  const first = costOf(`${list}: first`, ofMany);
  for (const page of ['second', 'near the end']) {
    expectSame(costOf(`${list}: ${page}`, ofMany), first);
  }
  const last = costOf(`${list}: last`, ofMany);
  expect(last.requests).toBeLessThanOrEqual(first.requests);
  expect(last.scanned).toBeLessThanOrEqual(first.scanned);
});

it.each(['keys', 'aliases', 'audit'])('counts no more than its bound, of %s', (list) => {
  const [{ scanned }, page] = [
    costOf(`${list}: first, by number`, ofMany),
    costOf(`${list}: first`, ofMany),
  ];
  // A partition may be asked for one more than its share.
  expect(scanned - page.scanned).toBeLessThanOrEqual(Math.min(many, maxReached + 1 + 4));
});

it('takes three rounds: the caller, all partitions at once, and the rows where they are shown', () => {
  expect(costOf('keys: first', ofMany).requests).toBe(1 + 4);
  expect(costOf('keys: first, whole objects', ofMany).requests).toBe(1 + 4 + 1);
  expect(costOf('aliases: first', ofMany).requests).toBe(1 + 4);
  expect(costOf('audit: first', ofMany).requests).toBe(1 + 4 + 1);
});

it('looks at one user’s keys alone, of one user among many', () => {
  expect(costOf('keys: of one user', ofMany)).toMatchObject({ requests: 2, scanned: 5 });
  expect(costOf('keys: of one team', ofMany)).toMatchObject({ requests: 2, scanned: 12 });
});

it('shows each key that is there throughout once, while others come, go and change', {
  timeout: timeoutMs,
}, async () => {
  const { population, table, get, clear } = await serviceOfMany(pagedThroughSize, log);
  // Not the caller's own.
  const touched = new Set([0]);
  const gone = new Set<string>();
  const untouched = (from: number): KeyRow => {
    const n = from % pagedThroughSize;
    if (touched.has(n)) return untouched(n + 1);
    touched.add(n);
    return population.rowOf(n);
  };
  const commit = async (write: KeyWrite) =>
    expect(await table.commit([write], randomUUID(), 5000)).toEqual({ kind: 'committed' });

  const found = await pagedThrough(
    (cursor) => get(`/key/list?size=100&return_full_object=true&cursor=${cursor}`),
    async (page) => {
      const [row, leaving] = [untouched(page * 7919), untouched(page * 104_729)];
      const key = { ...row.key, created_at: new Date(Date.UTC(2027, 0) + page).toISOString() };
      await commit({ kind: 'create-row', row: { ...row, keyId: randomUUID(), key } });
      const cur = { hash: randomUUID(), ver: null };
      await commit({ kind: 'replace-row', row: { ...row, cur, rev: row.rev + 1 } });
      const deleted: KeyRow = { ...leaving, status: 'deleted', rev: leaving.rev + 1 };
      await commit({ kind: 'replace-row', row: deleted });
      gone.add(leaving.keyId);
    },
  );

  const seen = new Set(found);
  expect(seen.size).toBe(found.length);
  const all = Array.from({ length: pagedThroughSize }, (_, n) => population.idOf(n));
  expect(all.filter((keyId) => !seen.has(keyId) && !gone.has(keyId))).toEqual([]);
  await clear();
});

async function costsOf(size: number): Promise<Map<string, Cost>> {
  const { costs, clear } = await serviceOfMany(size, log);
  const found = await costs();
  await clear();
  return found;
}

function costOf(page: string, costs: ReadonlyMap<string, Cost>): Cost {
  const cost = costs.get(page);
  if (cost === undefined) throw new Error(`Nobody asked for the page ${page}`);
  return cost;
}

function expectSame(cost: Cost, other: Cost): void {
  expect(cost).toMatchObject({ requests: other.requests, scanned: other.scanned });
  expect(cost.bytes).toBeGreaterThan(other.bytes * 0.9);
  expect(cost.bytes).toBeLessThan(other.bytes * 1.1);
}

/** In Markdown: requests, items looked at and kB of each page. */
function comparison(): string {
  const lines = [...ofMany.keys()].map((page) => {
    const cells = [ofFew, ofMany].map((costs) => {
      const { requests, scanned, bytes } = costOf(page, costs);
      return `${requests} / ${scanned} / ${(bytes / 1000).toFixed(1)}`;
    });
    return `| ${page} | ${cells.join(' | ')} |`;
  });
  return [`| Page | of ${few} | of ${many} |`, '|---|---|---|', ...lines].join('\n');
}
