/** The schedule of rotations: which keys get a new value, when, and how often. */
import { describe, expect, it, vi } from 'vitest';
import { logFailure } from '../../lambdas/rotate-due-keys/handler.ts';
import { rowKey } from '../../lambdas/shared/adapters/table/keys.ts';
import type { Settings } from '../../lambdas/shared/domain/settings.ts';
import { rotateDue } from '../../lambdas/shared/protocol/rotate-due.ts';
import { startedService } from '../fakes/service.ts';
import { settingsWith } from '../fixtures/settings.ts';
import {
  actionsOf,
  ask,
  atRest,
  type Born,
  isLetIn,
  issue,
  labelled,
  recordOf,
  refusalIn,
  rowOf,
  untouched,
} from './fixtures/calls.ts';
import { bringIn } from './fixtures/imports.ts';
import type { Service } from './fixtures/stored.ts';

const day = 86_400_000;
const pause = 7_200_000;
const tenDays = { auto_rotate: true, rotation_interval: '10d' };

/** A service with a key whose time has come this very instant. */
async function due(fields: object = {}, settings: Partial<Settings> = {}) {
  const troubled: [string, unknown][] = [];
  const service = await startedService(settings, {
    onTrouble: (keyId, error) => troubled.push([keyId, error]),
  });
  const born = await issue(service, { key_alias: 'a', ...tenDays, ...fields });
  service.clock.advance(10 * day);
  return { service, born, troubled };
}

const keysOf = async (service: Service, count: number): Promise<Born[]> => {
  const keys: Born[] = [];
  for (let made = 0; made < count; made += 1) {
    keys.push(await issue(service, { key_alias: `key-${made}`, ...tenDays }));
    service.clock.advance(1000);
  }
  service.clock.advance(10 * day);
  return keys;
};

const current = ({ secrets }: Service, alias = 'a') => secrets.current(`litellm/${alias}`) ?? '';
const rotations = (service: Service, { key_id }: Born) => rowOf(service, key_id).key.rotation_count;

/** Does something right before each value is stored. */
function beforePut({ secrets }: Service, work: (secretId: string) => Promise<void> | void): void {
  const put = secrets.put.bind(secrets);
  secrets.put = async (...call) => {
    await work(call[0]);
    return put(...call);
  };
}

describe('a key whose rotation is due', () => {
  it('gets a new value, in the same secret, and the old one is refused', async () => {
    const { service, born } = await due();
    const before = rowOf(service, born.key_id);
    expect(await service.rotate()).toEqual({
      KeysRotated: 1,
      RotationsFailed: 0,
      RotationsLeft: 0,
      OldestRotationSeconds: 0,
    });
    expect(current(service)).not.toBe(born.key);
    expect(await isLetIn(service, current(service))).toBe(true);
    expect(await isLetIn(service, born.key)).toBe(false);
    expect(labelled(service, 'litellm/a', 'AWSPREVIOUS')).toBe(born.key);
    const { alias, secretName, secretArn, key } = rowOf(service, born.key_id);
    expect({ alias, secretName, secretArn }).toEqual({
      alias: before.alias,
      secretName: before.secretName,
      secretArn: before.secretArn,
    });
    expect(key).toMatchObject({ rotation_count: 1, last_rotation_at: '2026-12-05T13:50:00.000Z' });
    const ahead = Date.parse(key.key_rotation_at ?? '') - service.now().getTime();
    expect(Math.abs(ahead - 10 * day)).toBeLessThanOrEqual(day);
    expect(await atRest(service)).toEqual([]);
  });

  it('leaves a record of what the schedule did, with both images', async () => {
    const { service, born } = await due({ max_budget: 5 });
    const before = rowOf(service, born.key_id).key;
    await service.rotate();
    const { key: after } = rowOf(service, born.key_id);
    expect(await recordOf(service, born.key_id)).toMatchObject({
      action: 'rotated',
      object_id: born.token,
      changed_by: 'system',
      who: {
        changed_by: 'system',
        changed_by_api_key: null,
        principal: 'system',
        settled_by: null,
      },
      request_id: 'rotation-run',
      before,
      after,
    });
    expect(after).toMatchObject({ updated_by: 'system', created_by: 'default_user_id' });
    expect(await actionsOf(service, born.key_id)).toEqual(['created', 'rotated']);
  });

  it('is shown with its count and times', async () => {
    const { service, born } = await due();
    await service.rotate();
    const { body } = await service.asAdmin({ method: 'GET', path: `/key/info?key=${born.key_id}` });
    const { key_rotation_at } = rowOf(service, born.key_id).key;
    expect(body.info).toMatchObject({
      rotation_count: 1,
      last_rotation_at: '2026-12-05T13:50:00.000Z',
      key_rotation_at,
    });
  });

  it('is left alone before', async () => {
    const { service } = await due();
    service.clock.advance(-1);
    await untouched(service, () => service.rotate());
  });

  it('has its owner mailed, where mail can go out', async () => {
    const to = 'ada@example.com';
    const { service } = await due({ user_email: to });
    await service.rotate();
    await service.deliver();
    expect(service.mailer.inbox).toMatchObject([{ to, subject: 'Latchkey: API Key Rotated: a' }]);
    const mail = { ...settingsWith().mail, domains: ['acme.io'] };
    for (const silent of [await due(), await due({ user_id: to }, { mail })]) {
      await silent.service.rotate();
      await silent.service.deliver();
      expect(silent.service.mailer.inbox).toEqual([]);
      expect(rotations(silent.service, silent.born)).toBe(1);
    }
  });

  it('has the grace period of the environment', async () => {
    const gracePeriod = { standard: '24h', limit: '7d' };
    const { service, born } = await due({}, { gracePeriod });
    await service.rotate();
    expect(rowOf(service, born.key_id).key.overlap_until).toBe('2026-12-06T13:50:00.000Z');
    expect([await isLetIn(service, born.key), await isLetIn(service, current(service))]).toEqual([
      true,
      true,
    ]);
    service.clock.advance(day);
    expect(await isLetIn(service, born.key)).toBe(false);
  });

  it('is rotated while it is blocked, and stays refused', async () => {
    const { service, born } = await due({ blocked: true });
    await service.rotate();
    expect(rotations(service, born)).toBe(1);
    expect(await isLetIn(service, current(service))).toBe(false);
    await ask(service, { path: '/key/unblock', body: { key: born.key_id } });
    expect([await isLetIn(service, born.key), await isLetIn(service, current(service))]).toEqual([
      false,
      true,
    ]);
  });

  it('goes on with its secret where keys are not mirrored any more', async () => {
    const { service, born } = await due();
    const settings = { ...service.settings, storeVirtualKeys: false };
    const [wait, onFailure] = [async () => undefined, () => undefined];
    await rotateDue({ ...service, settings, wait, onFailure }, 'run');
    expect(rotations(service, born)).toBe(1);
  });
});

describe('each is rotated exactly once', () => {
  it('however many runs there are, one after the other or at once', async () => {
    const { service, born } = await due();
    await Promise.all([service.rotate(), service.rotate(), service.rotate()]);
    await service.rotate();
    expect(rotations(service, born)).toBe(1);
    expect(await actionsOf(service, born.key_id)).toEqual(['created', 'rotated']);
  });

  it('for all the times that were missed', async () => {
    const { service, born } = await due({ rotation_interval: '1d' });
    for (let run = 0; run < 3; run += 1) await service.rotate();
    expect(rotations(service, born)).toBe(1);
    const { key_rotation_at = '' } = rowOf(service, born.key_id).key;
    expect(key_rotation_at > service.now().toISOString()).toBe(true);
    service.clock.advance(2 * day);
    await service.rotate();
    expect(rotations(service, born)).toBe(2);
  });

  it('where Secrets Manager took the value and did not say so', async () => {
    const { service, born } = await due();
    service.secrets.trouble('lost-answer', 'unanswered');
    expect(await service.rotate()).toMatchObject({ KeysRotated: 0, RotationsFailed: 1 });
    service.clock.advance(pause);
    expect(await service.rotate()).toMatchObject({ KeysRotated: 0, RotationsFailed: 0 });
    expect(await atRest(service)).toEqual([]);
    await service.rotate();
    expect(rotations(service, born)).toBe(1);
    const settled = { changed_by: 'system', who: { principal: 'system', settled_by: 'system' } };
    expect(await recordOf(service, born.key_id)).toMatchObject({ action: 'rotated', ...settled });
    const { key_rotation_at = '' } = rowOf(service, born.key_id).key;
    expect(key_rotation_at > service.now().toISOString()).toBe(true);
  });

  it('where it never got there', async () => {
    const { service, born } = await due();
    service.secrets.trouble('unanswered', 'unanswered');
    await service.rotate();
    expect(await atRest(service)).toEqual([]);
    // Not at once: who knows how long Secrets Manager will be silent.
    await service.rotate();
    expect(rotations(service, born)).toBe(0);
    service.clock.advance(pause);
    await service.rotate();
    expect(rotations(service, born)).toBe(1);
  });

  it('and not by hand as well: a regenerate leaves count and times alone', async () => {
    const { service, born } = await due();
    service.clock.advance(-1);
    const { auto_rotate, rotation_interval, rotation_count, key_rotation_at } = rowOf(
      service,
      born.key_id,
    ).key;
    await ask(service, { path: '/key/regenerate', body: { key: born.key_id } });
    const { key } = rowOf(service, born.key_id);
    expect(key).toMatchObject({ auto_rotate, rotation_interval, rotation_count, key_rotation_at });
    expect(key.last_rotation_at).toBeUndefined();
    service.clock.advance(1);
    await service.rotate();
    expect(rotations(service, born)).toBe(1);
  });
});

describe('a value that was told by hand is not ended by the schedule', () => {
  const regenerate = async (service: Service, key: string, body: object = {}) => {
    const answer = await ask(service, { path: '/key/regenerate', body: { key, ...body } });
    expect(answer.status).toBe(200);
    return answer.body;
  };

  it('which it has come before', async () => {
    const { service, born } = await due();
    const told = await regenerate(service, born.key_id);
    const { key_rotation_at = '' } = rowOf(service, born.key_id).key;
    const ahead = Date.parse(key_rotation_at) - service.now().getTime();
    expect(Math.abs(ahead - 10 * day)).toBeLessThanOrEqual(day);
    expect((await service.rotate()).KeysRotated).toBe(0);
    expect(await isLetIn(service, told.key)).toBe(true);
    expect(rotations(service, born)).toBe(0);
  });

  it('which has failed at it', async () => {
    const { service, born } = await due();
    service.secrets.trouble('refused');
    await service.rotate();
    await service.repair();
    const told = await regenerate(service, born.key_id);
    service.clock.advance(pause);
    expect((await service.rotate()).KeysRotated).toBe(0);
    expect(await isLetIn(service, told.key)).toBe(true);
  });

  it('before the grace period that it was promised is over', async () => {
    const { service, born } = await due();
    service.clock.advance(-3_600_000);
    const told = await regenerate(service, born.key_id, { grace_period: '7d' });
    service.clock.advance(7 * day - 1);
    expect((await service.rotate()).KeysRotated).toBe(0);
    expect(await isLetIn(service, born.key)).toBe(true);
    expect(await isLetIn(service, told.key)).toBe(true);
    service.clock.advance(1);
    await service.repair();
    expect((await service.rotate()).KeysRotated).toBe(1);
  });

  it('where an imported key gets its first secret, whatever time it came with', async () => {
    for (const key_rotation_at of [undefined, '2026-01-01T00:00:00.000Z']) {
      const service = await startedService();
      const row = await bringIn(service, { key_alias: 'a', ...tenDays, key_rotation_at });
      const told = await regenerate(service, row.keyId);
      expect((await service.rotate()).KeysRotated).toBe(0);
      expect(await isLetIn(service, told.key)).toBe(true);
      service.clock.advance(11 * day);
      expect((await service.rotate()).KeysRotated).toBe(1);
    }
  });

  it('nor is a time that an update sets while it is under way', async () => {
    const { service, born } = await due();
    beforePut(service, async () => {
      const body = { key: born.key_id, rotation_interval: '1d' };
      await ask(service, { path: '/key/update', body });
    });
    await regenerate(service, born.key_id);
    const { key_rotation_at = '' } = rowOf(service, born.key_id).key;
    expect(Date.parse(key_rotation_at) - service.now().getTime()).toBe(day);
  });
});

describe('a key that cannot be rotated', () => {
  it('does not stop the others, and its name is told', async () => {
    const { service, born, troubled } = await due();
    const others = await keysOf(service, 2);
    service.secrets.service.purge('litellm/a');
    expect(await service.rotate()).toMatchObject({ KeysRotated: 2, RotationsFailed: 1 });
    expect(others.map((key) => rotations(service, key))).toEqual([1, 1]);
    expect(troubled).toEqual([[born.key_id, expect.any(Error)]]);
    expect(await isLetIn(service, born.key)).toBe(true);
  });

  it('is named in the log, with what Secrets Manager said', async () => {
    const { service, born, troubled } = await due();
    service.secrets.trouble('refused');
    await service.rotate();
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    for (const [keyId, error] of troubled) logFailure(keyId, error);
    const lines = write.mock.calls.map(([line]) => JSON.parse(String(line)));
    write.mockRestore();
    expect(lines).toEqual([
      {
        level: 'error',
        message: 'rotation failed',
        operation: 'rotate-due-keys',
        key_id: born.key_id,
        error: expect.stringContaining('A store did not take the change'),
        cause: expect.stringContaining('PutSecretValue'),
      },
    ]);
  });

  it.each([
    ['throttled', 'throttled'],
    ['refused', 'refused'],
  ] as const)(
    'since it is %s is tried again two hours later, and not before',
    async (_, trouble) => {
      const { service, born } = await due();
      service.secrets.trouble(trouble);
      const failed = await service.rotate();
      expect(failed).toMatchObject({ KeysRotated: 0, RotationsFailed: 1 });
      expect(await isLetIn(service, born.key)).toBe(true);
      expect(rowOf(service, born.key_id).intent).toBeNull();
      expect(await actionsOf(service, born.key_id)).toEqual(['created']);
      await service.repair();
      service.clock.advance(pause - 1000);
      expect((await service.rotate()).RotationsFailed).toBe(0);
      expect(rotations(service, born)).toBe(0);
      service.clock.advance(1000);
      expect(await service.rotate()).toMatchObject({ KeysRotated: 1, RotationsFailed: 0 });
      expect(rowOf(service, born.key_id).rotateNotBefore).toBeUndefined();
    },
  );

  it('tells how long it is overdue, from its own time on', async () => {
    const { service } = await due();
    service.secrets.trouble('refused', 'refused');
    await service.rotate();
    await service.repair();
    service.clock.advance(pause);
    expect((await service.rotate()).OldestRotationSeconds).toBe(pause / 1000);
  });

  it('leaves values of the day to people', async () => {
    const { service, born } = await due();
    // The rest of that day does not count.
    service.clock.advance(day - (service.now().getTime() % day));
    service.secrets.trouble(...Array.from({ length: 30 }, () => 'refused' as const));
    for (let run = 0; run < 287; run += 1) {
      await service.rotate();
      await service.repair();
      service.clock.advance(300_000);
    }
    expect(rowOf(service, born.key_id).stores?.count).toBe(12);
  });

  it('since it has had its values of the day gets one on the next', async () => {
    const { service, born } = await due();
    service.clock.advance(-1);
    for (let made = 0; made < 20; made += 1) {
      await ask(service, { path: '/key/regenerate', body: { key: born.key_id } });
    }
    service.clock.advance(1);
    expect(await service.rotate()).toMatchObject({ KeysRotated: 0, RotationsFailed: 1 });
    expect(await service.due.findRotations(service.now(), 10)).toEqual([]);
    service.clock.advance(day / 2);
    expect((await service.rotate()).KeysRotated).toBe(1);
  });

  it('since a row cannot be read does not stop the others', async () => {
    const { service, born } = await due();
    const [other] = await keysOf(service, 1);
    const pk = rowKey(born.key_id);
    service.table.putItem({ ...service.table.items.get(pk), pk, v: 2 });
    expect(await service.rotate()).toMatchObject({ KeysRotated: 1, RotationsFailed: 1 });
    expect(other === undefined ? 0 : rotations(service, other)).toBe(1);
  });

  it('since its row cannot be read keeps no other from its turn, however many they are', async () => {
    const service = await startedService();
    const keys = await keysOf(service, 120);
    for (const { key_id } of keys.slice(0, 119)) {
      const pk = rowKey(key_id);
      service.table.putItem({ ...service.table.items.get(pk), pk, v: 2 });
    }
    expect(await service.rotate()).toMatchObject({ KeysRotated: 1, RotationsFailed: 119 });
  });

  it('since the table takes no write is told too, and overdue', async () => {
    const { service } = await due();
    service.clock.advance(60_000);
    service.table.commit = async () => ({ kind: 'throttled' });
    const failed = { KeysRotated: 0, RotationsFailed: 1, OldestRotationSeconds: 60 };
    expect(await service.rotate()).toMatchObject(failed);
  });
});

describe('nothing is rotated that', () => {
  const findable = async (service: Service) =>
    service.due.findRotations(new Date('9999-01-01'), 10);

  it('has expired meanwhile; it is in no run’s way, and has its turn when it is prolonged', async () => {
    const { service, born } = await due({ duration: '11d' });
    service.clock.advance(day);
    // The reminder that it expires was due before.
    await service.repair();
    expect(await findable(service)).toHaveLength(1);
    expect(await service.rotate()).toMatchObject({ KeysRotated: 0, RotationsFailed: 0 });
    expect(await findable(service)).toEqual([]);
    expect(await actionsOf(service, born.key_id)).toEqual(['created']);
    await ask(service, { path: '/key/update', body: { key: born.key_id, duration: '30d' } });
    service.clock.advance(pause);
    await service.repair();
    await service.rotate();
    expect(rotations(service, born)).toBe(1);
  });

  it('is deleted, before or meanwhile', async () => {
    const { service, born } = await due();
    const remove = () => ask(service, { path: '/key/delete', body: { keys: [born.key_id] } });
    beforePut(service, async () => {
      await remove();
    });
    expect(await service.rotate()).toMatchObject({ KeysRotated: 0 });
    expect(rowOf(service, born.key_id)).toMatchObject({ status: 'deleted' });
    expect(await atRest(service)).toEqual([]);
    expect(await actionsOf(service, born.key_id)).not.toContain('rotated');
    expect(await findable(service)).toEqual([]);
  });

  it('is being changed: an open step goes first', async () => {
    const { service, born } = await due();
    service.secrets.trouble('lost-answer', 'unanswered');
    await ask(service, { path: '/key/update', body: { key: born.key_id, key_alias: 'b' } });
    await untouched(service, () => service.rotate());
    expect(await atRest(service)).toEqual([]);
    await service.rotate();
    expect(rotations(service, born)).toBe(1);
    expect(await isLetIn(service, current(service, 'b'))).toBe(true);
  });

  it('names no secret, though an earlier release let it have a schedule', async () => {
    const service = await startedService();
    const { key_id } = await issue(service, { store_secret: false });
    const row = rowOf(service, key_id);
    const key = { ...row.key, ...tenDays, key_rotation_at: service.now().toISOString() };
    const next = { ...row, rev: row.rev + 1, key };
    await service.table.commit([{ kind: 'replace-row', row: next }], 'earlier', 1000);
    service.clock.advance(day);
    await untouched(service, () => service.rotate());
  });
});

describe('a change while a rotation is under way', () => {
  it('of a later key of the run comes before its rotation, which is the last to change it', async () => {
    const { service, born } = await due();
    const [other] = await keysOf(service, 1);
    if (other === undefined) throw new Error('No key');
    beforePut(service, async (secretId) => {
      if (secretId !== rowOf(service, born.key_id).secretArn) return;
      service.clock.advance(10);
      await ask(service, { path: '/key/update', body: { key: other.key_id, tpm_limit: 7 } });
      service.clock.advance(10);
    });
    await service.rotate();
    expect(rowOf(service, other.key_id).key).toMatchObject({
      rotation_count: 1,
      tpm_limit: 7,
      updated_by: 'system',
    });
  });

  it.each([
    ['another interval', { rotation_interval: '3d' }, '2026-12-08T13:50:00.000Z'],
    ['no interval any more', { auto_rotate: false, rotation_interval: null }, undefined],
  ])('of its schedule stays: %s', async (_, fields, key_rotation_at) => {
    const { service, born } = await due();
    beforePut(service, async () => {
      await ask(service, { path: '/key/update', body: { key: born.key_id, ...fields } });
    });
    await service.rotate();
    const { key } = rowOf(service, born.key_id);
    expect([key.rotation_count, key.key_rotation_at]).toEqual([1, key_rotation_at]);
    expect(await actionsOf(service, born.key_id)).toEqual(['created', 'updated', 'rotated']);
    expect(await atRest(service)).toEqual([]);
  });

  it('of anything else does not bring the next one nearer', async () => {
    const { service, born } = await due();
    beforePut(service, async () => {
      await ask(service, { path: '/key/update', body: { key: born.key_id, tpm_limit: 7 } });
    });
    await service.rotate();
    await service.rotate();
    const { rotation_count, tpm_limit } = rowOf(service, born.key_id).key;
    expect([rotation_count, tpm_limit]).toEqual([1, 7]);
  });
});

describe('a run', () => {
  it('takes the longest overdue first, and five a second at most', async () => {
    const service = await startedService();
    const keys = await keysOf(service, 5);
    const startedAt = service.now().getTime();
    const stored: [string, number][] = [];
    beforePut(service, (secretId) => {
      stored.push([secretId, service.now().getTime() - startedAt]);
    });
    await service.rotate();
    expect(stored).toEqual(
      keys.map(({ key_id }, index) => [rowOf(service, key_id).secretArn, 200 * index]),
    );
  });

  it('begins no key that it has no time to end, and says how many are left', async () => {
    const { service, born } = await due();
    const others = await keysOf(service, 3);
    beforePut(service, () => service.clock.advance(8000));
    const startedAt = service.now().getTime();
    const run = await service.rotate();
    expect(run).toMatchObject({ KeysRotated: 2, RotationsLeft: 2, RotationsFailed: 0 });
    expect(run.OldestRotationSeconds).toBeGreaterThan(0);
    expect(service.now().getTime() - startedAt).toBeLessThan(19_000);
    expect([born, ...others].map((key) => rotations(service, key))).toEqual([1, 1, 0, 0]);
    expect((await service.rotate()).KeysRotated).toBe(2);
  });

  it('finds what an earlier release did not index, after a round of the sweep', async () => {
    const { service, born } = await due();
    const pk = rowKey(born.key_id);
    const { due_pk: _pk, due_sk: _sk, ...item } = service.table.items.get(pk) ?? {};
    service.table.putItem({ ...item, pk });
    service.clock.advance(day + 1);
    expect((await service.rotate()).KeysRotated).toBe(0);
    await service.repair();
    expect((await service.rotate()).KeysRotated).toBe(1);
    expect(await actionsOf(service, born.key_id)).toEqual(['created', 'rotated']);
  });
});

describe('a schedule for a key without a secret is refused, since nobody would learn the value', () => {
  const path = { update: '/key/update', regenerate: '/key/regenerate' };

  it.each(Object.values(path))('by %s', async (route) => {
    const service = await startedService();
    const { key_id } = await issue(service, { store_secret: false });
    const body = { key: key_id, ...tenDays };
    const answer = await untouched(service, () => ask(service, { path: route, body }));
    expect(refusalIn(answer)).toEqual([400, 'auto_rotate']);
    expect(answer.body.error.message).toContain('Secrets Manager');
    const off = { key: key_id, auto_rotate: false, rotation_interval: '10d' };
    expect((await ask(service, { path: route, body: off })).status).toBe(200);
  });

  it.each([
    ['store_secret', {}, { store_secret: false }],
    ['the environment', { storeVirtualKeys: false }, {}],
  ])('by generate, whether for %s', async (_, settings, fields) => {
    const service = await startedService(settings);
    const body = { ...tenDays, ...fields };
    const answer = await untouched(service, () => service.generate(body));
    expect(refusalIn(answer)).toEqual([400, 'auto_rotate']);
    expect((await service.generate({ ...fields, rotation_interval: '10d' })).status).toBe(200);
  });
});
