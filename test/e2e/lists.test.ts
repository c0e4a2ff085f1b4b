/** Lists of keys, aliases and audit records on the deployed stack: each function with its own role. */
import { describe, expect, it } from 'vitest';
import { contract as listAliases } from '../../lambdas/list-aliases/contract.ts';
import { contract as listAudit } from '../../lambdas/list-audit-records/contract.ts';
import { contract as listKeys } from '../../lambdas/list-keys/contract.ts';
import { contract as showAudit } from '../../lambdas/show-audit-record/contract.ts';
import { contract as showKeys } from '../../lambdas/show-keys/contract.ts';
import { block, issued, look, post, regenerate, remove, update } from './api-client.ts';
import { eventually } from './local-aws.ts';

/** What a list has, once it has as many entries: indexes and the trail are a moment behind. */
async function listed(path: string, member: string, count: number, key?: string) {
  const seen = await eventually(async () => {
    const answer = await look(path, key);
    expect([answer.status, answer.body.error]).toEqual([200, undefined]);
    return answer.body[member].length === count ? answer : null;
  });
  return seen.body;
}

/** All entries of a list through its cursor, two at a time. */
async function through(path: string, member: string, size: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, body } = await look(`${path}&${size}=2&cursor=${cursor}`);
    expect([status, body.error]).toEqual([200, undefined]);
    found.push(...body[member]);
    cursor = body.next_cursor;
  }
  return found;
}

describe('lists of keys', async () => {
  const alias = (name: string) => ({ key_alias: `lists/${name}` });
  const ada = await issued({ user_id: 'lists-ada', team_id: 'lists-red', ...alias('Ada') });
  const second = await issued({ user_id: 'lists-ada', organization_id: 'lists-o', ...alias('b') });
  const eve = await issued({ user_id: 'lists-eve', team_id: 'lists-red', ...alias('eve') });
  const third = await issued({ user_id: 'lists-ada', metadata: { a: 1 } });
  const gone = await issued({ user_id: 'lists-ada', ...alias('gone') });
  await remove({ keys: [gone.key_id] });
  await block({ key: second.key_id });
  const own = [third, second, ada];
  const hashes = own.map(({ token }) => token);

  it('have the keys of a user, the newest first, by number and through a cursor', async () => {
    const path = '/key/list?user_id=lists-ada';
    expect(await listed(path, 'keys', 3)).toMatchObject({
      keys: hashes,
      total_count: 3,
      total_pages: 1,
      next_cursor: null,
    });
    const last = await look(`${path}&size=2&page=2`);
    expect(last.body).toMatchObject({
      keys: hashes.slice(2),
      total_count: 3,
      current_page: 2,
      total_pages: 2,
    });
    expect(await through(path, 'keys', 'size')).toEqual(hashes);
    expect(await through(`${path}&sort_by=created_at&sort_order=asc`, 'keys', 'size')).toEqual(
      hashes.toReversed(),
    );
  });

  it('show whole keys, live and deleted, as the OpenAPI document has them', async () => {
    for (const [status, keys] of [
      ['', own],
      ['deleted', [gone]],
    ] as const) {
      const path = `/key/list?user_id=lists-ada&return_full_object=true&status=${status}`;
      const body = await listed(path, 'keys', keys.length);
      expect(listKeys.answer.parse(body)).toEqual(body);
      expect(body.keys).toMatchObject(keys.map(({ token, key_id }) => ({ token, key_id })));
      for (const { key } of [...own, gone]) expect(JSON.stringify(body)).not.toContain(key);
    }
  });

  it.each<[string, readonly string[]]>([
    ['team_id=lists-red', [eve.token, ada.token]],
    ['team_id=lists-red&user_id=lists-eve', [eve.token]],
    ['organization_id=lists-o', [second.token]],
    ['status=revoked&user_id=lists-ada', [second.token]],
    ['search=LISTS/', [eve.token, second.token, ada.token]],
    ['key_alias=lists/b', [second.token]],
    [`key_hash=${eve.token}`, [eve.token]],
    [`key_id=${eve.key_id}&user_id=lists-ada`, []],
    ['user_id=lists-ada&sort_by=key_alias&sort_order=asc', [ada.token, second.token, third.token]],
    [`key_hash=${ada.key}`, []],
    ['user_id=lists-nobody', []],
  ])('are narrowed by %s', async (query, keys) => {
    const body = await listed(`/key/list?${query}`, 'keys', keys.length);
    expect(body).toMatchObject({ keys, total_count: keys.length });
    expect(await look(`/key/list?${query}&size=0`)).toMatchObject({ status: 422 });
  });

  it('never widen for whoever is no admin', async () => {
    const body = await listed('/key/list?include_team_keys=true', 'keys', 1, eve.key);
    expect(body.keys).toEqual([eve.token]);
    for (const query of [
      'user_id=lists-ada',
      'user_id=lists&substring_matching=true',
      `key_hash=${ada.token}`,
    ]) {
      const { status, body: refused } = await look(`/key/list?${query}`, eve.key);
      expect([query, status, refused.error.type]).toEqual([query, 403, 'bad_request_error']);
    }
  });

  it('refuse a cursor that was altered or is of another list', async () => {
    const { body } = await look('/key/list?user_id=lists-ada&size=1');
    for (const [path, cursor] of [
      ['/key/list?user_id=lists-eve', body.next_cursor],
      ['/key/list?user_id=lists-ada', `${body.next_cursor}A`],
      ['/key/aliases?search=a', body.next_cursor],
    ] as const) {
      const refused = await look(`${path}&cursor=${cursor}`);
      expect([refused.status, refused.body.error.param]).toEqual([400, 'cursor']);
    }
  });

  it('have the aliases in order', async () => {
    const path = '/key/aliases?search=lists/';
    const aliases = ['lists/Ada', 'lists/b', 'lists/eve'];
    const body = await listed(path, 'aliases', 3);
    expect(listAliases.answer.parse(body)).toEqual(body);
    expect(body).toMatchObject({ aliases, total_count: 3, size: 50 });
    expect(await through(path, 'aliases', 'size')).toEqual(aliases);
    const red = await look('/key/aliases?team_id=lists-red');
    expect(red.body.aliases).toEqual(['lists/Ada', 'lists/eve']);
    expect((await look('/key/aliases', eve.key)).body.aliases).toEqual(['lists/eve']);
  });

  it('show several at once, and leave out what is not there or not to be seen', async () => {
    const sent = {
      keys: [ada.key, third.token, eve.key_id, gone.key, 'x'],
      key_aliases: ['lists/b', 'lists/none'],
    };
    const { status, body } = await post('/v2/key/info', sent);
    expect([status, body.key]).toEqual([200, sent.keys]);
    expect(showKeys.answer.parse(body)).toEqual(body);
    expect(body.info).toMatchObject([third, eve, second, ada].map(({ token }) => ({ token })));
    const hers = await post('/v2/key/info', sent, eve.key);
    expect(hers.body.info).toMatchObject([{ token: eve.token }]);
  });
});

describe('the audit trail', async () => {
  const key = await issued({ user_id: 'lists-cy', team_id: 'lists-blue', max_budget: 5 });
  const header = { 'litellm-changed-by': 'lists-ci' };
  await update({ key: key.key_id, max_budget: null, tpm_limit: 7 }, undefined, header);
  const { body: turned } = await regenerate({ key: key.key_id });
  await remove({ keys: [key.key_id] });
  const path = `/audit?key_id=${key.key_id}`;
  const trail = await listed(path, 'audit_logs', 4);
  const actions = ({ audit_logs }: typeof trail) =>
    audit_logs.map(({ action }: { action: string }) => action);

  it('has the records of a key, the newest first, by number and through a cursor', async () => {
    expect(listAudit.answer.parse(trail)).toEqual(trail);
    expect(trail).toMatchObject({
      total: 4,
      page: 1,
      page_size: 10,
      total_pages: 1,
      next_cursor: null,
    });
    expect(actions(trail)).toEqual(['deleted', 'rotated', 'updated', 'created']);
    expect(trail.audit_logs[2]).toMatchObject({
      changed_by: 'lists-ci',
      object_id: key.token,
      before_value: { max_budget: 5 },
      updated_values: { max_budget: null, tpm_limit: 7 },
    });
    expect(await through(path, 'audit_logs', 'page_size')).toEqual(trail.audit_logs);
    for (const value of [key.key, turned.key]) expect(JSON.stringify(trail)).not.toContain(value);
  });

  it('has each record by its id', async () => {
    for (const record of trail.audit_logs) {
      const { status, body } = await look(`/audit/${record.id}`);
      expect([status, body]).toEqual([200, record]);
      expect(showAudit.answer.parse(body)).toEqual(body);
    }
    for (const id of [`${key.key_id}_5`, 'x', '%F0%9F%97%9D', '%00']) {
      expect(await look(`/audit/${id}`)).toMatchObject({
        status: 404,
        body: { error: { param: 'id' } },
      });
    }
  });

  it.each<[string, readonly string[]]>([
    [`object_id=${key.token}`, ['rotated', 'updated', 'created']],
    [`object_id=${turned.token}`, ['deleted']],
    ['changed_by=lists-ci', ['updated']],
    [`changed_by=lists-ci&key_id=${key.key_id}&action=updated`, ['updated']],
    [`key_id=${key.key_id}&sort_order=asc`, ['created', 'updated', 'rotated', 'deleted']],
    [
      `key_id=${key.key_id}&sort_by=action&sort_order=asc`,
      ['created', 'deleted', 'rotated', 'updated'],
    ],
    [`object_id=${key.token}&start_date=${trail.audit_logs[2].updated_at}`, ['rotated', 'updated']],
    [
      `object_id=${key.token}&end_date=${trail.audit_logs[2].updated_at}&sort_order=asc`,
      ['created', 'updated'],
    ],
    [`object_id=${key.token}&start_date=2999-01-01&end_date=9999-12-31`, []],
    [`key_id=${key.key_id}&end_date=2020-01-01`, []],
  ])('is narrowed by %s', async (query, expected) => {
    expect(actions(await listed(`/audit?${query}`, 'audit_logs', expected.length))).toEqual(
      expected,
    );
  });

  it('is listed as a whole, by time and through a cursor that stays within it', async () => {
    const { status, body } = await look('/audit?page_size=3');
    // Others write damaged records: they have a place in the list, and hide nothing.
    expect(listAudit.answer.parse(body)).toEqual(body);
    expect([status, body.audit_logs.length, body.total >= 4]).toEqual([200, 3, true]);
    const from = trail.audit_logs[3].updated_at;
    const to = trail.audit_logs[1].updated_at;
    const range = `/audit?start_date=${from}&end_date=${to}&object_team_id=lists-blue`;
    const found = await through(range, 'audit_logs', 'page_size');
    expect(found).toEqual(trail.audit_logs.slice(1));
  });

  it('is for admins and viewers', async () => {
    const viewer = await issued({ user_role: 'proxy_admin_viewer' });
    const user = await issued({ user_id: 'lists-cy' });
    for (const asked of [path, `/audit/${key.key_id}_1`]) {
      expect((await look(asked, viewer.key)).status).toBe(200);
      expect((await look(asked, user.key)).status).toBe(401);
    }
  });
});
