/** Corners of changes that a review found, each as what must be true there. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { ask, askUnder, atRest, issue, refusalIn, rowOf, untouched } from './fixtures/calls.ts';

const admin = { user_role: 'proxy_admin' };
const custom = 'sk-chosen-0123456789abcdef';

describe('allowed_routes', () => {
  it.each([['/key/info'], [''], ['/'], ['/key/info/*']])(
    'of %j open no route through what stands in a path',
    async (...allowed_routes) => {
      const service = await startedService();
      const { key } = await issue(service, { ...admin, allowed_routes });
      const { key_id } = await issue(service, admin);
      const asked = { path: '/key/info/regenerate', body: { key: key_id }, key };
      const { status } = await untouched(service, () => ask(service, asked));
      expect(status).toBe(403);
    },
  );

  it.each([['/key/{key}/regenerate'], ['/key/*'], ['/key'], ['management_routes']])(
    'of %j include the route',
    async (...allowed_routes) => {
      const service = await startedService();
      const { key } = await issue(service, { ...admin, allowed_routes });
      const { key_id } = await issue(service);
      const { status } = await ask(service, { path: `/key/${key_id}/regenerate`, key });
      expect(status).toBe(200);
    },
  );
});

describe('litellm-changed-by', () => {
  it.each([
    ['/key/block', (key: string) => ({ key })],
    ['/key/unblock', (key: string) => ({ key })],
    ['/key/update', (key: string) => ({ key, tpm_limit: 1 })],
    ['/key/regenerate', (key: string) => ({ key })],
    ['/key/delete', (key: string) => ({ keys: [key] })],
  ])('is no chosen key, on %s', async (path, bodyOf) => {
    const service = await startedService();
    const { key_id } = await issue(service, { key: custom });
    const headers = { 'litellm-changed-by': custom };
    const asked = { path, body: bodyOf(key_id), headers };
    const answer = await untouched(service, () => ask(service, asked));
    expect(refusalIn(answer)).toEqual([400, 'litellm-changed-by']);
  });

  it.each(['erik.lisk-johannsen@example.com', 'task-force-of-the-platform'])(
    'may be %s',
    async (name) => {
      const service = await startedService();
      const { key_id } = await issue(service);
      const headers = { 'litellm-changed-by': name };
      const { status } = await ask(service, { path: '/key/block', body: { key: key_id }, headers });
      expect(status).toBe(200);
    },
  );
});

describe('a key that is bound', () => {
  it.each([{ models: ['small'] }, { duration: '1h' }, { max_budget: 1 }, { tpm_limit: 5 }])(
    'by %j gives no new value to a sibling that is not',
    async (bound) => {
      const service = await startedService();
      const { key } = await issue(service, { user_id: 'ada', ...bound });
      const { key_id } = await issue(service, { user_id: 'ada' });
      const asked = { path: '/key/regenerate', body: { key: key_id }, key };
      const { status } = await untouched(service, () => ask(service, asked));
      expect(status).toBe(403);
    },
  );

  it('gives a new value to a sibling that has no more, and to itself', async () => {
    const service = await startedService();
    const bound = { user_id: 'ada', models: ['small'], max_budget: 1 };
    const { key } = await issue(service, bound);
    const sibling = await issue(service, { ...bound, max_budget: 0.5 });
    for (const target of [sibling.key, key]) {
      const { status } = await ask(service, {
        path: '/key/regenerate',
        body: { key: target },
        key,
      });
      expect(status).toBe(200);
    }
  });

  it.each([{ aliases: { small: 'huge' } }, { budget_fallbacks: { small: ['huge'] } }])(
    'to models reaches no other by %j',
    async (fields) => {
      const service = await startedService();
      const { key } = await issue(service, { user_id: 'ada', models: ['small'] });
      const { status, body } = await service.generate(fields, key);
      expect([status, body.error.param]).toEqual([400, Object.keys(fields)[0]]);
    },
  );
});

describe('a rename that a delete cut short', () => {
  it('is not told as done when it is repeated', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    const headers = { 'idempotency-key': 'once' };
    const rename = { path: '/key/update', body: { key: key_id, key_alias: 'b' }, headers };
    service.secrets.trouble('unanswered', 'unanswered');
    expect((await ask(service, rename)).status).toBe(503);
    expect((await ask(service, { path: '/key/delete', body: { keys: [key_id] } })).status).toBe(
      200,
    );
    expect((await ask(service, rename)).status).toBe(404);
    expect(await atRest(service)).toEqual([]);
    expect((await ask(service, rename)).status).toBe(404);
  });
});

describe("somebody else's secret", () => {
  it('that is scheduled long after ours was is not taken over', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    await ask(service, { path: '/key/delete', body: { keys: [key_id] } });
    service.clock.advance(9 * 86_400_000);
    const { service: manager } = service.secrets;
    manager.createSecret({
      Name: 'litellm/a',
      SecretString: 'theirs',
      ClientRequestToken: 'f'.repeat(32),
    });
    manager.deleteSecret({ SecretId: 'litellm/a', RecoveryWindowInDays: 7 });
    expect((await service.generate({ key_alias: 'a' })).status).toBe(409);
    expect([...(manager.stored('litellm/a')?.versions.values() ?? [])]).toHaveLength(1);
  });

  it('under the name of a rename that was cut short is not taken for ours later', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    service.secrets.service.createSecret({
      Name: 'litellm/b',
      SecretString: 'theirs',
      ClientRequestToken: 'f'.repeat(32),
    });
    service.secrets.trouble('unanswered', 'unanswered');
    await ask(service, { path: '/key/update', body: { key: key_id, key_alias: 'b' } });
    await ask(service, { path: '/key/delete', body: { keys: [key_id] } });
    expect(await atRest(service)).toEqual([]);
    expect(service.table.lease('b')).toMatchObject({ state: 'free', deletedAt: null });
    expect(service.table.lease('a')?.deletedAt).not.toBeNull();
  });
});

describe('a change while a step is open', () => {
  it('outlives a replacement of metadata that was asked for before it', async () => {
    const service = await startedService();
    const alice = await issue(service, { user_id: 'ada' });
    const { key_id } = await issue(service, { key_alias: 'a' }, alice.key);
    const rename = { key: key_id, key_alias: 'b', metadata: { x: 1 } };
    service.secrets.trouble('unanswered', 'unanswered');
    await ask(service, { path: '/key/update', body: rename, key: alice.key });
    const restrict = { key: key_id, throttle_on_budget_exceeded: true };
    expect((await ask(service, { path: '/key/update', body: restrict })).status).toBe(200);
    // The create arrives late, so the rename is settled.
    const { intent } = rowOf(service, key_id);
    service.secrets.service.createSecret({
      Name: 'litellm/b',
      SecretString: service.secrets.current('litellm/a') ?? '',
      ClientRequestToken: intent?.ver ?? '',
      Tags: [
        { Key: 'latchkey:env', Value: 'test' },
        { Key: 'key_id', Value: key_id },
      ],
    });
    expect(await atRest(service)).toEqual([]);
    expect(rowOf(service, key_id)).toMatchObject({
      alias: 'b',
      key: { metadata: { x: 1, throttle_on_budget_exceeded: true } },
    });
  });

  it('must keep the rules with what the step will do', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    service.secrets.trouble('unanswered', 'unanswered');
    const rotation = { auto_rotate: true, rotation_interval: '30d' };
    const rename = { key: key_id, key_alias: 'b', ...rotation };
    await ask(service, { path: '/key/update', body: rename });
    expect(rowOf(service, key_id).intent).not.toBeNull();
    const body = { key: key_id, rotation_interval: null };
    const answer = await untouched(service, () => ask(service, { path: '/key/update', body }));
    expect(refusalIn(answer)).toEqual([400, 'rotation_interval']);
  });
});

describe('bad input', () => {
  it('is a spend that cannot be stored', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { spend: 5 });
    const asked = { path: `/key/${key_id}/reset_spend`, body: { reset_to: 1e-140 } };
    expect(refusalIn(await ask(service, asked))).toEqual([400, 'reset_to']);
  });

  it.each([true, false])('is the present value as the new one (store_secret %s)', async (store) => {
    const service = await startedService();
    const { key_id } = await issue(service, { key: custom, store_secret: store });
    const asked = { path: '/key/regenerate', body: { key: key_id, new_key: custom } };
    expect(refusalIn(await ask(service, asked))).toEqual([400, 'new_key']);
  });
});

describe('a lost answer', () => {
  it('to the first step of a rename is recognised by what it has written', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    const { status } = await askUnder(service, new Map([[2, 'error-after']]), {
      path: '/key/update',
      body: { key: key_id, key_alias: null },
    });
    expect(status).toBe(200);
    expect(await atRest(service)).toEqual([]);
  });

  it('of a change that was written over since is not made a second change', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { spend: 5 });
    const { table } = service;
    const commit = table.commit.bind(table);
    let calls = 0;
    table.commit = async (writes, token, limitMs) => {
      calls += 1;
      const outcome = await commit(writes, token, limitMs);
      if (calls > 1) return outcome;
      await ask(service, { path: '/key/update', body: { key: key_id, tpm_limit: 1 } });
      return { kind: 'unanswered' };
    };
    const asked = { path: `/key/${key_id}/reset_spend`, body: { reset_to: 1 } };
    expect((await ask(service, asked)).status).toBe(503);
    await service.deliver();
    const actions = service.trail.of(key_id).map(({ action }) => action);
    expect(actions).toEqual(['created', 'spend_reset', 'updated']);
  });
});

describe('a secret that is gone', () => {
  it('is told as such, for no retry helps', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    service.secrets.service.purge('litellm/a');
    const { status, body } = await ask(service, { path: '/key/regenerate', body: { key: key_id } });
    expect([status, body.error.message]).toEqual([409, expect.stringContaining('does not find')]);
    expect(rowOf(service, key_id).intent).toBeNull();
  });

  it('into its deletion window by hand comes back soon after a regenerate was refused', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a' });
    service.secrets.service.deleteSecret({ SecretId: 'litellm/a', RecoveryWindowInDays: 7 });
    expect((await ask(service, { path: '/key/regenerate', body: { key: key_id } })).status).toBe(
      503,
    );
    expect(await atRest(service)).toEqual([]);
    expect((await ask(service, { path: '/key/regenerate', body: { key: key_id } })).status).toBe(
      200,
    );
  });
});

describe('routes', () => {
  it('tell no part of a path again', async () => {
    const service = await startedService();
    const path = `/key/${custom}%0d%0aX-A:b/regenerate/`;
    const { status, headers, body } = await service.send({ path });
    expect([status, headers['location']]).toEqual([404, undefined]);
    expect(JSON.stringify(body)).not.toContain(custom);
  });

  it('that share a function do not share an Idempotency-Key', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const headers = { 'idempotency-key': 'once' };
    for (const path of ['/key/block', '/key/unblock']) {
      const { status, body } = await ask(service, { path, body: { key: key_id }, headers });
      expect([status, body.blocked]).toEqual([200, path === '/key/block']);
    }
  });

  it('of keys without a secret are not counted against renames', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { key_alias: 'a0', store_secret: false });
    for (let n = 1; n <= 25; n += 1) {
      const body = { key: key_id, key_alias: `a${n}` };
      expect((await ask(service, { path: '/key/update', body })).status).toBe(200);
    }
  });
});
