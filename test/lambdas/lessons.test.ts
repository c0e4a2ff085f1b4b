/**
 * What users of other key services suffered, and what LiteLLM does that is not to be copied, as far as
 * changes of a key go: one test each. Held by name elsewhere:
 *
 * - delete tells the truth about unknown keys, counts both lists, leaves a record by alias too:
 *   delete-key, 'tells the truth about names that lead to no key', 'counts both lists, one of which may
 *   be null', 'finds %s by value, hash, id and alias'
 * - an alias is used again within the deletion window: delete-key, 'is used again at once, also %s'
 * - a key without alias: delete-key, 'removes the secret of a key without alias too'; regenerate-key,
 *   'keeps the name of the secret of a key without alias, and adds one version to it'
 * - a grace period that is stored is kept; a malformed one is refused: regenerate-key-overlap, 'is let
 *   in until exactly the end, though the reconciler never runs', 'of %j is a 400, and the key keeps its
 *   value'; another rotation in it says what it ended: 'ends it at once: answer and record say so'
 * - a regenerated expired key is not dead on arrival: regenerate-key-refusals, 'an expired key, whose
 *   new value would be dead on arrival'
 * - a value in use is refused: regenerate-key-refusals, 'where it is in use'
 * - a lost answer can be asked for again: changes-idempotency, 'is a 409 with Retry-After while the step
 *   is open', 'gets the first answer, and changes nothing'
 * - trouble with the table is a 503 and no 401: changes-trouble
 * - null clears, metadata is merged as documented, an unchanged budget_duration moves nothing:
 *   shared/domain/patch-of
 * - an expired key's former value, mails: regenerate-key, 'says until when the old value is let in'
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newKey, tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { startedService } from '../fakes/service.ts';
import {
  type Asked,
  actionsOf,
  ask,
  atRest,
  isLetIn,
  issue,
  recordOf,
  rowOf,
  untouched,
} from './fixtures/calls.ts';
import { type Service, storedText } from './fixtures/stored.ts';

const update = (service: Service, key: string, fields: object) =>
  ask(service, { path: '/key/update', body: { key, ...fields } });
const regenerate = (service: Service, key: string, fields: object = {}) =>
  ask(service, { path: '/key/regenerate', body: { key, ...fields } });

afterEach(() => vi.restoreAllMocks());

describe('secrets', () => {
  it('are the keys’ values and nobody else’s after any number of rotations, renames and deletes', async () => {
    const service = await startedService();
    const keys = [await issue(service, { key_alias: 'a' }), await issue(service)];
    for (const { key_id } of keys) {
      for (const fields of [{}, { key_alias: `${key_id}-1` }, {}, { key_alias: null }, {}]) {
        expect((await regenerate(service, key_id, fields)).status).toBe(200);
      }
      expect((await update(service, key_id, { key_alias: `${key_id}-2` })).status).toBe(200);
    }
    await ask(service, { path: '/key/delete', body: { keys: [keys[0]?.key_id] } });
    expect(await atRest(service)).toEqual([]);
    const live = [...service.secrets.secrets.values()].filter(
      ({ deletedAt }) => deletedAt === null,
    );
    expect(live).toHaveLength(1);
  });

  it('follow a rename, so that the next rotation finds them', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    await update(service, key_id, { key_alias: 'b' });
    const { status, body } = await regenerate(service, key_id);
    expect([status, service.secrets.current('litellm/b')]).toEqual([200, body.key]);
    expect(service.secrets.current('litellm/a')).toBeNull();
  });

  it('are rotated by a regenerate without a body too', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    const { body } = await ask(service, { path: `/key/${key_id}/regenerate` });
    expect(service.secrets.current('litellm/a')).toBe(body.key);
  });

  it('keep their tags when a rotation moves them to a new name', async () => {
    const service = await startedService({ secretTags: { cost: 'llm' } });
    const { key_id } = await issue(service, { key_alias: 'a', team_id: 't' });
    const { tags } = service.secrets.secrets.get('litellm/a') ?? {};
    await regenerate(service, key_id, { key_alias: 'b' });
    expect(service.secrets.secrets.get('litellm/b')?.tags).toEqual(tags);
    expect(tags).toMatchObject({ cost: 'llm', team_id: 't' });
  });

  it('that somebody left under the name are an error, not a silent success', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const theirs = { Name: 'litellm/b', SecretString: 'theirs' };
    service.secrets.service.createSecret({ ...theirs, ClientRequestToken: 'f'.repeat(32) });
    expect((await regenerate(service, key_id, { key_alias: 'b' })).status).toBe(409);
    expect((await update(service, key_id, { key_alias: 'b' })).status).toBe(409);
    expect(service.secrets.current('litellm/a')).toBe(key);
  });

  it('of the other keys are removed although one removal fails', async () => {
    const service = await startedService();
    const names = ['a', 'b', 'c'];
    for (const key_alias of names) await issue(service, { key_alias });
    service.secrets.trouble('refused');
    const { body } = await ask(service, { path: '/key/delete', body: { key_aliases: names } });
    expect(body.deleted_keys).toEqual(names);
    const isLive = (name: string) => service.secrets.current(`litellm/${name}`) !== null;
    expect(names.filter(isLive)).toHaveLength(1);
    expect(await atRest(service)).toEqual([]);
    expect(names.filter(isLive)).toEqual([]);
  });

  it.each(['-', 'ключ', 'a b', 'virtual-key-x', 'a=b', '/'])(
    'of an odd alias (%s) keep one name, rotation for rotation',
    async (key_alias) => {
      const service = await startedService();
      const { key_id } = await issue(service, { key_alias });
      const name = rowOf(service, key_id).secretName ?? '';
      for (const versions of [2, 3]) {
        const { body } = await regenerate(service, key_id);
        expect(service.secrets.current(name)).toBe(body.key);
        expect(service.secrets.secrets.get(name)?.versions.size).toBe(versions);
      }
      expect(service.secrets.secrets.size).toBe(1);
    },
  );
});

describe('another instance of the service', () => {
  it.each([
    ['a deleted', { path: '/key/delete' }, 401],
    ['a blocked', { path: '/key/block' }, 401],
    ['a rotated', { path: '/key/regenerate' }, 401],
    ['an expired', { path: '/key/update', fields: { duration: '0s' } }, 401],
    ['an updated', { path: '/key/update', fields: { user_role: 'proxy_admin_viewer' } }, 403],
  ])('refuses %s key with the very next request', async (_, { path, ...more }, status) => {
    const service = await startedService();
    const { key } = await issue(service, { user_id: 'ada' });
    const fields = 'fields' in more ? more.fields : {};
    const headers = { authorization: `Bearer ${key}` };
    const elsewhere = () =>
      service.sendThrough(service.processStores, { path: '/key/generate', headers, body: {} });
    expect((await elsewhere()).status).toBe(200);
    await ask(service, { path, body: { key, keys: [key], ...fields } });
    expect((await elsewhere()).status).toBe(status);
  });
});

describe('a key', () => {
  it('has an id that stays over all its values, and leads from any of them to the key', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service);
    const values = [key];
    for (let count = 0; count < 3; count += 1) {
      values.push((await regenerate(service, key_id)).body.key);
    }
    for (const value of values) {
      const { body } = await service.asAdmin({
        method: 'GET',
        path: `/key/info?key=${tokenHash(value)}`,
      });
      expect(body.info.key_id).toBe(key_id);
    }
  });

  it('that an update gives a month expires a calendar month from now', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const { body } = await update(service, key_id, { duration: '1mo' });
    expect(body.expires).toBe('2026-12-25T13:50:00.000Z');
  });

  it.each(['30 days', '1.5h', '30dx', 'x', '-5d'])(
    'takes no duration that is none (%s): a 400, not half of it',
    async (duration) => {
      const service = await startedService();
      const { key_id } = await issue(service, { duration: '1h' });
      for (const path of ['/key/update', '/key/regenerate']) {
        const body = { key: key_id, duration };
        const answer = await untouched(service, () => ask(service, { path, body }));
        expect([answer.status, answer.body.error.param]).toEqual([400, 'duration']);
      }
    },
  );

  it('is not rotated on every run: auto_rotate takes an interval', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    for (const path of ['/key/update', '/key/regenerate']) {
      const body = { key: key_id, auto_rotate: true };
      const answer = await untouched(service, () => ask(service, { path, body }));
      expect([answer.status, answer.body.error.param]).toEqual([400, 'rotation_interval']);
    }
  });

  it('is regenerated with soft_budget and send_invite_email in the body', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { user_email: 'ada@example.com' });
    const fields = { soft_budget: 3, send_invite_email: true };
    const { status, body } = await regenerate(service, key_id, fields);
    expect([status, body.litellm_budget_table.soft_budget]).toEqual([200, 3]);
  });

  it('takes the end of a temporary budget as a time', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const temporary = { temp_budget_increase: 5, temp_budget_expiry: '2026-12-01T00:00:00Z' };
    const { status, body } = await update(service, key_id, temporary);
    expect([status, body.metadata.temp_budget_expiry]).toEqual([200, '2026-12-01T00:00:00.000Z']);
  });

  it('gets an alias that another asks for at the same time, or the other does: never both', async () => {
    for (const path of ['/key/update', '/key/regenerate']) {
      const service = await startedService();
      const keys = [await issue(service), await issue(service), await issue(service)];
      const answers = await Promise.all(
        keys.map(({ key_id }) => ask(service, { path, body: { key: key_id, key_alias: 'a' } })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      for (const { status } of answers) expect([200, 400, 409]).toContain(status);
      expect(service.table.rows().filter(({ alias }) => alias === 'a')).toHaveLength(1);
      expect(await atRest(service)).toEqual([]);
    }
  });

  it('takes no alias of a live key by a regenerate', async () => {
    const service = await startedService();
    await issue(service, { key_alias: 'a' });
    const { key_id } = await issue(service);
    const answer = await untouched(service, () => regenerate(service, key_id, { key_alias: 'a' }));
    expect([answer.status, answer.body.error.param]).toEqual([400, 'key_alias']);
  });
});

describe('the record of a change', () => {
  it('is there for each: update to null, rotation, spend reset, block, delete by alias', async () => {
    const service = await startedService();
    const { key_id: key } = await issue(service, { key_alias: 'a', spend: 3, max_budget: 5 });
    await update(service, key, { max_budget: null });
    await regenerate(service, key);
    await ask(service, { path: `/key/${key}/reset_spend`, body: { reset_to: 0 } });
    await ask(service, { path: '/key/block', body: { key } });
    await ask(service, { path: '/key/unblock', body: { key } });
    await ask(service, { path: '/key/delete', body: { key_aliases: ['a'] } });
    expect(await actionsOf(service, key)).toEqual([
      'created',
      'updated',
      'rotated',
      'spend_reset',
      'blocked',
      'unblocked',
      'deleted',
    ]);
    expect(await atRest(service)).toEqual([]);
  });

  it('is not there before the change is: a block that fails leaves none', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service);
    const down = vi.spyOn(service.table, 'commit');
    down.mockImplementation(async () => ({ kind: 'throttled' }));
    expect((await ask(service, { path: '/key/block', body: { key: key_id } })).status).toBe(503);
    down.mockRestore();
    expect(await actionsOf(service, key_id)).toEqual(['created']);
    expect(await isLetIn(service, key)).toBe(true);
  });

  it('names who really did it beside whom the header names', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const admin = await issue(service, { user_id: 'root', user_role: 'proxy_admin' });
    await ask(service, {
      path: '/key/block',
      key: admin.key,
      headers: { 'litellm-changed-by': 'somebody else' },
      body: { key: key_id },
    });
    expect(await recordOf(service, key_id)).toMatchObject({
      changed_by: 'somebody else',
      who: { principal: admin.key_id, changed_by_api_key: admin.token },
    });
  });
});

describe('a key’s value', () => {
  const canary = newKey('0123456789ABCDEFG', seededRandom('canary').bytes);

  it('that is in the wrong place is stored, logged and repeated nowhere', async () => {
    let logged = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
      logged += String(line);
      return true;
    });
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    for (const value of [canary, key]) {
      const misplaced: readonly Asked[] = [
        { path: '/key/update', body: { key: key_id, key_alias: value } },
        { path: '/key/update', body: { key: key_id, metadata: { a: [value] } } },
        { path: '/key/update', body: { key: key_id, user_id: value } },
        { path: '/key/update', body: { key_alias: value, tpm_limit: 1 } },
        { path: '/key/regenerate', body: { key: key_id, metadata: { [value]: 1 } } },
        { path: '/key/regenerate', body: { key: key_id, grace_period: value } },
        { path: '/key/regenerate', body: { key: key_id, key_alias: `of ${value}` } },
        { path: `/key/${value}/nowhere`, body: {} },
        { path: '/key/delete', body: { key_aliases: [value] } },
        { path: '/key/delete', body: { keys: [`x${value}`] } },
        { path: '/key/block', body: { key: `x${value}` } },
        { path: `/key/x${value}/reset_spend`, body: { reset_to: 0 } },
        { path: '/key/update', headers: { 'idempotency-key': value }, body: { key: key_id } },
        { path: '/key/block', headers: { 'litellm-changed-by': value }, body: { key: key_id } },
      ];
      for (const asked of misplaced) {
        const { status, body } = await ask(service, asked);
        expect([asked.path, status >= 400 && status < 500]).toEqual([asked.path, true]);
        expect(JSON.stringify(body)).not.toContain(value);
      }
      expect(await storedText(service)).not.toContain(value);
      expect(JSON.stringify([...service.table.records])).not.toContain(value);
      expect(logged).not.toContain(value);
    }
  });

  it('is in no error, and neither is its hash, for who has proved nothing', async () => {
    const service = await startedService();
    const headers = { authorization: `Bearer ${canary}` };
    for (const path of ['/key/update', '/key/delete', '/key/block', '/key/regenerate']) {
      const { status, body } = await service.send({ path, headers, body: { key: canary } });
      expect(status).toBe(401);
      for (const told of [canary, canary.slice(-4), tokenHash(canary)]) {
        expect(JSON.stringify(body)).not.toContain(told);
      }
    }
  });

  it('is nowhere in the answer of the admin key’s rotation but under key', async () => {
    const service = await startedService();
    await service.provisionAdminSecret();
    const { body } = await regenerate(service, 'master');
    const { key, ...rest } = body;
    expect(JSON.stringify(rest)).not.toContain(key);
    expect(JSON.stringify(rest)).not.toContain(tokenHash(key));
    expect(rest.key_name).toBe(`sk-...${key.slice(-4)}`);
  });
});
