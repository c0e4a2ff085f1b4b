/** What the audit trail tells of each change, over `GET /audit` and `GET /audit/{id}`. */
import { describe, expect, it, vi } from 'vitest';
import { contract as listContract } from '../../lambdas/list-audit-records/contract.ts';
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { contract as showContract } from '../../lambdas/show-audit-record/contract.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { ask, atRest, issue } from './fixtures/calls.ts';
import { look, remove, targetOf } from './fixtures/lists.ts';
import { type Service, stored } from './fixtures/stored.ts';

/** A key's records, the newest first, as both routes show them. */
async function trailOf(service: Service, key_id: string) {
  await service.deliver();
  const { status, body } = await look(service, targetOf('/audit', { key_id, page_size: 100 }));
  expect([status, body.error]).toEqual([200, undefined]);
  expect(listContract.answer.parse(body)).toEqual(body);
  for (const record of body.audit_logs) {
    const one = await look(service, `/audit/${record.id}`);
    expect([one.status, one.body]).toEqual([200, record]);
    expect(showContract.answer.parse(record)).toEqual(record);
  }
  return body.audit_logs;
}
const at = (service: Service) => service.clock.now().toISOString();
const update = (service: Service, body: object) => ask(service, { path: '/key/update', body });

describe('the record of', () => {
  it('a birth has no before and the whole key after', async () => {
    const service = await startedService();
    const { token, key_id } = await issue(service, {
      key_alias: 'a',
      team_id: 'red',
      max_budget: 5,
    });
    expect(await trailOf(service, key_id)).toEqual([
      {
        id: `${key_id}_1`,
        updated_at: at(service),
        changed_by: 'default_user_id',
        changed_by_api_key: 'litellm_proxy_master_key',
        action: 'created',
        table_name: 'LiteLLM_VerificationToken',
        object_id: token,
        before_value: null,
        updated_values: expect.objectContaining({
          token,
          key_alias: 'a',
          team_id: 'red',
          max_budget: 5,
        }),
        key_id,
        seq: 1,
        principal: 'master',
        settled_by: null,
        source_ip: '192.0.2.1',
        request_id: 'request-1',
        operation_id: null,
        ended_overlap: false,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        chain: expect.stringMatching(/^[0-9a-f]{64}$/),
        previous_chain: expect.stringMatching(/^[0-9a-f]{64}$/),
        redacted: [],
        damaged: false,
      },
    ]);
  });

  it('an update has the key before and what changed: null for what was cleared, nothing for what was sent again', async () => {
    const service = await startedService();
    const fields = {
      max_budget: 5,
      tpm_limit: 7,
      models: ['m'],
      metadata: { a: 1 },
      key_alias: 'a',
    };
    const { token, key_id } = await issue(service, fields);
    service.clock.advance(1000);
    await update(service, {
      key: key_id,
      max_budget: null,
      tpm_limit: 8,
      models: ['m'],
      metadata: { a: 1 },
      rpm_limit: 0,
    });
    const [updated, created] = await trailOf(service, key_id);
    expect(updated).toMatchObject({
      action: 'updated',
      object_id: token,
      seq: 2,
      previous_chain: created.chain,
    });
    expect(updated.before_value).toEqual(created.updated_values);
    const time = at(service);
    expect(updated.updated_values).toEqual({
      max_budget: null,
      tpm_limit: 8,
      rpm_limit: 0,
      updated_at: time,
      settings_updated_at: time,
    });
  });

  it('a rotation is under the old hash, and has the new one', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { key_alias: 'a' });
    service.clock.advance(1000);
    const { body } = await ask(service, { path: '/key/regenerate', body: { key, tpm_limit: 7 } });
    const [rotated] = await trailOf(service, key_id);
    expect(rotated).toMatchObject({
      action: 'rotated',
      object_id: token,
      before_value: { token },
      updated_values: {
        token: body.token,
        key_name: body.key_name,
        tpm_limit: 7,
      },
    });
    expect(rotated.updated_values).not.toHaveProperty('key_alias');
  });

  it('a rotation tells whether it ended the grace period of another', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    for (const grace_period of ['1h', '1h', '0']) {
      await ask(service, { path: '/key/regenerate', body: { key: key_id, grace_period } });
    }
    const records = await trailOf(service, key_id);
    expect(records.map(({ ended_overlap }: { ended_overlap: boolean }) => ended_overlap)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('a block, an unblock and a reset of spend has that and nothing else', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { spend: 3 });
    await ask(service, { path: '/key/block', body: { key: key_id } });
    await ask(service, { path: '/key/unblock', body: { key: key_id } });
    await ask(service, { path: `/key/${key_id}/reset_spend`, body: { reset_to: 1 } });
    const shown = (await trailOf(service, key_id)).map(
      ({
        action,
        updated_values: { updated_at: _at, settings_updated_at: _settings, ...changed },
      }: Shown) => [action, changed],
    );
    expect(shown.slice(0, 3)).toEqual([
      ['spend_reset', { spend: 1 }],
      ['unblocked', { blocked: false }],
      ['blocked', { blocked: true }],
    ]);
  });

  it('a deletion has the key before and nothing after', async () => {
    const service = await startedService();
    const key = await issue(service, { key_alias: 'a', max_budget: 5 });
    await remove(service, key);
    const [deleted] = await trailOf(service, key.key_id);
    expect(deleted).toMatchObject({
      action: 'deleted',
      object_id: key.token,
      before_value: { key_alias: 'a', max_budget: 5 },
    });
    expect(deleted.updated_values).toEqual({});
  });

  it('what the service did by itself names it', async () => {
    const service = await startedService();
    service.secrets.trouble('unanswered', 'unanswered');
    await service.generate({ key_alias: 'lost' });
    const { key_id } = await issue(service, { key_alias: 'a' });
    await ask(service, { path: '/key/regenerate', body: { key: key_id, grace_period: '1s' } });
    await atRest(service);
    const [ended] = await trailOf(service, key_id);
    expect(ended).toMatchObject({
      action: 'overlap_ended',
      changed_by: 'system',
      changed_by_api_key: null,
      principal: 'system',
      source_ip: null,
      request_id: 'scheduled-run',
    });
    const { body } = await look(service, '/audit?action=generate_undone');
    expect(body.audit_logs).toMatchObject([
      {
        changed_by: 'system',
        before_value: { key_alias: 'lost' },
        updated_values: {},
        settled_by: 'system',
      },
    ]);
  });

  it('a change by another caller tells who was authenticated, and in whose name', async () => {
    const service = await startedService();
    const caller = await issue(service, {
      user_id: 'ada',
      metadata: { allow_litellm_changed_by_header: true },
    });
    const headers = { 'litellm-changed-by': 'ci' };
    const { body } = await ask(service, {
      path: '/key/generate',
      body: {},
      key: caller.key,
      headers,
    });
    expect(await trailOf(service, body.key_id)).toMatchObject([
      { changed_by: 'ci', changed_by_api_key: caller.token, principal: caller.key_id },
    ]);
  });
});

interface Shown {
  readonly action: string;
  readonly updated_values: Readonly<Record<string, unknown>>;
}

describe('a record shows', () => {
  const logging = (secret: string) => ({
    logging: [{ callback_name: 'langfuse', callback_vars: { langfuse_secret: secret } }],
  });

  it('no credential of a logging callback, but that it was changed', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { metadata: { ...logging('of-somebody'), team: 'x' } });
    await update(service, { key: key_id, metadata: { ...logging('of-another'), team: 'x' } });
    await update(service, { key: key_id, tpm_limit: 1 });
    const records = await trailOf(service, key_id);
    const masked = { ...logging('********'), team: 'x' };
    expect(records).toMatchObject([
      { before_value: { metadata: masked } },
      { before_value: { metadata: masked }, updated_values: { metadata: masked } },
      { updated_values: { metadata: masked } },
    ]);
    expect(records[0].updated_values).not.toHaveProperty('metadata');
    expect(JSON.stringify(records)).not.toMatch(/of-somebody|of-another/);
  });

  it('all that is harmless as it is: aliases, names, types, and null as null', async () => {
    const service = await startedService();
    const { body } = await service.generate({
      key_alias: 'keys/of ada',
      key_type: 'management',
      metadata: { api_key_owner: 'ada', none: null },
    });
    const [created] = await trailOf(service, body.key_id);
    expect(created.updated_values).toMatchObject({
      key_alias: 'keys/of ada',
      key_name: body.key_name,
      key_type: 'management',
      metadata: { api_key_owner: 'ada', none: null },
    });
  });

  it('neither a key, a salt, nor anything of the admin key', async () => {
    const service = await startedService();
    await service.provisionAdminSecret();
    const { key, key_id } = await issue(service, {
      send_invite_email: true,
      user_email: 'ada@example.com',
    });
    const rotated = await ask(service, { path: '/key/regenerate', body: { key } });
    await ask(service, {
      path: '/key/regenerate',
      body: { key: masterKey, new_master_key: 'sk-another-admin-key-1234' },
    });
    await service.deliver();
    const { body } = await look(service, '/audit?page_size=100', 'sk-another-admin-key-1234');
    expect(
      body.audit_logs.map(
        ({ key_id: of, action }: { key_id: string; action: string }) =>
          `${of === key_id ? 'key' : of} ${action}`,
      ),
    ).toEqual(
      expect.arrayContaining(['master created', 'master rotated', 'key created', 'key rotated']),
    );
    const text = JSON.stringify(body);
    const { audit } = await stored(service);
    const salts = audit
      .flatMap(([, record]) => Object.values(record['salts'] ?? {}))
      .filter((salt) => salt !== '');
    expect(salts.length).toBeGreaterThan(4);
    for (const hidden of [
      key,
      rotated.body.key,
      'salt',
      ...salts.map(String),
      ...[masterKey, 'sk-another-admin-key-1234'].flatMap((value) => [value, tokenHash(value)]),
    ]) {
      expect(text).not.toContain(hidden);
    }
  });

  it('once what was written twice', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    await service.deliver();
    for (const record of service.trail.of(key_id)) await service.trail.append(record);
    expect(await trailOf(service, key_id)).toHaveLength(1);
  });

  it('what has been erased as erased', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { user_id: 'ada' });
    await update(service, { key: key_id, tpm_limit: 1 });
    await service.deliver();
    const erase = (seq: number, erased: object) => {
      const id = `${key_id}_${seq}`;
      const record = service.trail.records.get(id);
      if (record !== undefined) service.trail.records.set(id, { ...record, ...erased });
    };
    erase(1, { who: null, after: null, redacted: { who: 'h', after: 'h' } });
    erase(2, { before: null, redacted: { before: 'h' } });
    expect(await trailOf(service, key_id)).toMatchObject([
      { redacted: ['before'], before_value: null, updated_values: null, principal: 'master' },
      {
        redacted: ['who', 'after'],
        before_value: null,
        updated_values: null,
        principal: null,
        source_ip: null,
      },
    ]);
  });
});

describe('show-audit-record', () => {
  it.each([
    'x',
    'master_2',
    'master_0',
    'master_01',
    'master',
    'master_1_1',
    'MASTER_1',
    '0123456789ABCDEFG_1',
    '%00',
    'master_1%0A',
    'master%5F2',
    '%F0%9F%97%9D',
    `master_${'9'.repeat(40)}`,
    'x'.repeat(3000),
  ])('knows no record %s, and does not repeat it', async (id) => {
    const service = await startedService();
    await service.deliver();
    const { status, body } = await look(service, `/audit/${id}`);
    expect([status, body]).toEqual([
      404,
      {
        error: {
          message: 'There is no audit record of this id.',
          type: 'not_found_error',
          param: 'id',
          code: '404',
        },
      },
    ]);
  });

  it('finds a record of the admin key for a viewer', async () => {
    const service = await startedService();
    const { key } = await issue(service, { user_role: 'proxy_admin_viewer' });
    await service.deliver();
    const { status, body } = await look(service, '/audit/master%5F1', key);
    expect([status, body.object_id]).toEqual([200, 'litellm_proxy_master_key']);
  });
});

describe('the audit trail is for', () => {
  it.each<[object, number]>([
    [{ user_role: 'proxy_admin' }, 200],
    [{ user_role: 'proxy_admin_viewer' }, 200],
    [{ user_role: 'proxy_admin', key_type: 'management' }, 200],
    [{ user_role: 'proxy_admin', allowed_routes: ['/audit'] }, 200],
    [{ user_role: 'proxy_admin', key_type: 'read_only' }, 403],
    [{ user_role: 'proxy_admin', key_type: 'llm_api' }, 403],
    [{ user_role: 'proxy_admin', allowed_routes: ['info_routes'] }, 403],
    [{ user_role: 'proxy_admin', allowed_routes: ['/key/*'] }, 403],
    [{ user_id: 'ada' }, 401],
    [{ user_id: 'ada', key_type: 'read_only' }, 403],
    [{ user_id: 'ada', user_role: 'internal_user_viewer' }, 401],
    [{ team_id: 'red' }, 401],
  ])('a key with %j: %i', async (fields, expected) => {
    const service = await startedService();
    const caller = await issue(service, fields);
    await service.deliver();
    for (const path of [
      '/audit',
      '/audit/master_1',
      '/audit/x',
      '/audit?page=x',
      `/audit?key_id=${caller.key_id}`,
    ]) {
      const { status, body } = await look(service, path, caller.key);
      if (expected === 200) expect([200, 404, 422]).toContain(status);
      else expect([path, status, body.error.type]).toEqual([path, expected, 'auth_error']);
    }
  });

  it('nobody without a key', async () => {
    const service = await startedService();
    const { body } = await service.generate({}, 'sk-wrong');
    for (const path of ['/audit', '/audit/master_1']) {
      expect(await look(service, path, 'sk-wrong')).toMatchObject({ status: 401, body });
    }
  });
});

describe('a damaged record', () => {
  const harm: readonly (readonly [string, (record: Record<string, unknown>) => object, object])[] =
    [
      ['has no request_id', ({ request_id: _lost, ...rest }) => rest, { request_id: null }],
      ['has a number for an actor', (r) => ({ ...r, changed_by: 7 }), { changed_by: null }],
      ['has lost its images', (r) => ({ ...r, before: 'x', after: [] }), { before_value: null }],
      ['has a time that is none', (r) => ({ ...r, at: 'noon' }), { updated_at: null }],
      ['has a digest that is none', (r) => ({ ...r, digest: 'x', chain: 1 }), { digest: null }],
      ['has no salts', (r) => ({ ...r, salts: null }), { action: 'updated' }],
      ['tells odd parts redacted', (r) => ({ ...r, redacted: [7] }), { redacted: [] }],
      ['has the id of another', (r) => ({ ...r, id: 'master_1' }), { action: 'updated' }],
      ['has the number of another', (r) => ({ ...r, seq: 9 }), { action: 'updated' }],
    ];

  it.each(harm)('that %s is shown as such, and hides no other', async (_, damage, shown) => {
    const service = await startedService();
    const { key_id } = await issue(service, { max_budget: 5 });
    await update(service, { key: key_id, max_budget: 6, metadata: { note: 'of-the-record' } });
    await update(service, { key: key_id, max_budget: 7 });
    await service.deliver();
    const id = `${key_id}_2`;
    damaged(service, id, damage);
    const written = vi.spyOn(process.stdout, 'write');
    const records = await trailOf(service, key_id);
    expect(records.map((record: Shown) => [record.seq, record.damaged])).toEqual([
      [3, false],
      [2, true],
      [1, false],
    ]);
    expect(records[1]).toMatchObject({ id, key_id, seq: 2, ...shown });
    const told = written.mock.calls
      .map(([line]) => JSON.parse(String(line)))
      .filter(({ message }) => message === 'audit record is damaged');
    written.mockRestore();
    const place = { level: 'error', request_id: 'request-1', key_id, seq: 2 };
    expect(told).toMatchObject([
      { ...place, operation: 'list-audit-records' },
      { ...place, operation: 'show-audit-record' },
    ]);
    expect(JSON.stringify(told)).not.toContain('of-the-record');
  });

  it('fits no filter on what of it cannot be read', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, {});
    await service.deliver();
    damaged(service, `${key_id}_1`, (record) => ({ ...record, action: null, at: 7 }));
    for (const [query, count] of [
      [{ key_id }, 1],
      [{ key_id, table_name: 'LiteLLM_VerificationToken' }, 1],
      [{ key_id, action: 'created' }, 0],
      [{ key_id, start_date: '2000-01-01' }, 0],
      [{ key_id, end_date: '2999-01-01' }, 0],
      [{ key_id, sort_by: 'action' }, 1],
    ] as const) {
      const { status, body } = await look(service, targetOf('/audit', query));
      expect([query, status, body.audit_logs?.length]).toEqual([query, 200, count]);
    }
  });
});

interface Shown {
  readonly seq: number;
  readonly damaged: boolean;
}

/** What a table can hold that no function writes. */
function damaged(
  service: Service,
  id: string,
  damage: (record: Record<string, unknown>) => object,
): void {
  const record = service.trail.records.get(id);
  if (record === undefined) throw new Error('There is no such record');
  service.trail.damaged.set(id, damage(record));
}
