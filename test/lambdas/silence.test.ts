/**
 * Stores that never answer: whatever a function waits for in vain, it ends a second before Lambda would
 * end it, and says when to come back. The stream readers have a test of their own.
 */
import { describe, expect, it } from 'vitest';
import { startedService } from '../fakes/service.ts';
import { type FaultKind, FaultyProcess } from '../faults/fault-port.ts';
import { faultyStores } from '../faults/faulty-stores.ts';
import { settingsWith } from '../fixtures/settings.ts';

const { timing } = settingsWith();
const local = { ...timing, functionTimeoutSeconds: 8, fenceSeconds: 11 };

/** A process whose calls all stay unanswered from the given one on. */
async function silentFrom(first: number, kind: FaultKind, settings = timing) {
  const service = await startedService({ timing: settings });
  await service.generate({ key_alias: 'there', key: existing, spend: 5 });
  await service.deliver();
  const calls = Array.from({ length: 200 }, (_, index) => first + index);
  const process = new FaultyProcess(new Map(calls.map((call) => [call, kind])), service.clock, 0);
  const seen = faultyStores(service.processStores, process);
  const startedAt = service.clock.now().getTime();
  const tookMs = () => service.clock.now().getTime() - startedAt;
  return { service, seen, tookMs, boundMs: settings.functionTimeoutSeconds * 1000 - 1000 };
}

const existing = 'sk-existing-0123456789';
const key = existing;
const requests = [
  { method: 'POST', path: '/key/generate', body: { key_alias: 'a' } },
  { method: 'POST', path: '/key/generate', body: { store_secret: false } },
  { method: 'GET', path: '/key/info' },
  { method: 'POST', path: '/key/update', body: { key, tpm_limit: 1 } },
  { method: 'POST', path: '/key/update', body: { key, key_alias: 'b' } },
  { method: 'POST', path: '/key/block', body: { key } },
  { method: 'POST', path: '/key/regenerate', body: { key } },
  { method: 'POST', path: '/key/regenerate', body: { key, key_alias: 'b' } },
  { method: 'POST', path: `/key/${existing}/reset_spend`, body: { reset_to: 0 } },
  { method: 'POST', path: '/key/delete', body: { keys: [key] } },
  // Of one key, for those of several are made at once and this clock adds up what each takes.
  {
    method: 'POST',
    path: '/key/bulk_update',
    body: { keys: Array.from({ length: 9 }, () => ({ key })) },
  },
  { method: 'POST', path: '/key/verify', body: { key } },
  { method: 'POST', path: '/v2/key/info', body: { keys: [key] } },
  { method: 'GET', path: '/key/list?organization_id=o&expand=user' },
  { method: 'GET', path: '/key/list?cursor=&expand=user' },
  { method: 'GET', path: '/key/aliases?search=a' },
  { method: 'GET', path: '/audit?action=created' },
  { method: 'GET', path: '/audit/master_1' },
];
const cases = requests.flatMap((request) =>
  [1, 2, 3, 4, 5, 6].flatMap((first) =>
    (['timeout-before', 'timeout-after', 'slow'] as const).flatMap((kind) =>
      [timing, local].map((settings) => ({ request, first, kind, settings })),
    ),
  ),
);

describe('a function ends in time', () => {
  it.each(cases)(
    '$request.method $request.path $request.body, call $first on $kind, time-out $settings.functionTimeoutSeconds s',
    async ({ request, first, kind, settings }) => {
      const { service, seen, tookMs, boundMs } = await silentFrom(first, kind, settings);
      const headers = { authorization: 'Bearer sk-1234', 'idempotency-key': 'once' };
      const answer = await service.sendThrough(seen, { ...request, headers });
      expect(tookMs()).toBeLessThanOrEqual(boundMs);
      expect([200, 503]).toContain(answer.status);
      if (answer.status === 503) expect(answer.headers['retry-after']).toBeDefined();
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7])('rotate-due-keys with 60 keys, call %i on', async (first) => {
    for (const kind of ['timeout-before', 'timeout-after', 'slow'] as const) {
      const { service, seen, boundMs } = await silentFrom(first, kind);
      for (let born = 0; born < 60; born += 1) {
        await service.generate({ auto_rotate: true, rotation_interval: '1d' });
      }
      service.clock.advance(86_400_000);
      const startedAt = service.clock.now().getTime();
      await service.rotate(seen).catch(() => undefined);
      expect(service.clock.now().getTime() - startedAt, kind).toBeLessThanOrEqual(boundMs);
    }
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'settle-due with 60 interrupted births, call %i on',
    async (first) => {
      for (const kind of ['timeout-before', 'timeout-after', 'slow'] as const) {
        const { service, seen, boundMs } = await silentFrom(first, kind);
        for (let birth = 0; birth < 60; birth += 1) {
          service.secrets.trouble('unanswered', 'unanswered');
          await service.generate({});
        }
        service.clock.advance(timing.fenceSeconds * 1000);
        const startedAt = service.clock.now().getTime();
        await service.repair(seen).catch(() => undefined);
        expect(service.clock.now().getTime() - startedAt, kind).toBeLessThanOrEqual(boundMs);
      }
    },
  );
});
