/** Whoever pages through a list while keys come, go and change sees each that was there all along once. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { ask, issue, rowOf } from './fixtures/calls.ts';
import { look, type Query, remove, targetOf } from './fixtures/lists.ts';

const change = fc.record({
  kind: fc.constantFrom('create', 'create', 'delete', 'delete', 'update', 'block', 'regenerate'),
  /** Which key; of a new one how many seconds it is younger. */
  number: fc.nat(20),
});
/** What is there at first, and what happens before each page. */
const plan = fc.record({
  gaps: fc.array(fc.nat(1), { maxLength: 9 }),
  pages: fc.array(
    fc.record({
      size: fc.integer({ min: 1, max: 4 }),
      changes: fc.array(change, { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});
type Plan = typeof plan extends fc.Arbitrary<infer Value> ? Value : never;

interface Known {
  readonly key_id: string;
  readonly alias: string;
  readonly created_at: string;
}
interface Followed {
  readonly path: string;
  readonly query: Query;
  readonly member: 'keys' | 'aliases';
  /** Text that sorts as the list does. */
  readonly rank: (key: Known) => string;
  readonly isDescending: boolean;
}

const byBirth = {
  path: '/key/list',
  member: 'keys',
  rank: ({ created_at, key_id }: Known) => created_at + key_id,
  isDescending: true,
} as const;
const followed: Followed[] = [
  { ...byBirth, query: {} },
  { ...byBirth, query: { user_id: 'ada' } },
  { ...byBirth, query: { search: 'KEY', expires: 'active' } },
  { ...byBirth, query: { organization_id: 'o' } },
  { ...byBirth, query: { sort_by: 'created_at', sort_order: 'asc' }, isDescending: false },
  {
    path: '/key/aliases',
    member: 'aliases',
    query: {},
    rank: ({ alias }) => alias,
    isDescending: false,
  },
  {
    path: '/key/aliases',
    member: 'aliases',
    query: { team_id: 'red' },
    rank: ({ alias }) => alias,
    isDescending: false,
  },
];

describe.each(followed)('$path $query', (list) => {
  it('has each key that was there from the first page to the last once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(plan, (given) => follow(list, given)),
      { numRuns: 35 },
    );
  });
});

async function follow(
  { path, query, member, rank, isDescending }: Followed,
  { gaps, pages }: Plan,
) {
  const service = await startedService({ maxKeysPerUser: null });
  const keys: Known[] = [];
  const gone = new Set<Known>();

  async function create(gap: number): Promise<void> {
    service.clock.advance(gap * 1000);
    const alias = `key-${(keys.length * 7) % 100}`;
    const fields = { key_alias: alias, user_id: 'ada', organization_id: 'o', team_id: 'red' };
    const { key_id } = await issue(service, fields);
    keys.push({ key_id, alias, created_at: rowOf(service, key_id).key.created_at });
  }

  async function apply({ kind, number }: Plan['pages'][number]['changes'][number]): Promise<void> {
    const target = keys[number % keys.length];
    if (kind === 'create') return create(number % 2);
    if (target === undefined || gone.has(target)) return;
    const body = { key: target.key_id };
    if (kind === 'delete') {
      gone.add(target);
      await remove(service, target);
    } else if (kind === 'update') {
      await ask(service, { path: '/key/update', body: { ...body, tpm_limit: number } });
    } else await ask(service, { path: `/key/${kind}`, body });
  }

  for (const gap of gaps) await create(gap);
  const atFirst = [...keys];
  const seen: Known[] = [];
  let cursor: string | null = '';
  for (let page = 0; cursor !== null; page += 1) {
    const { size = 3, changes = [] } = pages[page] ?? {};
    for (const each of changes) await apply(each);
    const asked: string = targetOf(path, { ...query, cursor, size, return_full_object: true });
    const { status, body } = await look(service, asked);
    expect([status, body.error]).toEqual([200, undefined]);
    for (const entry of body[member]) {
      const known = keys.find(({ key_id, alias }) =>
        [key_id, alias].includes(entry.key_id ?? entry),
      );
      if (known !== undefined) seen.push(known);
      expect(known !== undefined && !gone.has(known)).toBe(true);
    }
    cursor = body.next_cursor;
  }
  const ranks = seen.map(rank);
  expect(new Set(ranks).size).toBe(ranks.length);
  const inOrder = ranks.toSorted();
  expect(ranks).toEqual(isDescending ? inOrder.toReversed() : inOrder);
  expect(seen).toEqual(expect.arrayContaining(atFirst.filter((key) => !gone.has(key))));
}
