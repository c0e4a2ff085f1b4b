/** Checks that go on while a key is changed: what a 200 has ended is refused by every check after it. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { seededChoice } from '../fakes/seeded-choice.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { faultyStores } from '../faults/faulty-stores.ts';
import { checkedThroughout } from '../fixtures/checked-throughout.ts';
import { type Asked, issue } from './fixtures/calls.ts';

/** A service whose calls to its stores take some turns before they have an effect, and some after. */
async function slowService(seed: number) {
  const service = await startedService();
  const choose = seededChoice(seed);
  const wait = async () => {
    for (let turns = choose(4); turns > 0; turns -= 1) await turn();
  };
  const port = {
    async call<T>(_name: string, _limitMs: number, work: () => Promise<T>): Promise<T> {
      await wait();
      const result = await work();
      await wait();
      return result;
    },
  };
  const seen = faultyStores(service.processStores, port);
  const sendSlowly = ({ path, body, key = masterKey }: Asked) =>
    service.sendThrough(seen, { path, body, headers: { authorization: `Bearer ${key}` } });
  return { service, sendSlowly };
}

it.each(['a gateway', 'the key itself'])('is true for %s whenever it asks', async (who) => {
  for (let seed = 0; seed < 20; seed += 1) {
    const { service, sendSlowly } = await slowService(seed);
    const { key, key_id } = await issue(service, { key_alias: 'a' });
    const caller = who === 'a gateway' ? masterKey : key;
    const check = async () => {
      const { status, body } = await sendSlowly({
        path: '/key/verify',
        key: caller,
        body: { key },
      });
      return status === 401 ? 'not_found' : String(body.reason);
    };
    const to = (name: string, says: string, more: object = {}) => ({
      name,
      says,
      change: async () => {
        const body = { key: key_id, keys: [key_id], ...more };
        expect((await sendSlowly({ path: `/key/${name}`, body })).status).toBe(200);
      },
    });
    const pass = {
      name: 'the end',
      says: 'not_found',
      change: async () => service.clock.advance(3_600_000),
    };
    const { wrong, checks } = await checkedThroughout(check, [
      to('block', 'blocked'),
      to('update', 'blocked', { max_budget: 5 }),
      to('unblock', 'valid'),
      to('update', 'blocked', { blocked: true }),
      to('update', 'valid', { blocked: false }),
      to('update', 'valid', { key_alias: 'b' }),
      to('regenerate', 'in_grace', { grace_period: '1h' }),
      to('block', 'blocked'),
      to('unblock', 'in_grace'),
      ...([
        [pass],
        [to('regenerate', 'not_found', { grace_period: '0s' })],
        [to('delete', 'deleted')],
      ][seed % 3] ?? []),
    ]);
    expect(wrong).toEqual([]);
    expect(checks).toBeGreaterThan(20);
  }
});

it('is no yes and no no that was true at another time: the loop itself is tested', async () => {
  let said = 'valid';
  const steps = [{ name: 'block', says: 'blocked', change: turn }];
  const check = async () => {
    await turn();
    return said;
  };
  const late = await checkedThroughout(check, steps);
  expect(late.wrong).toContain('valid, at block');
  said = 'blocked';
  const early = await checkedThroughout(check, steps);
  expect(early.wrong).toContain('blocked, at the beginning');
});
