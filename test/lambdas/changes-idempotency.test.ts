/** `Idempotency-Key` on every route that changes a key: the first answer again, and never a second run. */
import { describe, expect, it, vi } from 'vitest';
import { startedService } from '../fakes/service.ts';
import {
  type Asked,
  actionsOf,
  ask,
  askUnder,
  atRest,
  type Born,
  everything,
  isLetIn,
  issue,
  rowOf,
  untouched,
} from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const headers = { 'idempotency-key': 'once' };
const once = (service: Service, asked: Asked) =>
  ask(service, { ...asked, headers: { ...headers, ...asked.headers } });

const silent = {
  update: ({ key }: Born) => ({ path: '/key/update', body: { key, tpm_limit: 7 } }),
  'update by alias': () => ({ path: '/key/update', body: { key_alias: 'a', tpm_limit: 7 } }),
  rename: ({ key_id }: Born) => ({ path: '/key/update', body: { key: key_id, key_alias: 'b' } }),
  block: ({ token }: Born) => ({ path: '/key/block', body: { key: token } }),
  unblock: ({ key_id }: Born) => ({ path: '/key/unblock', body: { key: key_id } }),
  'reset spend': ({ key_id }: Born) => ({
    path: `/key/${key_id}/reset_spend`,
    body: { reset_to: 1 },
  }),
} as const;
const telling = {
  regenerate: ({ key_id }: Born) => ({ path: '/key/regenerate', body: { key: key_id } }),
  'regenerate by path': ({ key_id }: Born) => ({ path: `/key/${key_id}/regenerate`, body: {} }),
  'regenerate to another alias': ({ key_id }: Born) => ({
    path: '/key/regenerate',
    body: { key: key_id, key_alias: 'b', grace_period: '1h' },
  }),
} as const;
const remove = ({ key_id }: Born) => ({ path: '/key/delete', body: { keys: [key_id] } });
const silentOnes = Object.entries<(born: Born) => Asked>(silent);
const tellingOnes = Object.entries<(born: Born) => Asked>(telling);
const all = [...silentOnes, ...tellingOnes, ['delete', remove] as const];

async function withKey(fields: object = {}) {
  const service = await startedService();
  const born = await issue(service, { key_alias: 'a', spend: 3, ...fields });
  return { service, born };
}

describe('a repeat of', () => {
  it.each(all)('%s gets the first answer, and changes nothing', async (_, of) => {
    const { service, born } = await withKey();
    const first = await once(service, of(born));
    expect(first.status).toBe(200);
    service.clock.advance(1000);
    const again = await untouched(service, () => once(service, of(born)));
    expect(again).toEqual(first);
    expect(await actionsOf(service, born.key_id)).toHaveLength(2);
  });

  it.each(all)('%s has no key in its record', async (_, of) => {
    const { service, born } = await withKey();
    const { body } = await once(service, of(born));
    const text = JSON.stringify([...service.table.records.values()]);
    expect(service.table.records.size).toBe(1);
    for (const key of [born.key, body.key]) {
      if (String(key).startsWith('sk-')) expect(text).not.toContain(key);
    }
  });

  it.each(all)('%s with another body is a 422 that changes nothing', async (_, of) => {
    const { service, born } = await withKey();
    const other = await issue(service);
    const asked = of(born);
    await once(service, asked);
    const body = { key: other.key_id, keys: [other.key_id], reset_to: 2 };
    const answer = await untouched(service, () => once(service, { ...asked, body }));
    expect([answer.status, answer.body.error.type]).toEqual([422, 'idempotency_key_reused']);
  });

  it.each(all)(
    '%s by another caller is a call of its own, and sees nothing of the first',
    async (name, of) => {
      const { service, born } = await withKey();
      const other = await issue(service, { user_id: 'root', user_role: 'proxy_admin' });
      const first = await once(service, of(born));
      const second = await once(service, { ...of(born), key: other.key });
      expect([name, second.status]).toEqual([name, name === 'delete' ? 404 : 200]);
      if (name in telling) expect(second.body.key).not.toBe(first.body.key);
      expect(await actionsOf(service, born.key_id)).toHaveLength(name === 'delete' ? 2 : 3);
    },
  );

  it.each(all)(
    '%s at once: one runs, the other is told to wait, and can ask again',
    async (_, of) => {
      const { service, born } = await withKey();
      const answers = await Promise.all([once(service, of(born)), once(service, of(born))]);
      const won = answers.find(({ status }) => status === 200);
      const lost = answers.find(({ status }) => status === 409);
      expect([won?.status, lost?.status]).toEqual([200, 409]);
      expect(lost?.headers['retry-after']).toBeDefined();
      expect((await once(service, of(born))).body).toEqual(won?.body);
      expect(await actionsOf(service, born.key_id)).toHaveLength(2);
      expect(await atRest(service)).toEqual([]);
    },
  );

  it.each(all)('%s that was refused runs afresh', async (_, of) => {
    const { service, born } = await withKey();
    const down = vi.spyOn(service.table, 'commit');
    down.mockImplementation(async () => ({ kind: 'throttled' }));
    expect((await once(service, of(born))).status).toBe(503);
    down.mockRestore();
    expect(service.table.records.size).toBe(0);
    expect((await once(service, of(born))).status).toBe(200);
  });

  it.each(all)('%s a day later is a call of its own', async (_, of) => {
    const { service, born } = await withKey();
    expect((await once(service, of(born))).status).toBe(200);
    service.clock.advance(86_400_000);
    await once(service, of(born));
    const { length } = await actionsOf(service, born.key_id);
    expect(length === 3 || rowOf(service, born.key_id).status === 'deleted').toBe(true);
  });

  it.each(['', 'a b', 'x'.repeat(256)])('any with the header %j is a 400', async (header) => {
    const { service, born } = await withKey();
    for (const [, of] of all) {
      const asked = { ...of(born), headers: { 'idempotency-key': header } };
      const answer = await untouched(service, () => ask(service, asked));
      expect([answer.status, answer.body.error.param]).toEqual([400, 'Idempotency-Key']);
    }
  });
});

describe('a repeat that comes while the first attempt is taken back', () => {
  const attempts = [
    ['generate', (): Asked => ({ path: '/key/generate', body: { key_alias: 'b' } })],
    ['rename', silent.rename],
    ...tellingOnes,
  ] as const;

  it.each(attempts)('is told to try again, and not what was not done: %s', async (_, of) => {
    const { service, born } = await withKey();
    const { table, secrets } = service;
    secrets.trouble('throttled');
    const begun = Promise.withResolvers<void>();
    const found = Promise.withResolvers<void>();
    const wait = async () => {
      begun.resolve();
      await found.promise;
    };
    const create = secrets.create.bind(secrets);
    const put = secrets.put.bind(secrets);
    vi.spyOn(secrets, 'create').mockImplementationOnce((...given) =>
      wait().then(() => create(...given)),
    );
    vi.spyOn(secrets, 'put').mockImplementationOnce((...given) => wait().then(() => put(...given)));
    const first = once(service, of(born));
    await begun.promise;
    // The repeat finds the record and the open step; before it looks at the key again, both are gone.
    const load = table.load.bind(table);
    vi.spyOn(table, 'load').mockImplementationOnce(async (...given) => {
      const loaded = await load(...given);
      expect(loaded.record).not.toBeNull();
      found.resolve();
      expect((await first).status).toBe(503);
      return loaded;
    });
    const { status, headers: told } = await once(service, of(born));
    expect([status, told['retry-after']]).toEqual([409, '1']);
    expect((await once(service, of(born))).status).toBe(200);
    expect(await atRest(service)).toEqual([]);
  });
});

describe('a first answer without a value', () => {
  it.each(silentOnes)('is told again whatever has become of the key since: %s', async (_, of) => {
    const { service, born } = await withKey();
    const first = await once(service, of(born));
    const { key_id: key } = born;
    for (const asked of [
      { path: '/key/update', body: { key, rpm_limit: 9, key_alias: 'z' } },
      { path: '/key/regenerate', body: { key } },
      { path: '/key/delete', body: { keys: [key] } },
    ]) {
      expect((await ask(service, asked)).status).toBe(200);
      expect(await untouched(service, () => once(service, of(born)))).toEqual(first);
    }
  });

  it('is told to nobody who does not own the key any more', async () => {
    const service = await startedService();
    const caller = await issue(service, { user_id: 'ada' });
    const born = await issue(service, {}, caller.key);
    const asked = { ...silent.update(born), key: caller.key };
    expect((await once(service, asked)).status).toBe(200);
    await ask(service, { path: '/key/update', body: { key: born.key_id, user_id: 'bob' } });
    const answer = await untouched(service, () => once(service, asked));
    expect(answer.status).toBe(403);
  });
});

describe('a first answer with a value', () => {
  it.each(tellingOnes)('is told again after other changes of the key: %s', async (_, of) => {
    const { service, born } = await withKey();
    const { body } = await once(service, of(born));
    const { key_id: key } = born;
    await ask(service, { path: '/key/update', body: { key, rpm_limit: 9 } });
    await ask(service, { path: '/key/update', body: { key, key_alias: 'z' } });
    await ask(service, { path: '/key/block', body: { key } });
    const again = await untouched(service, () => once(service, of(born)));
    expect([again.status, again.body.key]).toEqual([200, body.key]);
  });

  it.each(tellingOnes)('is never an old value: %s', async (_, of) => {
    const { service, born } = await withKey();
    const first = await once(service, of(born));
    await ask(service, {
      path: '/key/regenerate',
      body: { key: born.key_id, grace_period: '1h' },
    });
    const { status, body } = await untouched(service, () => once(service, of(born)));
    expect([status, body.error.type]).toEqual([409, 'idempotency_superseded']);
    expect(body.error.message).toContain(born.key_id);
    expect(JSON.stringify(body)).not.toContain(first.body.key);
  });

  it.each(tellingOnes)('is gone with the key: %s', async (_, of) => {
    const { service, born } = await withKey();
    await once(service, of(born));
    await ask(service, remove(born));
    const { status, body } = await untouched(service, () => once(service, of(born)));
    expect([status, body.error.type]).toEqual([410, 'key_deleted']);
    expect(body.error.message).toContain(born.key_id);
  });

  it.each(tellingOnes)('that is kept nowhere is a 409 that names the key: %s', async (_, of) => {
    const { service, born } = await withKey({ store_secret: false });
    expect((await once(service, of(born))).status).toBe(200);
    const { status, body } = await untouched(service, () => once(service, of(born)));
    expect([status, body.error.type]).toEqual([409, 'idempotency_superseded']);
    expect(body.error.message).toContain('regenerate');
  });

  it.each(tellingOnes)('is a 409 with Retry-After while the step is open: %s', async (_, of) => {
    const { service, born } = await withKey();
    service.secrets.trouble('lost-answer', 'lost-answer');
    expect((await once(service, of(born))).status).toBe(503);
    const { status, headers: told } = await untouched(service, () => once(service, of(born)));
    expect([status, told['retry-after']]).toEqual([409, '5']);
    expect(await atRest(service)).toEqual([]);
    const again = await once(service, of(born));
    expect([again.status, await isLetIn(service, again.body.key)]).toEqual([200, true]);
    expect(await actionsOf(service, born.key_id)).toEqual(['created', 'rotated']);
  });

  it.each(tellingOnes)(
    'is a 503 where the secret cannot be read, never a new run: %s',
    async (_, of) => {
      const { service, born } = await withKey();
      await once(service, of(born));
      service.secrets.read = async () => ({ kind: 'throttled', reason: 'Injected' });
      const { status, headers: told } = await untouched(service, () => once(service, of(born)));
      expect([status, told['retry-after']]).toEqual([503, '5']);
    },
  );

  it('is told to nobody whom the key has risen above since', async () => {
    const service = await startedService();
    const caller = await issue(service, { user_id: 'ada' });
    const born = await issue(service, {}, caller.key);
    const asked = { ...telling.regenerate(born), key: caller.key };
    const { body } = await once(service, asked);
    const raise = { key: born.key_id, user_role: 'proxy_admin' };
    await ask(service, { path: '/key/update', body: raise });
    const answer = await untouched(service, () => once(service, asked));
    expect(answer.status).toBe(403);
    expect(JSON.stringify(answer.body)).not.toContain(body.key);
  });

  it('of a key that regenerated itself can be asked for with the old value for five minutes', async () => {
    const { service, born } = await withKey({ user_id: 'ada' });
    const asked = { ...telling.regenerate(born), key: born.key };
    const first = await once(service, asked);
    service.clock.advance(299_999);
    expect(await once(service, asked)).toEqual(first);
    service.clock.advance(1);
    expect((await once(service, asked)).status).toBe(401);
    expect((await once(service, { ...asked, key: first.body.key })).body.key).toBe(first.body.key);
  });
});

describe('a delete of several keys', () => {
  async function withKeys(count: number) {
    const service = await startedService();
    const keys: string[] = [];
    for (let index = 0; index < count; index += 1) {
      keys.push((await issue(service, { key_alias: `a${index}` })).key_id);
    }
    return { service, keys, asked: { path: '/key/delete', headers, body: { keys } } };
  }

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    'whose process dies at call %i goes on where it stopped, and answers for all',
    async (call) => {
      const { service, keys, asked } = await withKeys(3);
      const { isDead } = await askUnder(service, new Map([[call, 'die-after']]), asked);
      expect(isDead).toBe(true);
      const again = await ask(service, asked);
      expect(again.body).toEqual({ deleted_keys: keys, failed_tokens: [] });
      for (const key of keys) {
        expect(await actionsOf(service, key)).toEqual(['created', 'deleted']);
        expect(await isLetIn(service, key)).toBe(false);
      }
      expect((await ask(service, asked)).body).toEqual(again.body);
      expect(await atRest(service)).toEqual([]);
    },
  );

  it('goes no further where the caller may not delete what is left of it any more', async () => {
    for (const fields of [{ user_id: 'bob' }, { user_role: 'proxy_admin' }]) {
      const service = await startedService();
      const caller = await issue(service, { user_id: 'ada' });
      const one = await issue(service, {}, caller.key);
      const two = await issue(service, {}, caller.key);
      const keys = [one.key_id, two.key_id];
      const asked = { path: '/key/delete', headers, key: caller.key, body: { keys } };
      await askUnder(service, new Map([[2, 'die-after']]), asked);
      await ask(service, { path: '/key/update', body: { key: two.key_id, ...fields } });
      expect((await ask(service, asked)).status).toBe(403);
      expect(await isLetIn(service, two.key)).toBe(true);
    }
  });

  it('keeps one operation id over the crash', async () => {
    const { service, keys, asked } = await withKeys(3);
    await askUnder(service, new Map([[4, 'die-after']]), asked);
    await ask(service, asked);
    await service.deliver();
    const ids = keys.map((key) => service.trail.of(key).at(-1)?.['operation_id']);
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toEqual(expect.any(String));
  });

  it('tells again which names led to no key, though one of them does by now', async () => {
    const { service, keys } = await withKeys(1);
    const asked = { path: '/key/delete', headers, body: { keys, key_aliases: ['later'] } };
    const first = await ask(service, asked);
    expect(first.body).toEqual({ deleted_keys: keys, failed_tokens: ['later'] });
    const later = await issue(service, { key_alias: 'later' });
    expect(await untouched(service, () => ask(service, asked))).toEqual(first);
    expect(await isLetIn(service, later.key)).toBe(true);
  });

  it('never hits the next key of an alias that was deleted by it', async () => {
    const service = await startedService();
    await issue(service, { key_alias: 'a' });
    const asked = { path: '/key/delete', headers, body: { key_aliases: ['a'] } };
    const first = await ask(service, asked);
    const next = await issue(service, { key_alias: 'a' });
    expect(await untouched(service, () => ask(service, asked))).toEqual(first);
    expect(await isLetIn(service, next.key)).toBe(true);
  });

  it('that found none leaves no record, so that a later one runs', async () => {
    const service = await startedService();
    const asked = { path: '/key/delete', headers, body: { key_aliases: ['a'] } };
    const before = await everything(service);
    expect((await ask(service, asked)).status).toBe(404);
    expect(await everything(service)).toEqual(before);
    await issue(service, { key_alias: 'a' });
    expect((await ask(service, asked)).status).toBe(200);
  });
});
