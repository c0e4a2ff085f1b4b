/** The grace period of a regenerate: how long the former value is let in, and who ends it. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import {
  actionsOf,
  ask,
  isLetIn,
  issue,
  recordOf,
  refusalIn,
  rowOf,
  untouched,
} from './fixtures/calls.ts';
import type { Service } from './fixtures/stored.ts';

const path = '/key/regenerate';
const regenerated = (service: Service, key: string, fields: object = {}) =>
  ask(service, { path, body: { key, ...fields } });
const day = 86_400_000;

describe('a grace period', () => {
  it.each([
    ['24h', '2026-11-26T13:50:00.000Z'],
    ['7d', '2026-12-02T13:50:00.000Z'],
    ['90s', '2026-11-25T13:51:30.000Z'],
  ])('of %s ends when the answer says', async (grace_period, until) => {
    const service = await startedService();
    const { token, key_id } = await issue(service);
    const { body } = await regenerated(service, key_id, { grace_period });
    expect(body).toMatchObject({ overlap_until: until, ended_overlap: false });
    expect(rowOf(service, key_id)).toMatchObject({
      prev: { hash: token, until },
      key: { overlap_until: until },
    });
    const shown = await service.asAdmin({ method: 'GET', path: `/key/info?key=${key_id}` });
    expect(shown.body.info.overlap_until).toBe(until);
    expect((await recordOf(service, key_id))['after']).toMatchObject({ overlap_until: until });
  });

  it.each(['0s', '0', 0, '0h', null, undefined])('of %j is none', async (grace_period) => {
    const service = await startedService();
    const { key, key_id } = await issue(service);
    const { status, body } = await regenerated(service, key_id, { grace_period });
    expect([status, body.overlap_until]).toEqual([200, null]);
    expect(await isLetIn(service, key)).toBe(false);
  });

  it('that the request leaves out is the environment’s', async () => {
    const service = await startedService({ gracePeriod: { standard: '2h', limit: '7d' } });
    const { key_id } = await issue(service);
    expect((await regenerated(service, key_id)).body.overlap_until).toBe(
      '2026-11-25T15:50:00.000Z',
    );
    expect((await regenerated(service, key_id, { grace_period: '0s' })).body.overlap_until).toBe(
      null,
    );
  });

  it.each(['-1h', '-1', 'soon', '', '24', '1.5h', '24h and more', '999999999999s'])(
    'of %j is a 400, and the key keeps its value',
    async (grace_period) => {
      const service = await startedService();
      const { key, key_id } = await issue(service);
      const answer = await untouched(service, () => regenerated(service, key_id, { grace_period }));
      expect(refusalIn(answer)).toEqual([400, 'grace_period']);
      expect(await isLetIn(service, key)).toBe(true);
    },
  );

  it.each([5, true, ['1h'], {}])('that is no text (%j) is a 422', async (grace_period) => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const answer = await untouched(service, () => regenerated(service, key_id, { grace_period }));
    expect(refusalIn(answer)).toEqual([422, 'grace_period']);
  });

  it.each(['169h', '8d', '1mo'])(
    'of %s is over the limit, and the message names the range',
    async (grace_period) => {
      const service = await startedService();
      const { key_id } = await issue(service);
      const answer = await untouched(service, () => regenerated(service, key_id, { grace_period }));
      expect(refusalIn(answer)).toEqual([400, 'grace_period']);
      expect(answer.body.error.message).toContain('between 0s and 7d');
    },
  );
});

describe('the former value', () => {
  it('is let in until exactly the end, though the reconciler never runs', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { user_id: 'ada' });
    const { body } = await regenerated(service, key_id, { grace_period: '24h' });
    service.clock.advance(day - 1);
    expect(await isLetIn(service, key)).toBe(true);
    expect((await service.generate({}, key)).status).toBe(200);
    service.clock.advance(1);
    expect(await isLetIn(service, key)).toBe(false);
    expect((await service.generate({}, key)).status).toBe(401);
    expect(await isLetIn(service, body.key)).toBe(true);
  });

  it('is let in until exactly the end, though the reconciler runs all the time', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service);
    await regenerated(service, key_id, { grace_period: '1h' });
    for (let minute = 0; minute < 60; minute += 1) {
      expect(await isLetIn(service, key)).toBe(true);
      expect((await service.repair()).OverlapsEnded).toBe(0);
      service.clock.advance(60_000);
    }
    expect(await isLetIn(service, key)).toBe(false);
  });

  it('that ended is recorded by the scheduled run, once, as the system’s doing', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    const { body } = await regenerated(service, key_id, { grace_period: '1h' });
    service.clock.advance(3_600_000);
    expect((await service.repair()).OverlapsEnded).toBe(1);
    expect((await service.repair()).OverlapsEnded).toBe(0);
    expect(await actionsOf(service, key_id)).toEqual(['created', 'rotated', 'overlap_ended']);
    const record = await recordOf(service, key_id);
    expect(record).toMatchObject({
      changed_by: 'system',
      object_id: body.token,
      before: { overlap_until: '2026-11-25T14:50:00.000Z' },
    });
    expect(record['after']).not.toHaveProperty('overlap_until');
    expect(rowOf(service, key_id)).toMatchObject({ prev: null, cur: { hash: body.token } });
    expect(service.mailer.inbox).toEqual([]);
  });

  it('acts as the key itself: it sees the new settings, and its expiry, block and deletion', async () => {
    for (const [end, asked] of [
      ['expiry', { path: '/key/update', body: { duration: '0s' } }],
      ['block', { path: '/key/block', body: {} }],
    ] as const) {
      const service = await startedService();
      const { key, key_id } = await issue(service);
      await regenerated(service, key_id, { grace_period: '1h' });
      expect(await isLetIn(service, key)).toBe(true);
      await ask(service, { path: asked.path, body: { key: key_id, ...asked.body } });
      expect([end, await isLetIn(service, key)]).toEqual([end, false]);
    }
  });

  it('names the key as well as the new one, until it ends', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service);
    await regenerated(service, key_id, { grace_period: '1h' });
    const update = (name: string) =>
      ask(service, { path: '/key/update', body: { key: name, tpm_limit: 1 } });
    expect((await update(key)).status).toBe(200);
    expect((await update(token)).status).toBe(200);
    service.clock.advance(3_600_000);
    expect((await update(key)).status).toBe(404);
    expect((await update(token)).status).toBe(404);
  });

  it('leads to the key until retention is over, counted from its end', async () => {
    const service = await startedService();
    const { token, key_id } = await issue(service);
    await regenerated(service, key_id, { grace_period: '24h' });
    service.clock.advance(91 * day - 1000);
    service.table.removeExpired();
    expect(service.table.pointer(token)).toBe(key_id);
    service.clock.advance(day);
    service.table.removeExpired();
    expect(service.table.pointer(token)).toBeNull();
  });

  it('that has ended shows as deleted and superseded, with the id of the key', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service);
    await regenerated(service, key_id);
    for (const name of [key, token]) {
      const { status, body } = await service.asAdmin({
        method: 'GET',
        path: `/key/info?key=${name}`,
      });
      expect(status).toBe(200);
      expect(body.info).toMatchObject({ key_id, status: 'deleted', superseded: true });
    }
  });
});

describe('a regenerate during an overlap', () => {
  it('ends it at once: answer and record say so', async () => {
    const service = await startedService();
    const first = await issue(service);
    const { body: second } = await regenerated(service, first.key_id, { grace_period: '24h' });
    const { body: third } = await regenerated(service, first.key_id, { grace_period: '1h' });
    expect(third).toMatchObject({
      ended_overlap: true,
      overlap_until: '2026-11-25T14:50:00.000Z',
    });
    expect((await recordOf(service, first.key_id))['ended_overlap']).toBe(true);
    expect(await isLetIn(service, first.key)).toBe(false);
    expect(await isLetIn(service, second.key)).toBe(true);
    expect(await isLetIn(service, third.key)).toBe(true);
  });

  it('that is over ends none', async () => {
    const service = await startedService();
    const { key_id } = await issue(service);
    await regenerated(service, key_id, { grace_period: '1h' });
    service.clock.advance(3_600_000);
    const { body } = await regenerated(service, key_id);
    expect(body).toMatchObject({ ended_overlap: false, overlap_until: null });
    expect((await recordOf(service, key_id))['ended_overlap']).toBeUndefined();
  });

  it('that is taken back leaves the overlap as it is', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service);
    await regenerated(service, key_id, { grace_period: '24h' });
    service.secrets.trouble('throttled');
    expect((await regenerated(service, key_id)).status).toBe(503);
    service.clock.advance(day - 1);
    expect(await isLetIn(service, key)).toBe(true);
  });
});

describe('a key that regenerates itself', () => {
  const itself = (service: Service, key: string, fields: object = {}) =>
    ask(service, { path, key, body: { key, ...fields } });

  it('gets five minutes where none are named, so that a lost answer can be asked for again', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { user_id: 'ada' });
    const { status, body } = await itself(service, key);
    expect([status, body.overlap_until]).toEqual([200, '2026-11-25T13:55:00.000Z']);
    service.clock.advance(299_999);
    expect(await isLetIn(service, key)).toBe(true);
    service.clock.advance(1);
    expect(await isLetIn(service, key)).toBe(false);
    expect(await recordOf(service, key_id)).toMatchObject({ changed_by: 'ada' });
  });

  it.each(['0s', 0])('gets none where it says %j', async (grace_period) => {
    const service = await startedService();
    const { key } = await issue(service);
    expect((await itself(service, key, { grace_period })).body.overlap_until).toBeNull();
    expect(await isLetIn(service, key)).toBe(false);
  });

  it('gets no more than the environment allows, and the standard where that is longer', async () => {
    for (const [gracePeriod, until] of [
      [{ standard: '0s', limit: '1m' }, '2026-11-25T13:51:00.000Z'],
      [{ standard: '1h', limit: '7d' }, '2026-11-25T14:50:00.000Z'],
    ] as const) {
      const service = await startedService({ gracePeriod });
      const { key } = await issue(service);
      expect((await itself(service, key)).body.overlap_until).toBe(until);
    }
  });

  it('does it with its current value only: the former one is a 409', async () => {
    const service = await startedService();
    const { key, key_id } = await issue(service, { user_id: 'ada' });
    const { body } = await itself(service, key);
    for (const name of [key, key_id, body.key]) {
      const answer = await untouched(service, () =>
        ask(service, { path, key, body: { key: name } }),
      );
      expect(refusalIn(answer)).toEqual([409, 'key']);
    }
    expect((await itself(service, body.key)).status).toBe(200);
  });

  it('may name itself by id, by hash, and by its former hash', async () => {
    const service = await startedService();
    const { key, token, key_id } = await issue(service, { user_id: 'ada' });
    const { body: second } = await ask(service, { path, key, body: { key: key_id } });
    const { body: third } = await ask(service, { path, key: second.key, body: { key: token } });
    expect(third.key_id).toBe(key_id);
    const { status } = await ask(service, { path, key: third.key, body: { key: third.token } });
    expect(status).toBe(200);
  });

  it('without user id is its own key all the same', async () => {
    const service = await startedService();
    const { key } = await issue(service);
    expect((await itself(service, key)).status).toBe(200);
  });
});
