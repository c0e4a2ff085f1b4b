/** One run of the scheduled function over many rows. */
import { describe, expect, it, vi } from 'vitest';
import { settleDue } from '../../../../lambdas/shared/protocol/settle-due.ts';
import { startedService } from '../../../fakes/service.ts';
import type { Service } from '../../fixtures/stored.ts';

function run(service: Service) {
  const troubled: string[] = [];
  const onTrouble = (keyId: string) => {
    troubled.push(keyId);
  };
  return settleDue({ ...service, onTrouble }, 'run-1').then((counts) => ({ counts, troubled }));
}

/** Births that their handlers left open, with their fences behind. */
async function due(service: Service, count: number): Promise<string[]> {
  for (let birth = 0; birth < count; birth += 1) {
    service.secrets.trouble('lost-answer', 'lost-answer');
    await service.generate({ key_alias: `alias-${birth}` });
  }
  service.clock.advance(60_000);
  return service.table.rows().flatMap(({ keyId, intent }) => (intent === null ? [] : [keyId]));
}

/** The names that are looked at, each look taking so long. */
function watchedLooks({ secrets, clock }: Service) {
  const looks = { names: new Set<string>(), ms: 0 };
  const look = secrets.describe.bind(secrets);
  secrets.describe = async (id, limitMs) => {
    looks.names.add(id);
    clock.advance(looks.ms);
    return look(id, limitMs);
  };
  return looks;
}

describe('a run', () => {
  it('goes on with the next row where one cannot be worked on', async () => {
    const service = await startedService();
    const [bad = ''] = await due(service, 3);
    const load = service.table.load.bind(service.table);
    service.table.load = async (wanted, limitMs) => {
      if (wanted.target !== undefined && 'keyId' in wanted.target && wanted.target.keyId === bad) {
        throw new Error('unreadable');
      }
      return load(wanted, limitMs);
    };
    const { counts, troubled } = await run(service);
    expect(counts.Settled).toBe(2);
    expect(counts.Failed).toBe(troubled.length);
    expect(new Set(troubled)).toEqual(new Set([bad]));
  });

  it('begins no pass that it has no time to end', async () => {
    const service = await startedService();
    await due(service, 3);
    watchedLooks(service).ms = 8000;
    const { counts } = await run(service);
    expect(counts).toMatchObject({ Settled: 2, Left: 0, Failed: 0 });
    expect((await run(service)).counts.Settled).toBe(1);
  });

  it('counts how old the oldest intent is, and those that are claimed again and again', async () => {
    const service = await startedService();
    await due(service, 1);
    service.secrets.describe = async () => ({ kind: 'throttled', reason: 'Injected' });
    for (let pass = 1; pass <= 5; pass += 1) {
      expect((await run(service)).counts).toMatchObject({ Left: 1, StuckIntents: 0 });
      service.clock.advance(60_000);
    }
    const { counts } = await run(service);
    expect(counts).toMatchObject({ StuckIntents: 1, OldestIntentSeconds: 360 });
  });
});

describe('a live key whose value is gone', () => {
  it('is told when its restore finds that out, and the restore is not tried again', async () => {
    const service = await startedService();
    const { body } = await service.generate({ key_alias: 'alpha' });
    const put = { SecretId: 'litellm/alpha', SecretString: 'wrong' };
    service.secrets.service.putSecretValue({ ...put, ClientRequestToken: 'e'.repeat(32) });
    await run(service);
    service.clock.advance(60_000);
    await run(service);
    service.secrets.moveCurrent = async () => ({ kind: 'absent', reason: 'Injected' });
    const { counts, troubled } = await run(service);
    expect(counts).toMatchObject({ SecretsMissing: 1, Left: 0, SecretsRestored: 0 });
    expect(troubled).toEqual([body.key_id]);
    expect(service.table.row(body.key_id)?.intent).toBeNull();
  });
});

async function withKeys(count: number) {
  const service = await startedService();
  for (let key = 0; key < count; key += 1) await service.generate({ key_alias: `alias-${key}` });
  return { service, looks: watchedLooks(service) };
}

describe('the daily round', () => {
  it('looks at each row once in a day', async () => {
    const { service, looks } = await withKeys(3);
    await run(service);
    expect(looks.names.size).toBe(3);
    looks.names.clear();
    service.clock.advance(86_399_999);
    await run(service);
    expect(looks.names.size).toBe(0);
    service.clock.advance(1);
    await run(service);
    expect(looks.names.size).toBe(3);
  });

  it('begins a page again that it had no time to end', async () => {
    const { service, looks } = await withKeys(3);
    looks.ms = 8000;
    await run(service);
    expect(looks.names.size).toBe(2);
    looks.ms = 0;
    await run(service);
    expect(looks.names.size).toBe(3);
  });

  it('is not over where a run had no time for a single row', async () => {
    const { service, looks } = await withKeys(3);
    const scan = service.due.scanRows.bind(service.due);
    vi.spyOn(service.due, 'scanRows').mockImplementationOnce(async (cursor, count) => {
      service.clock.advance(16_000);
      return scan(cursor, count);
    });
    await run(service);
    expect(looks.names.size).toBe(0);
    await run(service);
    expect(looks.names.size).toBe(3);
  });
});
