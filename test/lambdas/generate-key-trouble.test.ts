/** The birth of a key while a store refuses, hangs, or does not say what it did. */
import { describe, expect, it } from 'vitest';
import type { CommitOutcome } from '../../lambdas/shared/domain/ports.ts';
import { startedService } from '../fakes/service.ts';
import { newestRow, offeredValues, type Service, stored, storedText } from './fixtures/stored.ts';

const asked = { key_alias: 'alpha', send_invite_email: true, user_email: 'ada@example.com' };

/** A commit of the table that ends otherwise: nothing is written, or all is and the answer is lost. */
type Trouble = CommitOutcome['kind'] | 'lost-answer' | 'fine';

function troubleCommits({ table }: Service, ...troubles: Trouble[]): void {
  const commit = table.commit.bind(table);
  table.commit = async (writes, token, limitMs) => {
    const trouble = troubles.shift() ?? 'fine';
    if (trouble === 'fine') return commit(writes, token, limitMs);
    if (trouble === 'lost-answer') {
      await commit(writes, token, limitMs);
      return { kind: 'unanswered' };
    }
    return trouble === 'refused' ? { kind: 'refused', failed: [0] } : { kind: trouble };
  };
}

/** Something that happens between step 2 and step 3. */
function afterSecret({ secrets }: Service, happens: () => Promise<unknown>): void {
  const create = secrets.create.bind(secrets);
  secrets.create = async (secret, limitMs) => {
    const outcome = await create(secret, limitMs);
    await happens();
    return outcome;
  };
}

describe('Secrets Manager that definitely did not take the key', () => {
  it.each(['throttled', 'refused'] as const)(
    'because it %s: 503, and all is undone',
    async (how) => {
      const service = await startedService();
      const values = offeredValues(service);
      service.secrets.trouble(how);
      const { status, headers, body } = await service.generate(asked);
      expect([status, body.error.type, headers['retry-after']]).toEqual([
        503,
        'service_unavailable',
        '5',
      ]);
      expect(service.secrets.calls).toBe(1);
      expect(service.secrets.secrets.size).toBe(0);
      const row = newestRow(service);
      expect(row).toMatchObject({
        status: 'deleted',
        intent: null,
        seq: 2,
        event: { action: 'generate_undone' },
      });
      expect(row.ttl).toBe(Date.parse('2027-02-23T13:50:00.000Z') / 1000);
      expect(service.table.pointer(row.cur.hash)).toBeNull();
      expect(service.table.lease('alpha')).toMatchObject({ state: 'free', keyId: row.keyId });

      await service.deliver();
      expect(service.trail.of(row.keyId).map(({ action }) => action)).toEqual([
        'created',
        'generate_undone',
      ]);
      expect(service.mailer.inbox).toEqual([]);
      const [value = ''] = values;
      expect((await service.generate({}, value)).status).toBe(401);
      expect(await storedText(service)).not.toContain(value);
    },
  );

  it('leaves the alias usable at once, and counts no key', async () => {
    const service = await startedService({ maxKeysPerUser: 2 });
    const { body: holder } = await service.generate({ user_id: 'ada' });
    service.secrets.trouble('throttled', 'refused');
    await service.generate({ key_alias: 'alpha' }, holder.key);
    await service.generate({ key_alias: 'alpha' }, holder.key);
    const { status, body } = await service.generate({ key_alias: 'alpha' }, holder.key);
    expect(status).toBe(200);
    expect(service.secrets.current('litellm/alpha')).toBe(body.key);
    expect(service.table.lease('alpha')).toMatchObject({ state: 'held', keyId: body.key_id });
  });

  it('leaves a chosen value usable again', async () => {
    const service = await startedService();
    service.secrets.trouble('throttled');
    const key = 'sk-chosen-by-somebody';
    expect((await service.generate({ key })).status).toBe(503);
    const { status, body } = await service.generate({ key });
    expect([status, body.key]).toEqual([200, key]);
  });

  it('because somebody else has that name: 409, undone, and theirs is untouched', async () => {
    const service = await startedService();
    const theirs = { name: 'litellm/alpha', value: 'theirs', token: 'x'.repeat(36), tags: {} };
    await service.secrets.create(theirs, 1000);
    const before = structuredClone(service.secrets.secrets);
    const { status, body } = await service.generate(asked);
    expect([status, body.error.param]).toEqual([409, 'key_alias']);
    expect(service.secrets.secrets).toEqual(before);
    expect(newestRow(service)).toMatchObject({ status: 'deleted', intent: null });
    expect(service.table.lease('alpha')?.state).toBe('free');
    await service.deliver();
    expect(service.mailer.inbox).toEqual([]);
  });

  it('is undone by the reconciler where the undo fails too: the intent stays open', async () => {
    const service = await startedService();
    service.secrets.trouble('throttled');
    troubleCommits(service, 'fine', 'throttled');
    expect((await service.generate(asked)).status).toBe(503);
    expect(newestRow(service)).toMatchObject({ status: 'active', intent: { kind: 'generate' } });
  });
});

describe('Secrets Manager that does not say', () => {
  it('is asked once more with the same token and value: 200 with one version', async () => {
    const service = await startedService();
    const values = offeredValues(service);
    service.secrets.trouble('lost-answer');
    const { status, body } = await service.generate(asked);
    expect(status).toBe(200);
    expect(values).toEqual([body.key, body.key]);
    const { versions } = service.secrets.secrets.get('litellm/alpha') ?? {};
    expect([...(versions?.keys() ?? [])]).toEqual([newestRow(service).cur.ver]);
    expect(newestRow(service).intent).toBeNull();
    await service.deliver();
    expect(service.mailer.inbox).toHaveLength(1);
    expect(service.trail.of(body.key_id)).toHaveLength(1);
  });

  it.each([
    ['twice', ['unanswered', 'unanswered'], 0],
    ['twice, though it took the key', ['lost-answer', 'lost-answer'], 1],
    ['and then throttles', ['unanswered', 'throttled'], 0],
    ['and then refuses, though it took the key', ['lost-answer', 'refused'], 1],
  ] as const)('%s: 503, the intent stays open, nobody knows the key', async (_, how, secrets) => {
    const service = await startedService();
    const values = offeredValues(service);
    service.secrets.trouble(...how);
    const { status, headers, body } = await service.generate(asked);
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(values).toHaveLength(2);
    const [value = ''] = values;
    expect(JSON.stringify(body)).not.toContain(value);
    expect(service.secrets.secrets.size).toBe(secrets);
    const row = newestRow(service);
    expect(row).toMatchObject({
      status: 'active',
      seq: 1,
      intent: {
        kind: 'generate',
        claim: 0,
        newName: 'litellm/alpha',
        fence: '2026-11-25T13:51:00.000Z',
      },
    });
    expect(service.table.lease('alpha')?.state).toBe('held');
    await service.deliver();
    expect(service.mailer.inbox).toEqual([]);
    expect(service.trail.of(row.keyId)).toHaveLength(1);
    expect(await storedText(service)).not.toContain(value);
  });

  it('gets no call that could still be under way when the reconciler steps in', async () => {
    const service = await startedService();
    const limits: number[] = [];
    service.secrets.create = async (_, limitMs) => {
      limits.push(limitMs);
      if (limitMs > 0) service.clock.advance(15_001);
      return { kind: 'unanswered', reason: 'Injected' };
    };
    expect((await service.generate(asked)).status).toBe(503);
    expect(limits).toEqual([4000, 0]);
    expect(newestRow(service).intent).not.toBeNull();
  });
});

describe('a table that takes nothing', () => {
  it.each([
    ['throttled', ['throttled']],
    ['unanswered twice', ['unanswered', 'unanswered']],
    ['unanswered, then throttled', ['unanswered', 'throttled']],
  ] as const)('%s: 503, nothing stored, no secret', async (_, how) => {
    const service = await startedService();
    const before = await stored(service);
    troubleCommits(service, ...how);
    const { status, headers } = await service.generate(asked);
    expect([status, headers['retry-after']]).toEqual([503, '2']);
    expect(await stored(service)).toEqual(before);
    expect(service.secrets.calls).toBe(0);
  });

  it('but lost only its answer is asked again with the same token: one key', async () => {
    const service = await startedService();
    troubleCommits(service, 'lost-answer');
    expect((await service.generate(asked)).status).toBe(200);
    expect(service.table.rows()).toHaveLength(2);
    expect(service.secrets.secrets.size).toBe(1);
  });

  it('took the key, but never says so: no secret is made', async () => {
    const service = await startedService();
    troubleCommits(service, 'lost-answer', 'unanswered');
    expect((await service.generate(asked)).status).toBe(503);
    expect(service.secrets.calls).toBe(0);
    expect(newestRow(service).intent).not.toBeNull();
    await service.deliver();
    expect(service.mailer.inbox).toEqual([]);
  });

  it('and no secret is to be made: one more look finds nothing, and nothing is told', async () => {
    const service = await startedService();
    const before = await stored(service);
    troubleCommits(service, 'unanswered', 'unanswered');
    const { status, body } = await service.generate({ ...asked, store_secret: false });
    expect(status).toBe(503);
    expect(body.key).toBeUndefined();
    expect(await stored(service)).toEqual(before);
  });

  it('because others hold the alias again and again: 409 with Retry-After', async () => {
    const service = await startedService();
    const before = await stored(service);
    troubleCommits(service, 'contended', 'contended', 'contended');
    const { status, headers } = await service.generate(asked);
    expect([status, headers['retry-after']]).toEqual([409, '1']);
    expect(await stored(service)).toEqual(before);
    expect(service.secrets.calls).toBe(0);
  });

  it('because of one other holds nobody up', async () => {
    const service = await startedService();
    troubleCommits(service, 'contended');
    expect((await service.generate(asked)).status).toBe(200);
  });
});

describe('a settle', () => {
  it.each([
    ['throttled', ['fine', 'throttled']],
    ['unanswered twice', ['fine', 'unanswered', 'unanswered']],
  ] as const)('%s: 503, left to the reconciler, nobody told', async (_, how) => {
    const service = await startedService();
    const values = offeredValues(service);
    troubleCommits(service, ...how);
    const { status, body } = await service.generate(asked);
    expect(status).toBe(503);
    expect(JSON.stringify(body)).not.toContain(values[0]);
    expect(service.secrets.current('litellm/alpha')).toBe(values[0]);
    expect(newestRow(service)).toMatchObject({ status: 'active', intent: { kind: 'generate' } });
    await service.deliver();
    expect(service.mailer.inbox).toEqual([]);
  });

  it('whose answer got lost is found out: 200, one mail', async () => {
    const service = await startedService();
    troubleCommits(service, 'fine', 'lost-answer');
    expect((await service.generate(asked)).status).toBe(200);
    await service.deliver();
    expect(service.mailer.inbox).toHaveLength(1);
  });

  it('keeps a change that was made in between', async () => {
    const service = await startedService();
    afterSecret(service, async () => {
      const row = newestRow(service);
      const changed = { ...row, rev: row.rev + 1, blocked: true };
      await service.table.commit([{ kind: 'replace-row', row: changed }], 'change', 1000);
    });
    expect((await service.generate(asked)).status).toBe(200);
    expect(newestRow(service)).toMatchObject({ intent: null, blocked: true, rev: 3 });
  });

  it.each([
    ['the key is deleted', { status: 'deleted' as const }],
    ['a reconciler has claimed it', { claim: 1 }],
    ['another change is open', { id: 'another' }],
  ])('never ends in a 200 once %s', async (_, change) => {
    const service = await startedService();
    const values = offeredValues(service);
    afterSecret(service, async () => {
      const row = newestRow(service);
      if (row.intent === null) throw new Error('No intent');
      const changed =
        'status' in change
          ? { ...row, ...change, rev: row.rev + 1 }
          : { ...row, rev: row.rev + 1, intent: { ...row.intent, ...change } };
      await service.table.commit([{ kind: 'replace-row', row: changed }], 'change', 1000);
    });
    const { status, body } = await service.generate(asked);
    expect(status).toBe(409);
    expect(JSON.stringify(body)).not.toContain(values[0]);
    expect(newestRow(service).intent).not.toBeNull();
  });
});

describe('an error that is a bug', () => {
  it('is a plain 500 that tells the request id and nothing else', async () => {
    const service = await startedService();
    service.table.commit = async () => {
      throw new Error('a secret detail');
    };
    const { status, body } = await service.generate(asked);
    expect(status).toBe(500);
    expect(body.error).toEqual({
      message: 'Internal error, request id request-1.',
      type: 'internal_server_error',
      param: null,
      code: '500',
    });
  });
});
