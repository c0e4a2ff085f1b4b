/** `POST /key/delete`: what is ended, what is told, and what becomes of secrets and aliases. */
import { describe, expect, it } from 'vitest';
import { maskedName } from '../../lambdas/shared/domain/key-format.ts';
import { tombstone } from '../../lambdas/shared/domain/tombstone.ts';
import { startedService } from '../fakes/service.ts';
import {
  actionsOf,
  ask,
  atRest,
  isLetIn,
  issue,
  labelled,
  recordOf,
  rowOf,
  unknownNames,
} from './fixtures/calls.ts';
import { type Service, storedText } from './fixtures/stored.ts';

const path = '/key/delete';
const deleted = (service: Service, ...keys: string[]) => ask(service, { path, body: { keys } });

describe('delete-key', () => {
  it('refuses the key from then on, schedules its secret and frees its alias', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { key_alias: 'a', user_id: 'ada' });
    const { status, body } = await deleted(service, key);
    expect([status, body]).toEqual([200, { deleted_keys: [key], failed_tokens: [] }]);
    const refused = await service.generate({}, key);
    expect([refused.status, refused.body.error.message]).toEqual([
      401,
      expect.stringContaining('deleted'),
    ]);
    expect(service.secrets.secrets.get('litellm/a')?.deletedAt).toBe(
      Date.parse('2026-12-02T13:50:00.000Z'),
    );
    expect(service.table.lease('a')).toMatchObject({
      state: 'free',
      keyId: key_id,
      deletedAt: '2026-11-25T13:50:00.000Z',
    });
    expect(rowOf(service, key_id)).toMatchObject({ status: 'deleted', intent: null, seq: 2 });
    expect(await storedText(service)).not.toContain(key);
    expect(await atRest(service)).toEqual([]);
  });

  it('leaves a record with the row before and nothing after, and has the owner mailed', async () => {
    const service = await startedService();
    const { key_id, token } = await issue(service, { max_budget: 5, user_email: 'a@example.com' });
    const headers = { 'litellm-changed-by': 'ci' };
    await ask(service, { path, headers, body: { keys: [token] } });
    expect(await recordOf(service, key_id)).toMatchObject({
      action: 'deleted',
      object_id: token,
      changed_by: 'ci',
      before: { max_budget: 5 },
      after: {},
    });
    const subject = expect.stringContaining('API Key Deleted');
    expect(service.mailer.inbox).toMatchObject([{ to: 'a@example.com', subject }]);
    expect(service.mailer.inbox[0]?.text).toContain('was deleted by ci.');
  });

  it.each([
    ['an issued key', {}],
    ['a chosen key', { key: 'sk-chosen-by-somebody' }],
  ])('finds %s by value, hash, id and alias', async (_, fields) => {
    for (const by of ['key', 'token', 'key_id', 'alias'] as const) {
      const service = await startedService();
      const born = { ...(await issue(service, { key_alias: 'a', ...fields })), alias: 'a' };
      const body = by === 'alias' ? { key_aliases: ['a'] } : { keys: [born[by]] };
      const answer = await ask(service, { path, body });
      expect(answer.body).toEqual({ deleted_keys: [born[by]], failed_tokens: [] });
      expect(rowOf(service, born.key_id).status).toBe('deleted');
      expect(await actionsOf(service, born.key_id)).toEqual(['created', 'deleted']);
    }
  });

  it('counts both lists, one of which may be null', async () => {
    const service = await startedService();
    const first = await issue(service);
    await issue(service, { key_alias: 'b' });
    await issue(service, { key_alias: 'c' });
    const both = { keys: [first.key_id], key_aliases: ['b'] };
    expect((await ask(service, { path, body: both })).body.deleted_keys).toEqual([
      first.key_id,
      'b',
    ]);
    const body = { keys: null, key_aliases: ['c'] };
    expect((await ask(service, { path, body })).body.deleted_keys).toEqual(['c']);
  });

  it('deletes a key once that is named several times, and tells all its names', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { key_alias: 'a' });
    const keys = [key, token, key_id, key_id];
    const { body } = await ask(service, { path, body: { keys, key_aliases: ['a'] } });
    expect(body).toEqual({ deleted_keys: [...keys, 'a'], failed_tokens: [] });
    expect(await actionsOf(service, key_id)).toEqual(['created', 'deleted']);
    expect(service.secrets.calls).toBe(2);
  });

  it('tells the truth about names that lead to no key: masked where they may be keys', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const gone = await issue(service);
    await deleted(service, gone.key_id);
    const keys = [...unknownNames, gone.key, key_id];
    const { status, body } = await ask(service, { path, body: { keys, key_aliases: ['nobody'] } });
    expect(status).toBe(200);
    expect(body).toEqual({
      deleted_keys: [key_id],
      failed_tokens: [
        maskedName('sk-no-such-custom-key'),
        'ffff...ffff',
        '0123456789ABCDEFG',
        'sk-...',
        maskedName(gone.key),
        'nobody',
      ],
    });
  });

  it('leaves a record for each key, all under one operation', async () => {
    const service = await startedService();
    const [one, two] = [await issue(service), await issue(service)];
    await deleted(service, one.key_id, two.key_id);
    const records = [await recordOf(service, one.key_id), await recordOf(service, two.key_id)];
    expect(records.map(({ action }) => action)).toEqual(['deleted', 'deleted']);
    expect(records[0]?.['operation_id']).toEqual(expect.any(String));
    expect(records[0]?.['operation_id']).toBe(records[1]?.['operation_id']);
  });

  it('removes the secret of a key without alias too', async () => {
    const service = await startedService();
    const { token, key_id } = await issue(service);
    await ask(service, { path: '/key/regenerate', body: { key: key_id } });
    await deleted(service, key_id);
    const secret = service.secrets.secrets.get(`litellm/virtual-key-${token}`);
    expect(secret?.deletedAt).not.toBeNull();
  });

  it('of a key without a secret calls no Secrets Manager', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a', store_secret: false });
    expect((await deleted(service, key_id)).status).toBe(200);
    expect(service.secrets.calls).toBe(0);
    expect(service.table.lease('a')?.state).toBe('free');
    expect(rowOf(service, key_id).intent).toBeNull();
  });

  it('ends both values of an overlap, expired and blocked keys', async () => {
    const service = await startedService();
    const old = await issue(service, { user_id: 'ada' });
    const { body: young } = await ask(service, {
      path: '/key/regenerate',
      body: { key: old.key_id, grace_period: '1h' },
    });
    const expired = await issue(service, { duration: '0s' });
    const blocked = await issue(service, { blocked: true });
    const { body } = await deleted(service, old.key, expired.key, blocked.key);
    expect(body.failed_tokens).toEqual([]);
    expect([await isLetIn(service, old.key), await isLetIn(service, young.key)]).toEqual([
      false,
      false,
    ]);
    expect(await atRest(service)).toEqual([]);
    expect(await actionsOf(service, old.key_id)).toEqual(['created', 'rotated', 'deleted']);
  });

  it('takes a hundred keys', async () => {
    const service = await startedService();
    const keys: string[] = [];
    for (let count = 0; count < 100; count += 1) keys.push((await issue(service)).key_id);
    expect((await deleted(service, ...keys)).body.deleted_keys).toEqual(keys);
    expect(service.table.rows().filter(({ status }) => status === 'active')).toHaveLength(1);
    expect(service.table.rows().every(({ intent }) => intent === null)).toBe(true);
  });

  it('has row and hashes removed once retention is over, and lets show it until then', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service);
    await deleted(service, key);
    service.clock.advance(89 * 86_400_000);
    service.table.removeExpired();
    const shown = await service.asAdmin({ method: 'GET', path: `/key/info?key=${token}` });
    expect([shown.status, shown.body.info.status]).toEqual([200, 'deleted']);
    service.clock.advance(2 * 86_400_000);
    service.table.removeExpired();
    expect([service.table.row(key_id), service.table.pointer(token)]).toEqual([null, null]);
    expect(await isLetIn(service, key)).toBe(false);
  });
});

describe('an alias whose key was deleted', () => {
  it.each([
    ['once', []],
    ['after a rename away and back', ['b', 'a']],
  ])(
    'is used again at once, also %s: the new value current, the old one nowhere',
    async (_, way) => {
      const service = await startedService();
      const first = await issue(service, { key_alias: 'a' });
      for (const key_alias of way) {
        await ask(service, { path: '/key/update', body: { key: first.key_id, key_alias } });
      }
      await ask(service, { path, body: { key_aliases: ['a'] } });
      const second = await issue(service, { key_alias: 'a' });
      expect(labelled(service, 'litellm/a', 'AWSCURRENT')).toBe(second.key);
      expect(labelled(service, 'litellm/a', 'AWSPREVIOUS')).toBe(tombstone);
      expect(service.secrets.secrets.get('litellm/a')?.tags['key_id']).toBe(second.key_id);
      expect(await atRest(service)).toEqual([]);
    },
  );

  it('is used again under either name after a delete of a key that had renamed itself', async () => {
    const service = await startedService();
    const first = await issue(service, { key_alias: 'a' });
    await ask(service, { path: '/key/update', body: { key: first.key_id, key_alias: 'b' } });
    await deleted(service, first.key_id);
    for (const key_alias of ['a', 'b']) {
      const { key } = await issue(service, { key_alias });
      expect(labelled(service, `litellm/${key_alias}`, 'AWSCURRENT')).toBe(key);
      expect(labelled(service, `litellm/${key_alias}`, 'AWSPREVIOUS')).toBe(tombstone);
    }
    expect(await atRest(service)).toEqual([]);
  });

  it('is a 409 with Retry-After as long as its secret is not truly gone', async () => {
    const service = await startedService();
    await issue(service, { key_alias: 'a' });
    service.secrets.trouble('throttled');
    expect((await ask(service, { path, body: { key_aliases: ['a'] } })).status).toBe(200);
    const { status, headers } = await service.generate({ key_alias: 'a' });
    expect([status, headers['retry-after']]).toEqual([409, '5']);
    expect(await atRest(service)).toEqual([]);
    expect((await service.generate({ key_alias: 'a' })).status).toBe(200);
  });
});

describe('a delete over a step that is open', () => {
  it.each([
    ['a regenerate', { path: '/key/regenerate', body: {} }],
    ['a regenerate to another alias', { path: '/key/regenerate', body: { key_alias: 'b' } }],
    ['a rename', { path: '/key/update', body: { key_alias: 'b' } }],
  ])(
    'of %s answers 200, and the reconciler removes every secret',
    async (_, { path: of, body }) => {
      for (const how of ['lost-answer', 'unanswered'] as const) {
        const service = await startedService();
        const { key, key_id } = await issue(service, { key_alias: 'a' });
        service.secrets.trouble(how, how);
        expect((await ask(service, { path: of, body: { key: key_id, ...body } })).status).toBe(503);
        const { calls } = service.secrets;
        expect((await deleted(service, key_id)).status).toBe(200);
        expect(await isLetIn(service, key)).toBe(false);
        // The calls of the step may still arrive: none is made against them.
        expect(service.secrets.calls).toBe(calls);
        expect(await atRest(service)).toEqual([]);
        for (const alias of ['a', 'b']) {
          expect(service.secrets.current(`litellm/${alias}`)).toBeNull();
          expect([alias, (await service.generate({ key_alias: alias })).status]).toEqual([
            alias,
            200,
          ]);
        }
      }
    },
  );

  it('has the pointer of the value that was never told removed with the others', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    service.secrets.trouble('unanswered', 'unanswered');
    await ask(service, { path: '/key/regenerate', body: { key: key_id } });
    const pending = rowOf(service, key_id).intent?.hash ?? '';
    await deleted(service, key_id);
    expect(await atRest(service)).toEqual([]);
    service.clock.advance(91 * 86_400_000);
    service.table.removeExpired();
    expect(service.table.pointer(pending)).toBeNull();
  });
});

describe('deletes at once', () => {
  it('of one key end it once; the loser is told that there is none', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    const answers = await Promise.all([deleted(service, key_id), deleted(service, key_id)]);
    expect(answers.map(({ status }) => status).sort((left, right) => left - right)).toEqual([
      200, 404,
    ]);
    expect(await actionsOf(service, key_id)).toEqual(['created', 'deleted']);
    expect(await atRest(service)).toEqual([]);
  });

  it('win against any number of updates', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const commit = service.table.commit.bind(service.table);
    let overtaken = 0;
    service.table.commit = async (writes, token, limitMs) => {
      if (overtaken >= 5) return commit(writes, token, limitMs);
      overtaken += 1;
      const row = rowOf(service, key_id);
      await commit([{ kind: 'replace-row', row: { ...row, rev: row.rev + 1 } }], token, limitMs);
      return commit(writes, `${token.slice(0, 35)}x`, limitMs);
    };
    expect((await deleted(service, key_id)).status).toBe(200);
    expect(rowOf(service, key_id).status).toBe('deleted');
  });
});

describe('a delete of several keys of which one cannot be written', () => {
  it('is a 503 once all is quiet: nothing goes on behind the answer', async () => {
    const service = await startedService();
    const keys = await Promise.all(
      Array.from({ length: 5 }, async () => (await issue(service)).key_id),
    );
    const commit = service.table.commit.bind(service.table);
    let isAnswered = false;
    let late = 0;
    let isFirst = true;
    service.table.commit = async (writes, token, limitMs) => {
      if (isFirst) {
        isFirst = false;
        return { kind: 'throttled' };
      }
      await new Promise((soon) => setImmediate(soon));
      if (isAnswered) late += 1;
      return commit(writes, token, limitMs);
    };
    const { status, headers } = await deleted(service, ...keys);
    isAnswered = true;
    expect([status, headers['retry-after']]).toEqual([503, expect.any(String)]);
    await new Promise((soon) => setImmediate(soon));
    expect(late).toBe(0);
    service.table.commit = commit;
    expect(await atRest(service)).toEqual([]);
  });
});
