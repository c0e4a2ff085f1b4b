/** What a list is asked for in vain, and what is said of it. */
import { describe, expect, it } from 'vitest';
import { rowItem } from '../../lambdas/shared/adapters/table/items.ts';
import { rowKey } from '../../lambdas/shared/adapters/table/keys.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { ask, issue, rowOf } from './fixtures/calls.ts';
import { inTurn, lists, look, type Query, targetOf } from './fixtures/lists.ts';

const day = 86_400_000;

/** Five keys with aliases and records, of one user and team. */
async function five() {
  const service = await startedService();
  const born = inTurn(service);
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await born({ key_alias: `one-${name}`, user_id: 'ada', team_id: 'red' });
  }
  await service.deliver();
  return service;
}
const shared = await five();
const everywhere = lists.map(({ path }) => path);

describe('a list is refused', () => {
  const tooLong = 'x'.repeat(513);
  const refusals: [readonly string[], Query, 400 | 422, string, string][] = [
    [
      ['/key/list', '/key/aliases'],
      { size: 0 },
      422,
      'size',
      'size must be a whole number from 1 to 100.',
    ],
    [
      ['/key/list', '/key/aliases'],
      { size: 101 },
      422,
      'size',
      'size must be a whole number from 1 to 100.',
    ],
    [
      ['/key/list', '/key/aliases'],
      { size: 'abc' },
      422,
      'size',
      'size must be a whole number from 1 to 100.',
    ],
    [
      ['/audit'],
      { page_size: 0 },
      422,
      'page_size',
      'page_size must be a whole number from 1 to 100.',
    ],
    [
      ['/audit'],
      { page_size: 101 },
      422,
      'page_size',
      'page_size must be a whole number from 1 to 100.',
    ],
    [everywhere, { page: 0 }, 422, 'page', 'page must be a whole number from 1 on.'],
    [everywhere, { page: -1 }, 422, 'page', 'page must be a whole number from 1 on.'],
    [everywhere, { page: '1e3' }, 422, 'page', 'page must be a whole number from 1 on.'],
    [everywhere, { page: '9'.repeat(99) }, 422, 'page', 'page must be a whole number from 1 on.'],
    [everywhere, { page: 1, cursor: '' }, 400, 'page', 'Send page or cursor, not both.'],
    [everywhere, { page: 2, cursor: 'x' }, 400, 'page', 'Send page or cursor, not both.'],
    [
      ['/key/list'],
      { status: 'nope' },
      400,
      'status',
      'status must be one of active, expired, revoked, deleted.',
    ],
    [
      ['/key/list'],
      { status: 'Active' },
      400,
      'status',
      'status must be one of active, expired, revoked, deleted.',
    ],
    [['/key/list'], { expires: 'soon' }, 400, 'expires', 'expires must be one of active, expired.'],
    [
      ['/key/list'],
      { sort_by: 'nope' },
      400,
      'sort_by',
      'sort_by must be one of created_at, spend, max_budget, updated_at, token, key_alias.',
    ],
    [
      ['/key/list'],
      { sort_by: 'spend', sort_order: 'up' },
      400,
      'sort_order',
      'sort_order must be one of asc, desc.',
    ],
    [
      ['/audit'],
      { sort_by: 'spend' },
      400,
      'sort_by',
      'sort_by must be one of updated_at, id, changed_by, changed_by_api_key, action, table_name, object_id.',
    ],
    [['/audit'], { sort_order: 'up' }, 400, 'sort_order', 'sort_order must be one of asc, desc.'],
    [
      ['/audit'],
      { start_date: 'monday' },
      422,
      'start_date',
      'start_date must be a day or a time in ISO 8601.',
    ],
    [
      ['/audit'],
      { end_date: '2026-02-30' },
      422,
      'end_date',
      'end_date must be a day or a time in ISO 8601.',
    ],
    [
      ['/audit'],
      { start_date: '2026-11-26', end_date: '2026-11-25' },
      400,
      'end_date',
      'end_date must not be before start_date.',
    ],
    [
      ['/key/list'],
      { return_full_object: 'maybe' },
      422,
      'return_full_object',
      'return_full_object must be true or false.',
    ],
    [
      ['/key/list'],
      { substring_matching: 2 },
      422,
      'substring_matching',
      'substring_matching must be true or false.',
    ],
    ...[
      'user_id',
      'team_id',
      'organization_id',
      'key_hash',
      'key_id',
      'key_alias',
      'search',
      'project_id',
      'agent_id',
      'access_group_id',
      'status',
      'expand',
    ].map((name): (typeof refusals)[number] => [
      ['/key/list'],
      { [name]: tooLong },
      422,
      name,
      `${name} has at most 512 characters.`,
    ]),
    ...['search', 'team_id'].map((name): (typeof refusals)[number] => [
      ['/key/aliases'],
      { [name]: tooLong },
      422,
      name,
      `${name} has at most 512 characters.`,
    ]),
    ...[
      'key_id',
      'object_id',
      'changed_by',
      'changed_by_api_key',
      'action',
      'table_name',
      'object_key_hash',
      'object_team_id',
    ].map((name): (typeof refusals)[number] => [
      ['/audit'],
      { [name]: tooLong },
      422,
      name,
      `${name} has at most 512 characters.`,
    ]),
    [
      ['/key/list'],
      { sort_by: 'spend', cursor: '' },
      400,
      'cursor',
      'A cursor needs the order that the list is kept in: leave sort_by out.',
    ],
    [
      ['/audit'],
      { sort_by: 'action', cursor: '' },
      400,
      'cursor',
      'A cursor needs the order that the list is kept in: leave sort_by out.',
    ],
  ];
  it.each(refusals.flatMap(([paths, ...rest]) => paths.map((path) => [path, ...rest] as const)))(
    '%s %j: %i %s',
    async (path, query, status, param, message) => {
      const answer = await look(shared, targetOf(path, query));
      const type = status === 400 ? 'bad_request_error' : 'validation_error';
      expect([answer.status, answer.body]).toEqual([
        status,
        { error: { message, type, param, code: String(status) } },
      ]);
    },
  );

  it.each(lists)('$path never for a page past its end', async ({ path, member, size }) => {
    const filters: Query[] = [{}, { user_id: 'ada' }, { search: 'one', action: 'created' }];
    for (const page of [6, 101, 2000, Number.MAX_SAFE_INTEGER]) {
      for (const query of [...filters, { sort_by: 'updated_at' }, { team_id: 'red' }]) {
        const asked = targetOf(path, { ...query, page, [size]: 100 });
        const { status, body } = await look(shared, asked);
        const { [member]: entries, total = body.total_count, total_pages, next_cursor } = body;
        expect([asked, status, entries, total_pages]).toEqual([asked, 200, [], 1]);
        expect([total >= 5, body.page ?? body.current_page, next_cursor]).toEqual([
          true,
          page,
          null,
        ]);
      }
    }
  });

  it.each(lists)('$path never for what stands in a filter', async ({ path }) => {
    const names = [
      'search',
      'key_alias',
      'user_id',
      'team_id',
      'organization_id',
      'key_hash',
    ].concat(['key_id', 'changed_by', 'object_id', 'object_team_id', 'action']);
    const odd = [
      '\u0000',
      '\ud800',
      '"',
      "'; --",
      '%00',
      '🗝'.repeat(256),
      '{}',
      '__proto__',
      '\u202e',
      ' ',
    ];
    for (const name of names) {
      for (const text of odd) {
        const { status } = await look(shared, targetOf(path, { [name]: text }));
        expect([name, text, status]).toEqual([name, text, 200]);
      }
    }
  });
});

describe.each(lists)('a cursor of $path', ({ path, size, member }) => {
  /** The first page of two, and the cursor after it. */
  const first = async (service = shared, query: Query = {}, key = masterKey): Promise<string> => {
    const { body } = await look(service, targetOf(path, { cursor: '', [size]: 2, ...query }), key);
    return body.next_cursor;
  };
  const follow = (cursor: string, query: Query = {}, key = masterKey, service = shared) =>
    look(service, targetOf(path, { ...query, cursor, [size]: 2 }), key);
  const altered =
    'This cursor is none of this service, or was altered. Begin again with an empty cursor.';
  const foreign =
    'This cursor belongs to another list: send the filters and the key that it was made with. Begin again with an empty cursor.';
  const error = (message: string) => ({
    error: { message, type: 'bad_request_error', param: 'cursor', code: '400' },
  });

  it('is refused with any of its bytes changed', async () => {
    const cursor = await first();
    const bytes = Buffer.from(cursor, 'base64url');
    for (const [at, byte] of bytes.entries()) {
      const forged = Buffer.from(bytes);
      forged[at] = byte ^ 1;
      const { status, body } = await follow(forged.toString('base64url'));
      expect([at, status, body]).toEqual([at, 400, error(altered)]);
    }
  });

  it('is refused where it is cut, lengthened, written otherwise or nothing of the kind', async () => {
    const cursor = await first();
    const others = [
      ...Array.from({ length: cursor.length - 1 }, (_, index) => cursor.slice(0, index + 1)),
      `${cursor}A`,
      `${cursor}=`,
      ` ${cursor}`,
      `${cursor}\n`,
      cursor + cursor,
      `${cursor.slice(0, -1)}${cursor.endsWith('A') ? 'B' : 'A'}`,
      Buffer.from(cursor, 'base64url').toString('hex'),
      'null',
      '0',
      '[]',
      '\u0000',
      '漢',
      masterKey,
      'x'.repeat(5000),
    ];
    for (const other of others) {
      const { status, body } = await follow(other);
      expect([other, status, body]).toEqual([other, 400, error(altered)]);
    }
  });

  it('is good for a day', async () => {
    const service = await five();
    const cursor = await first(service);
    service.clock.advance(day - 1000);
    expect((await follow(cursor, {}, masterKey, service)).status).toBe(200);
    service.clock.advance(1000);
    const { status, body } = await follow(cursor, {}, masterKey, service);
    const message =
      'This cursor has expired: one is good for a day. Begin again with an empty cursor.';
    expect([status, body]).toEqual([400, error(message)]);
  });

  it('is that of its caller alone, whatever value he has got since', async () => {
    const service = await five();
    const fields = { user_role: 'proxy_admin', user_id: 'ada' };
    const [his, hers] = [await issue(service, fields), await issue(service, fields)];
    const cursor = await first(service, {}, his.key);
    for (const other of [hers.key, masterKey]) {
      const { status, body } = await follow(cursor, {}, other, service);
      expect([status, body]).toEqual([400, error(foreign)]);
    }
    const { body } = await ask(service, { path: '/key/regenerate', body: { key: his.key } });
    expect((await follow(cursor, {}, body.key, service)).status).toBe(200);
  });

  it('outlives a new value of the admin key', async () => {
    const service = await five();
    await service.provisionAdminSecret();
    const cursor = await first(service);
    const asked = { key: masterKey, new_master_key: 'sk-another-admin-key-1234' };
    const { status } = await ask(service, { path: '/key/regenerate', body: asked });
    expect(status).toBe(200);
    const answer = await follow(cursor, {}, 'sk-another-admin-key-1234', service);
    expect([answer.status, answer.body[member].length]).toEqual([200, 2]);
  });

  it('is none of another environment', async () => {
    const service = await five();
    const cursor = await first(service);
    const other = await five();
    const row = rowOf(other, 'master');
    other.table.putItem({
      ...rowItem({ ...row, first_token: 'e'.repeat(64) }),
      pk: rowKey('master'),
    });
    const { status, body } = await follow(cursor, {}, masterKey, other);
    expect([status, body]).toEqual([400, error(altered)]);
  });

  it('is that of its list alone', async () => {
    const cursor = await first();
    for (const other of lists.filter((each) => each.path !== path)) {
      const { status, body } = await look(shared, targetOf(other.path, { cursor }));
      expect([other.path, status, body]).toEqual([other.path, 400, error(foreign)]);
    }
  });

  const narrowings: Query[] = {
    '/key/list': [
      { user_id: 'ada' },
      { team_id: 'red' },
      { search: 'one' },
      { key_alias: 'one', substring_matching: true },
      { status: 'active' },
      { status: 'deleted' },
      { expires: 'active' },
      { organization_id: 'o' },
      { project_id: 'o' },
      { agent_id: 'o' },
      { access_group_id: 'o' },
      { sort_by: 'created_at', sort_order: 'asc' },
      { user_id: 'ad', substring_matching: true },
    ],
    '/key/aliases': [{ search: 'one' }],
    '/audit': [
      { key_id: 'k' },
      { object_id: 'o' },
      { changed_by: 'default_user_id' },
      { changed_by_api_key: 'k' },
      { action: 'created' },
      { table_name: 't' },
      { object_key_hash: 'h' },
      { object_team_id: 'red' },
      { start_date: '2026-11-25' },
      { end_date: '2026-11-25' },
      { sort_order: 'asc' },
    ],
  }[path];

  it('is that of its filter and order alone', async () => {
    const cursor = await first();
    for (const query of narrowings) {
      const { status, body } = await follow(cursor, query);
      expect([query, status, body]).toEqual([query, 400, error(foreign)]);
      const narrowed = await first(shared, query);
      if (narrowed === null) continue;
      expect((await follow(narrowed, query)).status).toBe(200);
      expect(await follow(narrowed)).toMatchObject({ status: 400, body: error(foreign) });
    }
  });

  it('tells neither the key nor what its list is narrowed to', async () => {
    for (const query of [
      { search: 'one' },
      { user_id: 'ada' },
      { changed_by: 'default_user_id' },
    ]) {
      const text = Buffer.from(await first(shared, query), 'base64url').toString('latin1');
      expect(text).not.toMatch(/sk-|ada|red|default_user_id/);
    }
  });
});

it('a cursor of the lists of whole keys goes on with hashes', async () => {
  const asked = { cursor: '', size: 2, return_full_object: true };
  const { body } = await look(shared, targetOf('/key/list', asked));
  const next = await look(shared, targetOf('/key/list', { cursor: body.next_cursor }));
  expect([next.status, next.body.keys.length]).toEqual([200, 3]);
});
