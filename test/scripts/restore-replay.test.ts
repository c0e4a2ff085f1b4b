/** The restore of a keys table: replayed from the trail, and only then adopted. */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { brokenAtRest } from '../faults/invariants.ts';
import { atRest } from '../lambdas/fixtures/calls.ts';
import {
  adopting,
  comparables,
  letIn,
  remembered,
  replaying,
  restoredTable,
  restoreStores,
  type Told,
  work,
} from './restore/drill.ts';

/** Half an hour of work before the time that is restored to, and two hundred requests since. */
async function drill(seed: number) {
  const service = await startedService();
  await service.provisionAdminSecret();
  const told: Told[] = [];
  await work(service, seed, 60, told);
  await service.deliver();
  const snapshot = remembered(service);
  const since = service.clock.now();
  service.clock.advance(1000);
  const counts = await work(service, seed + 1, 200, told);
  await service.deliver();
  return { service, told, snapshot, since, counts };
}

describe('the drill', () => {
  it.each(Array.from({ length: 40 }, (_, n) => n + 1))('two hundred changes are as they were (seed %i)', async (seed) => {
    const { service, told, snapshot, since } = await drill(seed);
    const lost = remembered(service);
    const lostLetIn = letIn(service, told);
    const mails = service.mailer.inbox.length;
    const records = service.trail.records.size;
    service.table.items.clear();
    const restored = restoredTable(snapshot, service.now);
    const stores = restoreStores(service, restored);

    const replay = await replaying(stores, since);
    expect(replay.left).toEqual(new Map());
    expect(comparables(restored.items)).toEqual(comparables(lost));
    expect(await replaying(stores, since)).toMatchObject({ replayed: 0, besides: 0 });

    await adopting(stores, since);
    expect(comparables(service.table.items)).toEqual(comparables(lost));
    expect(letIn(service, told)).toEqual(lostLetIn);
    await service.deliver();
    expect(service.mailer.inbox).toHaveLength(mails);
    expect(service.trail.records.size).toBe(records);
    expect(await atRest(service)).toEqual([]);
    expect(brokenAtRest(service, [])).toEqual([]);
  });
});
