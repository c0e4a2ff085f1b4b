/** `POST /key/update`, but for another alias (`rename-key.test.ts`) and what each field does. */
import { describe, expect, it } from 'vitest';
import { tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { startedService } from '../fakes/service.ts';
import {
  actionsOf,
  ask,
  everything,
  isLetIn,
  issue,
  recordOf,
  refusalIn,
  rowOf,
  unknownNames,
  untouched,
} from './fixtures/calls.ts';
import { storedText } from './fixtures/stored.ts';

const path = '/key/update';

describe('update-key', () => {
  it('changes what is named, leaves the rest, and answers all columns', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { key_alias: 'a', max_budget: 5 });
    service.clock.advance(1000);
    const { status, body } = await ask(service, { path, body: { key, tpm_limit: 7 } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      key,
      token,
      key_id,
      key_alias: 'a',
      max_budget: 5,
      tpm_limit: 7,
      secret_name: 'litellm/a',
      updated_at: '2026-11-25T13:50:01.000Z',
      settings_updated_at: '2026-11-25T13:50:01.000Z',
      created_at: '2026-11-25T13:50:00.000Z',
    });
    const row = rowOf(service, key_id);
    expect(row).toMatchObject({ rev: 3, seq: 2, intent: null, cur: { hash: token } });
    expect(row.key).toMatchObject({ max_budget: 5, tpm_limit: 7 });
  });

  it('leaves a record with both images and who did it, and sends no mail', async () => {
    const service = await startedService();
    const { key_id, token } = await issue(service, { user_email: 'ada@example.com', tpm_limit: 1 });
    const headers = { 'litellm-changed-by': 'ci' };
    await ask(service, { path, headers, body: { key: key_id, tpm_limit: 7 } });
    expect(await recordOf(service, key_id)).toMatchObject({
      action: 'updated',
      object_id: token,
      changed_by: 'ci',
      request_id: 'request-1',
      who: { principal: 'master', changed_by_api_key: 'litellm_proxy_master_key' },
      before: { tpm_limit: 1 },
      after: { tpm_limit: 7 },
    });
    expect(await actionsOf(service, key_id)).toEqual(['created', 'updated']);
    expect(service.mailer.inbox).toEqual([]);
  });

  it('shows an explicit null in the record: the field is gone from the image after', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { max_budget: 5 });
    await ask(service, { path, body: { key: key_id, max_budget: null } });
    const { before, after } = await recordOf(service, key_id);
    expect([before, after]).toEqual([
      expect.objectContaining({ max_budget: 5 }),
      expect.not.objectContaining({ max_budget: expect.anything() }),
    ]);
  });

  it.each([
    ['an issued key', {}],
    ['a chosen key', { key: 'sk-chosen-by-somebody' }],
  ])('finds %s by value, hash and id, and repeats the name it was given', async (_, fields) => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, fields);
    for (const [tpm_limit, name] of [key, token, key_id].entries()) {
      const { status, body } = await ask(service, { path, body: { key: name, tpm_limit } });
      expect([status, body.key, body.key_id]).toEqual([200, name, key_id]);
      expect(rowOf(service, key_id).key.tpm_limit).toBe(tpm_limit);
    }
    expect(await storedText(service)).not.toContain(key);
  });

  it('finds a key by its alias where no key is named, and answers its hash as key', async () => {
    const service = await startedService();
    const { token, key_id } = await issue(service, { key_alias: 'a' });
    const { status, body } = await ask(service, { path, body: { key_alias: 'a', tpm_limit: 7 } });
    expect([status, body.key, body.key_alias]).toEqual([200, token, 'a']);
    expect(rowOf(service, key_id).key.tpm_limit).toBe(7);
  });

  it('touches no secret where the alias stays, also where it is sent again', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    const before = structuredClone(service.secrets.secrets);
    const body = { key: key_id, key_alias: 'a', user_id: 'bob' };
    expect((await ask(service, { path, body })).status).toBe(200);
    expect(service.secrets.secrets).toEqual(before);
  });

  it('ignores fields that it does not know', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const body = { key: key_id, no_such_field: { a: 1 }, keyId: 'x', rev: 9, status: 'deleted' };
    expect((await ask(service, { path, body })).status).toBe(200);
    expect(rowOf(service, key_id)).toMatchObject({ status: 'active', rev: 3 });
  });

  it('changes an expired and a blocked key too, and a new duration lets it in again', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { duration: '0s' });
    expect(await isLetIn(service, key)).toBe(false);
    expect((await ask(service, { path, body: { key: key_id, duration: '1h' } })).status).toBe(200);
    expect(await isLetIn(service, key)).toBe(true);
    await ask(service, { path, body: { key: key_id, blocked: true } });
    expect(await isLetIn(service, key)).toBe(false);
    expect((await ask(service, { path, body: { key: key_id, tpm_limit: 1 } })).status).toBe(200);
    expect(await isLetIn(service, key)).toBe(false);
  });

  it('keeps attributes that a newer release has written', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const row = rowOf(service, key_id);
    const newer = { ...row, rev: row.rev + 1, later: [1], key: { ...row.key, later: { a: 1 } } };
    await service.table.commit([{ kind: 'replace-row', row: newer }], 'newer', 1000);
    await ask(service, { path, body: { key: key_id, tpm_limit: 7 } });
    expect(rowOf(service, key_id)).toMatchObject({ later: [1], key: { later: { a: 1 } } });
  });

  it('carries a regenerate that is open along, whose settle keeps both', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    service.secrets.trouble('lost-answer', 'lost-answer');
    await ask(service, { path: '/key/regenerate', body: { key: key_id, max_budget: 3 } });
    expect((await ask(service, { path, body: { key: key_id, tpm_limit: 7 } })).status).toBe(200);
    service.clock.advance(60_000);
    await service.repair();
    expect(rowOf(service, key_id)).toMatchObject({
      intent: null,
      key: { max_budget: 3, tpm_limit: 7 },
    });
    expect(await actionsOf(service, key_id)).toEqual(['created', 'updated', 'rotated']);
  });
});

describe('updates at once', () => {
  it('all apply, each with its record', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const fields = [{ tpm_limit: 1 }, { rpm_limit: 2 }, { max_budget: 3 }];
    const answers = await Promise.all(
      fields.map((body) => ask(service, { path, body: { key: key_id, ...body } })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(rowOf(service, key_id).key).toMatchObject({ tpm_limit: 1, rpm_limit: 2, max_budget: 3 });
    expect(await actionsOf(service, key_id)).toEqual(['created', 'updated', 'updated', 'updated']);
  });

  it('that are overtaken three times get a 409 that says when to come back, and change nothing', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const before = rowOf(service, key_id);
    service.table.commit = async () => ({ kind: 'refused', failed: [0] });
    const { status, headers } = await ask(service, { path, body: { key: key_id, tpm_limit: 7 } });
    expect([status, headers['retry-after']]).toEqual([409, '1']);
    expect(rowOf(service, key_id)).toEqual(before);
  });

  it('with a delete never bring the key back', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const load = service.table.load.bind(service.table);
    let isFirst = true;
    service.table.load = async (wanted, limitMs) => {
      const found = await load(wanted, limitMs);
      if (isFirst) {
        isFirst = false;
        await ask(service, { path: '/key/delete', body: { keys: [key_id] } });
      }
      return found;
    };
    const answer = await ask(service, { path, body: { key: key_id, tpm_limit: 7 } });
    expect(refusalIn(answer)).toEqual([404, 'key']);
    expect(rowOf(service, key_id).status).toBe('deleted');
    expect(await isLetIn(service, key)).toBe(false);
  });
});

describe('an update that is refused changes nothing:', () => {
  it.each([
    ['no body', undefined, 422, null],
    ['no JSON', '{', 422, null],
    ['a list', [], 422, null],
    ['no key', {}, 422, 'key'],
    ['null as key', { key: null }, 422, 'key'],
    ['null as both names', { key: null, key_alias: null }, 422, 'key'],
    ['a number as key', { key: 5 }, 422, 'key'],
    ['a list as models', { key: 'x', models: 'gpt' }, 422, 'models'],
    ['too much', { key: 'x', metadata: { a: 'x'.repeat(270_000) } }, 413, null],
    ['an empty key', { key: '' }, 404, 'key'],
    ['an alias that nobody has', { key_alias: 'nobody' }, 404, 'key_alias'],
    ['an empty alias', { key_alias: '' }, 404, 'key_alias'],
    ['an alias that none can have', { key_alias: 'x'.repeat(5000) }, 404, 'key_alias'],
    ['the admin key', { key: 'master', tpm_limit: 1 }, 404, 'key'],
    ['the admin key by its value', { key: 'sk-1234', tpm_limit: 1 }, 404, 'key'],
  ])('%s', async (_, body, status, param) => {
    const service = await startedService();
    const answer = await untouched(service, () => ask(service, { path, body }));
    expect(refusalIn(answer)).toEqual([status, param]);
  });

  it.each(unknownNames)('an unknown key (%s), whose name is not repeated', async (name) => {
    const service = await startedService();
    const answer = await untouched(service, () =>
      ask(service, { path, body: { key: name, tpm_limit: 1 } }),
    );
    expect(refusalIn(answer)).toEqual([404, 'key']);
    expect(JSON.stringify(answer.body)).not.toContain(name);
  });

  it('a field that breaks a rule', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    for (const [param, value] of [
      ['tpm_limit', -1],
      ['duration', 'soon'],
      ['models', null],
      ['project_id', 'another'],
      ['metadata', { a: 'x'.repeat(40_000) }],
    ] as const) {
      const body = { key: key_id, [param]: value };
      const answer = await untouched(service, () => ask(service, { path, body }));
      expect([param, answer.status]).toEqual([param, 400]);
    }
  });

  it('a deleted key', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { key_alias: 'a' });
    await ask(service, { path: '/key/delete', body: { keys: [key] } });
    for (const named of [{ key }, { key: token }, { key: key_id }, { key_alias: 'a' }]) {
      const body = { ...named, tpm_limit: 1 };
      const answer = await untouched(service, () => ask(service, { path, body }));
      expect(answer.status).toBe(404);
    }
  });

  it('a value that was rotated away: the live key is not hit', async () => {
    const service = await startedService();
    const { key, token } = await issue(service);
    await ask(service, { path: '/key/regenerate', body: { key } });
    for (const name of [key, token]) {
      const body = { key: name, tpm_limit: 1 };
      const answer = await untouched(service, () => ask(service, { path, body }));
      expect(refusalIn(answer)).toEqual([404, 'key']);
    }
  });

  it('a value of the key’s id that was never its own', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const other = await issue(service);
    const forged = other.key.replace(other.key_id, key_id);
    const answer = await untouched(service, () =>
      ask(service, { path, body: { key: forged, tpm_limit: 1 } }),
    );
    expect(answer.status).toBe(404);
  });
});

describe('an alias that a key holds beside its own', () => {
  it('does not name it: nobody changes a live key by a name that it has given up', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'b' });
    // As the sweep holds a name that a late call has made a secret under.
    const lease = {
      alias: 'a',
      state: 'held',
      keyId: key_id,
      secretName: 'litellm/a',
      secretArn: null,
      deletedAt: null,
      rev: 1,
    } as const;
    await service.table.commit([{ kind: 'put-lease', lease }], 'held', 1000);
    for (const asked of [
      { path, body: { key_alias: 'a', tpm_limit: 1 } },
      { path: '/key/delete', body: { key_aliases: ['a'] } },
    ]) {
      const answer = await untouched(service, () => ask(service, asked));
      expect([asked.path, answer.status]).toEqual([asked.path, 404]);
    }
  });
});

describe('an ordinary caller', () => {
  it('changes its own keys, also the one it calls with, and is named in the record', async () => {
    const service = await startedService();
    const caller = await issue(service, { user_id: 'ada' });
    const own = await issue(service, {}, caller.key);
    const body = { key: own.key_id, tpm_limit: 7 };
    const headers = { 'litellm-changed-by': 'somebody' };
    expect((await ask(service, { path, key: caller.key, headers, body })).status).toBe(200);
    expect(await recordOf(service, own.key_id)).toMatchObject({
      changed_by: 'ada',
      who: { principal: caller.key_id, changed_by_api_key: tokenHash(caller.key) },
      after: { updated_by: 'ada' },
    });
    const self = { path, key: own.key, body: { key: own.key, rpm_limit: 3 } };
    expect((await ask(service, self)).status).toBe(200);
  });

  it('does not change a key of its own that somebody else created', async () => {
    const service = await startedService();
    const { key } = await issue(service, { user_id: 'ada' });
    const answer = await untouched(service, () =>
      ask(service, { path, key, body: { key, tpm_limit: 7 } }),
    );
    expect(refusalIn(answer)).toEqual([403, null]);
  });

  it('with the name of the admin key does not change what that one created', async () => {
    const service = await startedService();
    const { key } = await issue(service, { user_id: 'default_user_id' });
    const answer = await untouched(service, () =>
      ask(service, { path, key, body: { key, tpm_limit: 7 } }),
    );
    expect(refusalIn(answer)).toEqual([403, null]);
  });

  it('without user id does not change itself: it is not the admin who created it', async () => {
    const service = await startedService();
    const { key } = await issue(service);
    const answer = await untouched(service, () =>
      ask(service, { path, key, body: { key, tpm_limit: 7 } }),
    );
    expect(refusalIn(answer)).toEqual([403, null]);
  });

  it('does not change a key of its own that is an admin’s', async () => {
    const service = await startedService();
    const caller = await issue(service, { user_id: 'ada' });
    const own = await issue(service, {}, caller.key);
    await ask(service, { path, body: { key: own.key_id, user_role: 'proxy_admin' } });
    const before = await everything(service);
    const body = { key: own.key_id, tpm_limit: 7 };
    expect((await ask(service, { path, key: caller.key, body })).status).toBe(403);
    expect(await everything(service)).toEqual(before);
  });
});
