/**
 * Changes of a key while a store throttles, refuses or does not answer, at each of their calls: what
 * the caller is told, what is open then, and that nothing is half done once the reconciler has run.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Unavailable } from '../../lambdas/shared/domain/errors.ts';
import type { SecretFailure } from '../../lambdas/shared/domain/ports.ts';
import { startedService } from '../fakes/service.ts';
import { ask, atRest, type Born, everything, isLetIn, issue, rowOf } from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const operations = {
  update: ({ key }: Born) => ({ path: '/key/update', body: { key, tpm_limit: 7 } }),
  block: ({ key }: Born) => ({ path: '/key/block', body: { key } }),
  unblock: ({ key }: Born) => ({ path: '/key/unblock', body: { key } }),
  'reset spend': ({ key }: Born) => ({ path: `/key/${key}/reset_spend`, body: { reset_to: 0 } }),
  rename: ({ key }: Born) => ({ path: '/key/update', body: { key, key_alias: 'b' } }),
  regenerate: ({ key }: Born) => ({ path: '/key/regenerate', body: { key } }),
  'regenerate to b': ({ key }: Born) => ({
    path: '/key/regenerate',
    body: { key, key_alias: 'b' },
  }),
  delete: ({ key }: Born) => ({ path: '/key/delete', body: { keys: [key] } }),
} as const;
type Operation = keyof typeof operations;

type SecretCall = 'create' | 'put' | 'read' | 'remove';
type Place = 'load' | 'first commit' | 'second commit' | SecretCall;
/** `lost`: the call takes effect, and its answer never comes, nor that of its repeat. */
type How = 'throttled' | 'refused' | 'unanswered' | 'lost';

const down = (): never => {
  throw new Unavailable('down', 2);
};

function failTable({ table }: Service, place: Place, how: How): void {
  const commit = table.commit.bind(table);
  const tokens: string[] = [];
  if (place === 'load') vi.spyOn(table, 'load').mockImplementation(async () => down());
  else {
    vi.spyOn(table, 'commit').mockImplementation(async (writes, token, limitMs) => {
      if (!tokens.includes(token)) tokens.push(token);
      const isHere = tokens.indexOf(token) === (place === 'first commit' ? 0 : 1);
      if (isHere && how === 'throttled') return { kind: 'throttled' };
      if (isHere && how === 'unanswered') return { kind: 'unanswered' };
      const outcome = await commit(writes, token, limitMs);
      return isHere ? { kind: 'unanswered' } : outcome;
    });
  }
}

/** The calls fail so until `mend`. */
function fail(service: Service, place: Place, how: How): void {
  const { secrets } = service;
  const failure: SecretFailure = { kind: how === 'lost' ? 'unanswered' : how, reason: 'Injected' };
  const failing =
    <Args extends unknown[]>(work: (...args: Args) => Promise<unknown>) =>
    async (...args: Args) => {
      if (how === 'lost') await work(...args);
      return failure;
    };
  const works = {
    create: failing(secrets.create.bind(secrets)),
    put: failing(secrets.put.bind(secrets)),
    read: failing(secrets.read.bind(secrets)),
    remove: failing(secrets.remove.bind(secrets)),
  };
  switch (place) {
    case 'create':
      vi.spyOn(secrets, 'create').mockImplementation(works.create);
      break;
    case 'put':
      vi.spyOn(secrets, 'put').mockImplementation(works.put);
      break;
    case 'read':
      vi.spyOn(secrets, 'read').mockImplementation(works.read);
      break;
    case 'remove':
      vi.spyOn(secrets, 'remove').mockImplementation(works.remove);
      break;
    case 'load':
    case 'first commit':
    case 'second commit':
      failTable(service, place, how);
  }
}

const mend = () => {
  vi.restoreAllMocks();
};
afterEach(mend);

/**
 * What there is after the answer. `nothing`: not one store has changed; `undone`: the key is as it was;
 * `open`: the step is open, and the old value counts; `done`: all is done, though nobody was told;
 * `deleted`: the key is, and the rest is left to the reconciler.
 */
type Then = 'nothing' | 'undone' | 'open' | 'done' | 'deleted';
type Row = readonly [Operation, Place, How, status: number, retryAfter: string | null, Then];

const simple = (['update', 'block', 'unblock', 'reset spend'] as const).flatMap((of): Row[] => [
  [of, 'load', 'throttled', 503, '2', 'nothing'],
  [of, 'first commit', 'throttled', 503, '2', 'nothing'],
  [of, 'first commit', 'unanswered', 503, '2', 'nothing'],
  [of, 'first commit', 'lost', 503, '2', 'done'],
]);
const replacing = (['regenerate', 'regenerate to b', 'rename'] as const).flatMap((of): Row[] => {
  const store = of === 'regenerate' ? 'put' : 'create';
  return [
    [of, 'load', 'throttled', 503, '2', 'nothing'],
    [of, 'first commit', 'throttled', 503, '2', 'nothing'],
    [of, 'first commit', 'unanswered', 503, '5', 'nothing'],
    [of, 'first commit', 'lost', 503, '5', 'open'],
    [of, store, 'throttled', 503, '5', 'undone'],
    [of, store, 'refused', 503, '5', 'undone'],
    [of, store, 'unanswered', 503, '5', 'open'],
    [of, store, 'lost', 503, '5', 'open'],
    [of, 'second commit', 'throttled', 503, '5', 'open'],
    [of, 'second commit', 'unanswered', 503, '5', 'open'],
    [of, 'second commit', 'lost', 503, '5', 'done'],
  ];
});
const leaving = (['regenerate to b', 'rename'] as const).flatMap((of): Row[] =>
  (['throttled', 'refused', 'unanswered', 'lost'] as const).map((how) => [
    of,
    'remove',
    how,
    503,
    '5',
    'open',
  ]),
);
const rows: readonly Row[] = [
  ...simple,
  ...replacing,
  ...leaving,
  ['rename', 'read', 'throttled', 503, '2', 'undone'],
  ['rename', 'read', 'refused', 503, '2', 'undone'],
  ['rename', 'read', 'unanswered', 503, '2', 'undone'],
  ['delete', 'load', 'throttled', 503, '2', 'nothing'],
  ['delete', 'first commit', 'throttled', 503, '2', 'nothing'],
  ['delete', 'first commit', 'unanswered', 503, '2', 'nothing'],
  ['delete', 'first commit', 'lost', 503, '2', 'deleted'],
  ['delete', 'remove', 'throttled', 200, null, 'deleted'],
  ['delete', 'remove', 'refused', 200, null, 'deleted'],
  ['delete', 'remove', 'unanswered', 200, null, 'deleted'],
  ['delete', 'remove', 'lost', 200, null, 'deleted'],
  ['delete', 'second commit', 'throttled', 200, null, 'deleted'],
  ['delete', 'second commit', 'unanswered', 200, null, 'deleted'],
  ['delete', 'second commit', 'lost', 200, null, 'done'],
];

async function expectThen(service: Service, born: Born, then: Then): Promise<void> {
  const row = rowOf(service, born.key_id);
  if (then === 'deleted') {
    expect([row.status, row.intent?.kind]).toEqual(['deleted', 'delete']);
    expect(await isLetIn(service, born.key)).toBe(false);
    return;
  }
  if (then === 'done') {
    expect([row.intent, row.seq]).toEqual([null, 2]);
    return;
  }
  expect(row).toMatchObject({ status: 'active', seq: 1, alias: 'a', cur: { hash: born.token } });
  expect(row.intent === null).toBe(then !== 'open');
  expect(await isLetIn(service, born.key)).toBe(true);
  if (then === 'open') return;
  expect(service.secrets.current('litellm/a')).toBe(born.key);
  expect(service.table.lease('b')?.state ?? 'free').toBe('free');
}

describe('a store that fails', () => {
  it.each(rows)(
    '%s, %s %s: %i, and no more than that',
    async (of, place, how, status, after, then) => {
      const service = await startedService();
      const born = await issue(service, { key_alias: 'a', spend: 3 });
      const before = await everything(service);
      const asked = operations[of](born);
      fail(service, place, how);
      const answer = await ask(service, asked);
      mend();
      expect([answer.status, answer.headers['retry-after'] ?? null]).toEqual([status, after]);
      if (then === 'nothing') expect(await everything(service)).toEqual(before);
      await expectThen(service, born, then);
      if (status === 503) {
        expect(answer.body.error).toMatchObject({ type: 'service_unavailable', param: null });
        expect(JSON.stringify(answer.body)).not.toMatch(/sk-lk_|Injected/);
      }
      expect(await atRest(service)).toEqual([]);
    },
  );

  it.each(rows.filter(([of, , , status]) => status === 503 && of !== 'delete'))(
    '%s, %s %s: a retry with the same Idempotency-Key succeeds once all is quiet',
    async (of, place, how) => {
      const service = await startedService();
      const born = await issue(service, { key_alias: 'a', spend: 3 });
      const asked = { ...operations[of](born), headers: { 'idempotency-key': 'once' } };
      fail(service, place, how);
      expect((await ask(service, asked)).status).toBe(503);
      mend();
      expect(await atRest(service)).toEqual([]);
      const { status, body } = await ask(service, asked);
      expect(status).toBe(200);
      if (of.startsWith('regenerate')) expect(await isLetIn(service, body.key)).toBe(true);
      expect(rowOf(service, born.key_id).seq).toBe(2);
      expect(await atRest(service)).toEqual([]);
    },
  );
});

describe('a call whose first answer is lost', () => {
  it.each(['create', 'put'] as const)(
    'is made once more with the same token and value (%s): one version',
    async (call) => {
      const service = await startedService();
      const born = await issue(service, { key_alias: 'a' });
      service.secrets.trouble('lost-answer');
      const asked = operations[call === 'put' ? 'regenerate' : 'regenerate to b'](born);
      const { status, body } = await ask(service, asked);
      expect(status).toBe(200);
      const name = call === 'put' ? 'litellm/a' : 'litellm/b';
      const versions = [...(service.secrets.secrets.get(name)?.versions.values() ?? [])];
      expect(versions.filter(({ value }) => value === body.key)).toHaveLength(1);
      expect(await atRest(service)).toEqual([]);
    },
  );

  it.each(Object.keys(operations))(
    'is no trouble where it is a write of the table (%s)',
    async (name) => {
      for (const lost of [0, 1]) {
        const service = await startedService();
        const born = await issue(service, { key_alias: 'a', spend: 3 });
        const commit = service.table.commit.bind(service.table);
        let commits = 0;
        service.table.commit = async (writes, token, limitMs) => {
          const outcome = await commit(writes, token, limitMs);
          commits += 1;
          return commits === lost + 1 ? { kind: 'unanswered' } : outcome;
        };
        const [, of] = Object.entries(operations).find(([each]) => each === name) ?? [];
        expect((await ask(service, of?.(born) ?? { path: '' })).status).toBe(200);
        expect(rowOf(service, born.key_id)).toMatchObject({ seq: 2, intent: null });
        expect(await atRest(service)).toEqual([]);
      }
    },
  );
});
