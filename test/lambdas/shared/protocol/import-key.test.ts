/** Bringing one key in: what is written, what is left alone, and what a table that fails makes of it. */
import { describe, expect, it } from 'vitest';
import { Unavailable } from '../../../../lambdas/shared/domain/errors.ts';
import { importedKeyOf } from '../../../../lambdas/shared/domain/imported-key.ts';
import { tokenHash } from '../../../../lambdas/shared/domain/key-format.ts';
import type { CommitOutcome, KeyTable } from '../../../../lambdas/shared/domain/ports.ts';
import { checkImport, importKey } from '../../../../lambdas/shared/protocol/import-key.ts';
import { masterKey, startedService } from '../../../fakes/service.ts';
import { actionsOf, ask, isLetIn, issue, rowOf, untouched } from '../../fixtures/calls.ts';
import {
  bringIn,
  contextWith,
  fieldsWith,
  importStoresOf,
  litellmKey,
} from '../../fixtures/imports.ts';
import type { Service } from '../../fixtures/stored.ts';

const keyOf = ({ random }: Service, changes: Parameters<typeof fieldsWith>[0] = {}) =>
  importedKeyOf(fieldsWith(changes), contextWith({ random }));

describe('a key that is new', () => {
  it('comes in with pointer and alias, or would', async () => {
    const service = await startedService();
    const stores = importStoresOf(service);
    const row = keyOf(service, { key_alias: 'a' });
    expect(await untouched(service, () => checkImport(stores, row))).toBe('new');
    expect(await importKey(stores, row)).toBe('imported');
    expect(service.table.row(row.keyId)).toEqual(JSON.parse(JSON.stringify(row)));
    expect(service.table.pointer(row.cur.hash)).toBe(row.keyId);
    expect(service.table.lease('a')).toMatchObject({ state: 'held', keyId: row.keyId, rev: 1 });
  });

  it('takes an alias that was freed', async () => {
    const service = await startedService();
    const gone = await issue(service, { key_alias: 'a' });
    await ask(service, { path: '/key/delete', body: { keys: [gone.key_id] } });
    const { deletedAt } = service.table.lease('a') ?? {};
    await bringIn(service, { key_alias: 'a' });
    expect(service.table.lease('a')).toMatchObject({ state: 'held', deletedAt });
  });
});

describe('a key that is in', () => {
  it('from the same values stays as it is, whatever became of it', async () => {
    const service = await startedService();
    const { keyId } = await bringIn(service, { key_alias: 'a' });
    const again = keyOf(service, { key_alias: 'a' });
    for (const [path, body] of [
      ['/key/update', { key: keyId, max_budget: 1 }],
      ['/key/regenerate', { key: keyId }],
      ['/key/delete', { keys: [keyId] }],
    ] as const) {
      expect((await ask(service, { path, body })).status).toBe(200);
      const stores = importStoresOf(service);
      expect(await untouched(service, () => importKey(stores, again))).toBe('present');
    }
    expect(await isLetIn(service, litellmKey)).toBe(false);
  });

  it.each<
    [string, (service: Service) => Promise<unknown>, Parameters<typeof fieldsWith>[0], string]
  >([
    [
      'from other values',
      (service) => bringIn(service, { spend: 1 }),
      { spend: 2 },
      'It differs in spend.',
    ],
    ['and was made here', (service) => issue(service, { key: litellmKey }), {}, 'was not imported'],
    ['as the admin key', async () => undefined, { token: tokenHash(masterKey) }, 'the admin key'],
    [
      'under another hash, by its key id',
      (service) => bringIn(service, { token: 'a'.repeat(64), key_id: '0123456789ABCDEFG' }),
      { key_id: '0123456789ABCDEFG' },
      'key_id',
    ],
    [
      'under its alias',
      (service) => issue(service, { key_alias: 'a' }),
      { key_alias: 'a' },
      'key_alias',
    ],
  ])('%s is refused and left alone', async (_, before, changes, reason) => {
    const service = await startedService();
    await before(service);
    const stores = importStoresOf(service);
    const row = keyOf(service, changes);
    await untouched(service, async () => {
      await expect(checkImport(stores, row)).rejects.toThrow(reason);
      await expect(importKey(stores, row)).rejects.toThrow(reason);
    });
  });
});

describe('of two at once', () => {
  const both = async (changes: Parameters<typeof fieldsWith>[0]) => {
    const service = await startedService();
    const stores = importStoresOf(service);
    const rows = [keyOf(service, { key_alias: 'a' }), keyOf(service, changes)];
    const became = await Promise.allSettled(rows.map((row) => importKey(stores, row)));
    return { service, became, rows };
  };

  it('one brings the key in, and to the other it is present', async () => {
    const { became } = await both({ key_alias: 'a' });
    expect(became).toMatchObject([{ value: 'imported' }, { value: 'present' }]);
  });

  it('one gets the alias, and the other is refused', async () => {
    const { service, became, rows } = await both({ token: 'b'.repeat(64), key_alias: 'a' });
    expect(became).toMatchObject([{ value: 'imported' }, { reason: { param: 'key_alias' } }]);
    expect(service.table.pointer('b'.repeat(64))).toBeNull();
    expect(service.table.row(rows[1]?.keyId ?? '')).toBeNull();
  });
});

describe('a table that', () => {
  /** Answers the first commits otherwise; `after` says whether they take effect. */
  const troubled = (
    { table }: Service,
    outcomes: readonly CommitOutcome['kind'][],
    takesEffect: boolean,
    tokens: string[] = [],
  ): KeyTable => ({
    load: (wanted, limitMs) => table.load(wanted, limitMs),
    countLiveKeys: (...of) => table.countLiveKeys(...of),
    commit: async (writes, token, limitMs) => {
      const kind = outcomes[tokens.length];
      tokens.push(token);
      if (kind === undefined) return table.commit(writes, token, limitMs);
      if (takesEffect) await table.commit(writes, token, limitMs);
      return kind === 'refused' ? { kind, failed: [0] } : { kind };
    },
  });

  it.each([
    ['throttled', false],
    ['contended', false],
    ['unanswered', false],
    ['unanswered', true],
  ] as const)('is %s is asked again with the same token', async (kind, takesEffect) => {
    const service = await startedService();
    const tokens: string[] = [];
    const pauses: number[] = [];
    const row = keyOf(service);
    const became = await importKey(
      {
        ...importStoresOf(service),
        table: troubled(service, [kind, kind], takesEffect, tokens),
        pause: async (tries) => {
          pauses.push(tries);
        },
      },
      row,
    );
    expect([became, new Set(tokens).size, tokens.length, pauses]).toEqual([
      'imported',
      1,
      3,
      [1, 2],
    ]);
    expect(await actionsOf(service, row.keyId)).toEqual(['imported']);
  });

  it('never answers is looked at: what is in is imported, else it is not known', async () => {
    const silent = Array.from({ length: 20 }, () => 'unanswered' as const);
    for (const takesEffect of [true, false]) {
      const service = await startedService();
      const row = keyOf(service);
      const stores = { ...importStoresOf(service), table: troubled(service, silent, takesEffect) };
      const became = await importKey(stores, row).catch((error: Error) => error);
      if (takesEffect) expect([became, rowOf(service, row.keyId).rev]).toEqual(['imported', 1]);
      else expect(became).toBeInstanceOf(Unavailable);
      expect(await importKey(importStoresOf(service), row)).toBe('imported');
    }
  });

  it('cannot be read is read again, some times', async () => {
    const service = await startedService();
    let reads = 0;
    const failing = (times: number): KeyTable => ({
      ...troubled(service, [], false),
      load: (wanted, limitMs) => {
        reads += 1;
        if (reads <= times) throw new Unavailable('No', 1);
        return service.table.load(wanted, limitMs);
      },
    });
    const stores = importStoresOf(service);
    expect(await importKey({ ...stores, table: failing(3) }, keyOf(service))).toBe('imported');
    reads = 0;
    await expect(checkImport({ ...stores, table: failing(99) }, keyOf(service))).rejects.toThrow(
      'No',
    );
    expect(reads).toBe(8);
  });
});
