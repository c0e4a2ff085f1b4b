/** `GET /audit`: what its filters leave, in which order and pages. */
import { describe, expect, it } from 'vitest';
import { byteOrder } from '../../lambdas/shared/domain/byte-order.ts';
import { startedService } from '../fakes/service.ts';
import { ask, type Born, issue, recordOf } from './fixtures/calls.ts';
import { lists, look, pagesThrough, type Query, remove, targetOf } from './fixtures/lists.ts';

const [, , auditList] = lists;

/** Eight changes, an hour and a millisecond apart, the first at 13:50 on 25 November. */
async function world() {
  const service = await startedService();
  service.clock.advance(-3_600_001);
  const later = async <T>(work: () => Promise<T>): Promise<T> => {
    service.clock.advance(3_600_001);
    return work();
  };
  const a = await later(() => issue(service, { user_id: 'ada', team_id: 'red' }));
  const admin = await later(() => issue(service, { user_id: 'root', user_role: 'proxy_admin' }));
  const b = await later(() => issue(service, { team_id: 'blue' }, admin.key));
  const change = (path: string, body: object, key?: string) =>
    later(() => ask(service, { path, body, ...(key === undefined ? {} : { key }) }));
  await change('/key/update', { key: a.key, team_id: 'blue' });
  await change('/key/block', { key: b.key }, admin.key);
  const { body: turned } = await change('/key/regenerate', { key: a.key });
  await later(() => remove(service, b));
  await later(() => ask(service, { path: `/key/${a.key_id}/reset_spend`, body: { reset_to: 0 } }));
  await service.deliver();
  return { service, a, b, admin, turned };
}
const shared = await world();
type World = typeof shared;

const ids = ({ a, b, admin }: World) =>
  new Map([
    [a.key_id, 'a'],
    [b.key_id, 'b'],
    [admin.key_id, 'admin'],
    ['master', 'master'],
  ]);

/** Records as a key's name and the number of its change. */
const namesOf = (records: readonly { key_id: string; seq: number }[]) =>
  records.map(({ key_id, seq }) => `${ids(shared).get(key_id)}${seq}`).join(' ');

async function shown(query: Query) {
  const { status, body } = await look(shared.service, targetOf('/audit', query));
  expect([status, body.error]).toEqual([200, undefined]);
  return { ...body, audit_logs: namesOf(body.audit_logs) };
}
/** When the second change was. */
const instant = '2026-11-25T14:50:00.001Z';
const all = 'a4 b3 a3 b2 a2 b1 admin1 a1 master1';

describe('list-audit-records leaves, the newest first,', () => {
  it.each<[string, (of: World) => Query, string]>([
    ['all', () => ({}), all],
    ['all by empty filters', () => ({ key_id: '', action: '', start_date: '', sort_by: '' }), all],
    ['those of a key', ({ a }) => ({ key_id: a.key_id }), 'a4 a3 a2 a1'],
    ['those of the admin key', () => ({ key_id: 'master' }), 'master1'],
    [
      'those of the admin key as an object',
      () => ({ object_id: 'litellm_proxy_master_key' }),
      'master1',
    ],
    ['none of an unknown key', () => ({ key_id: 'x' }), ''],
    ['those of a hash, with what ended it', ({ a }) => ({ object_id: a.token }), 'a3 a2 a1'],
    ['those of the next hash', ({ turned }) => ({ object_id: turned.token }), 'a4'],
    ['none of a value', ({ a }) => ({ object_id: a.key }), ''],
    ['those by somebody', () => ({ changed_by: 'root' }), 'b2 b1'],
    ['those by the service', () => ({ changed_by: 'system' }), 'master1'],
    ['none by part of a name', () => ({ changed_by: 'roo' }), ''],
    ['those by a key', ({ admin }) => ({ changed_by_api_key: admin.token }), 'b2 b1'],
    [
      'those by the admin key',
      () => ({ changed_by_api_key: 'litellm_proxy_master_key' }),
      'a4 b3 a3 a2 admin1 a1',
    ],
    ['those of an action', () => ({ action: 'created' }), 'b1 admin1 a1 master1'],
    ['none of an action in another case', () => ({ action: 'Created' }), ''],
    ['all of the only table', () => ({ table_name: 'LiteLLM_VerificationToken' }), all],
    ['none of another table', () => ({ table_name: 'LiteLLM_TeamTable' }), ''],
    [
      'those with a hash before or after',
      ({ turned }) => ({ object_key_hash: turned.token }),
      'a4 a3',
    ],
    ['none with part of a hash', ({ a }) => ({ object_key_hash: a.token.slice(0, 32) }), ''],
    ['those with a team before or after', () => ({ object_team_id: 'red' }), 'a2 a1'],
    ['those with another team', () => ({ object_team_id: 'blue' }), 'a4 b3 a3 b2 a2 b1'],
    // The changes are at 13:50, 14:50, ... and an hour and a millisecond after the one before.
    ['those of a day', () => ({ start_date: '2026-11-25', end_date: '2026-11-25' }), all],
    ['none of the day before', () => ({ end_date: '2026-11-24' }), ''],
    ['none of the day after', () => ({ start_date: '2026-11-26' }), ''],
    [
      'those from a time on, itself included',
      () => ({ start_date: '2026-11-25T19:50:00.006Z' }),
      'a4 b3',
    ],
    ['those from just after a time on', () => ({ start_date: '2026-11-25T19:50:00.007Z' }), 'a4'],
    [
      'those to a time, itself included',
      () => ({ end_date: '2026-11-25T14:50:00.001Z' }),
      'admin1 a1 master1',
    ],
    ['those to just before a time', () => ({ end_date: '2026-11-25T14:50:00Z' }), 'a1 master1'],
    [
      'those of one instant',
      () => ({ start_date: '2026-11-25T14:50:00.001Z', end_date: '2026-11-25T14:50:00.001Z' }),
      'admin1',
    ],
    [
      'those from a time with an offset',
      () => ({ start_date: '2026-11-25T20:50:00.006+01:00' }),
      'a4 b3',
    ],
    [
      'those from a time whose plus became a space',
      () => ({ start_date: '2026-11-25T20:50:00.006 01:00' }),
      'a4 b3',
    ],
    ['key and action', ({ a }) => ({ key_id: a.key_id, action: 'created' }), 'a1'],
    ['key and time', ({ a }) => ({ key_id: a.key_id, start_date: '2026-11-25T16:00' }), 'a4 a3 a2'],
    ['key and end', ({ a }) => ({ key_id: a.key_id, end_date: '2026-11-25T16:00' }), 'a1'],
    [
      'key and one instant',
      ({ admin }) => ({ key_id: admin.key_id, start_date: instant, end_date: instant }),
      'admin1',
    ],
    ['key and somebody', ({ b }) => ({ key_id: b.key_id, changed_by: 'root' }), 'b2 b1'],
    ['key and somebody else', ({ a }) => ({ key_id: a.key_id, changed_by: 'root' }), ''],
    ['key and another hash', ({ a, b }) => ({ key_id: a.key_id, object_id: b.token }), ''],
    ['hash and somebody', ({ b }) => ({ object_id: b.token, changed_by: 'root' }), 'b2 b1'],
    ['hash and time', ({ a }) => ({ object_id: a.token, start_date: '2026-11-25T16:00' }), 'a3 a2'],
    ['somebody and time', () => ({ changed_by: 'root', start_date: '2026-11-25T16:00' }), 'b2'],
    ['somebody and action', () => ({ changed_by: 'root', action: 'blocked' }), 'b2'],
    ['action and time', () => ({ action: 'created', start_date: '2026-11-25T15:00' }), 'b1'],
    [
      'team and hash',
      ({ turned }) => ({ object_team_id: 'red', object_key_hash: turned.token }),
      '',
    ],
  ])('%s', async (_, query, expected) => {
    const { audit_logs, total } = await shown({ page_size: 100, ...query(shared) });
    expect([audit_logs, total]).toEqual([
      expected,
      expected === '' ? 0 : expected.split(' ').length,
    ]);
    const oldestFirst = await shown({ page_size: 100, ...query(shared), sort_order: 'asc' });
    expect(oldestFirst.audit_logs).toBe(expected.split(' ').toReversed().join(' '));
    for (const size of [1, 2, 100]) {
      const pages = await pagesThrough(shared.service, auditList, query(shared), () => size);
      expect(pages.flat().length).toBe(total);
      expect(namesOf(pages.flat().map(recordIn))).toBe(expected);
    }
  });
});

function recordIn(record: unknown): { key_id: string; seq: number } {
  if (typeof record !== 'object' || record === null) throw new Error('No record');
  if (!('key_id' in record && 'seq' in record)) throw new Error('No record');
  return { key_id: String(record.key_id), seq: Number(record.seq) };
}

describe('list-audit-records in pages', () => {
  it.each<[Query, string, object]>([
    [{}, all, { total: 9, page: 1, page_size: 10, total_pages: 1, next_cursor: null }],
    [{ page_size: 4 }, 'a4 b3 a3 b2', { total: 9, page: 1, page_size: 4, total_pages: 3 }],
    [{ page_size: 4, page: 2 }, 'a2 b1 admin1 a1', { total: 9, page: 2, total_pages: 3 }],
    [{ page_size: 4, page: 3 }, 'master1', { total: 9, page: 3, next_cursor: null }],
    [{ page_size: 4, page: 4 }, '', { total: 9, page: 4, total_pages: 3, next_cursor: null }],
    [{ action: 'created', page_size: 3, page: 2 }, 'master1', { total: 4, total_pages: 2 }],
    [{ changed_by: 'nobody' }, '', { total: 0, total_pages: 0 }],
    [
      { page_size: 4, cursor: '' },
      'a4 b3 a3 b2',
      { total: null, page: null, total_pages: null, page_size: 4 },
    ],
    [{ size: 1 }, all, { page_size: 10 }],
  ])('of %j', async (query, expected, whole) => {
    expect(await shown(query)).toMatchObject({
      audit_logs: expected,
      total_is_lower_bound: false,
      ...whole,
    });
  });

  it('by number name the cursor that goes on after them', async () => {
    for (const query of [{}, { action: 'created' }, { sort_order: 'asc' }]) {
      const whole = await shown({ ...query, page_size: 100 });
      const { next_cursor: cursor, audit_logs } = await shown({ ...query, page_size: 2 });
      const rest = await shown({ ...query, page_size: 100, cursor });
      expect(`${audit_logs} ${rest.audit_logs}`).toBe(whole.audit_logs);
    }
  });

  it.each<[string, string, string]>([
    ['updated_at', 'ASC', all.split(' ').toReversed().join(' ')],
    ['updated_at', 'desc', all],
    ['action', 'asc', 'b2 b1 admin1 a1 master1 b3 a3 a4 a2'],
    ['action', 'desc', 'a2 a4 a3 b3 b1 admin1 a1 master1 b2'],
    ['changed_by', 'asc', 'a4 b3 a3 a2 admin1 a1 b2 b1 master1'],
    ['table_name', 'asc', all],
  ])('sorted by %s %s, equal ones newest first', async (sort_by, sort_order, expected) => {
    expect((await shown({ sort_by, sort_order })).audit_logs).toBe(expected);
    const pages = [1, 2, 3].map((page) => shown({ sort_by, sort_order, page, page_size: 3 }));
    const whole = (await Promise.all(pages)).map(({ audit_logs }) => audit_logs).join(' ');
    expect(whole).toBe(expected);
  });

  it.each(['id', 'object_id', 'changed_by_api_key'])(
    'sorted by %s, what has none first',
    async (sort_by) => {
      const { body } = await look(
        shared.service,
        targetOf('/audit', { sort_by, sort_order: 'asc' }),
      );
      const values = body.audit_logs.map(
        (record: Record<string, string | null>) => record[sort_by] ?? '',
      );
      expect(values).toEqual(values.toSorted(byteOrder));
    },
  );

  it('that are larger than an answer can be are refused, by the size that was asked for', async () => {
    const service = await startedService();
    const large = (character: string) => ({ metadata: { note: character.repeat(30_000) } });
    const key: Born = await issue(service, large('a'));
    const record = await recordOf(service, key.key_id);
    for (let seq = 2; seq <= 100; seq += 1) {
      const [before, after] = [record['after'], { ...large('b') }];
      await service.trail.append({ ...record, id: `${key.key_id}_${seq}`, seq, before, after });
    }
    const refusal = await look(service, '/audit?page_size=100');
    expect([refusal.status, refusal.body.error]).toEqual([
      400,
      {
        message: 'This page would be larger than 5.5 MB: ask for fewer at a time.',
        type: 'bad_request_error',
        param: 'page_size',
        code: '400',
      },
    ]);
    expect((await look(service, '/audit?page_size=80')).status).toBe(200);
  });
});
