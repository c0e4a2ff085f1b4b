/** An import from the file to the table, and back out: what each row becomes, and what is said of it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newKey, newKeyId, tokenHash } from '../../lambdas/shared/domain/key-format.ts';
import type { KeyTable } from '../../lambdas/shared/domain/ports.ts';
import { exportedKeys } from '../../scripts/export/export-keys.ts';
import { refusalLine, sumOf } from '../../scripts/import/import-report.ts';
import { type ImportRun, importRows, type Refused } from '../../scripts/import/import-rows.ts';
import { jsonValues } from '../../scripts/import/json-values.ts';
import { masterKey, startedService } from '../fakes/service.ts';
import { atRest, isLetIn, issue, rowOf, untouched } from '../lambdas/fixtures/calls.ts';
import { importStoresOf } from '../lambdas/fixtures/imports.ts';
import { type Service, storedText } from '../lambdas/fixtures/stored.ts';

const valueOf = (n: number) => `sk-litellm-value-of-${n}`;
/** A row as LiteLLM's `/key/list` has it. */
const rowAs = (n: number, changes: object = {}) => ({
  token: tokenHash(valueOf(n)),
  key_name: 'sk-...f-00',
  key_alias: `key-${n}`,
  spend: 1.5,
  expires: null,
  models: ['gpt-4o'],
  org_id: null,
  metadata: {},
  blocked: null,
  team_spend: null,
  created_at: '2026-01-02T03:04:05.678000Z',
  created_by: 'default_user_id',
  ...changes,
});
const lines = (...rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n');

async function importing(service: Service, text: string, changes: Partial<ImportRun> = {}) {
  const refused: Refused[] = [];
  async function* chunks() {
    yield Buffer.from(text);
  }
  const tally = await importRows(() => jsonValues(chunks()), {
    stores: importStoresOf(service),
    importedBy: 'ops',
    runId: 'run-1',
    withRoles: false,
    isApplied: true,
    settings: service.settings,
    now: service.now,
    random: service.random,
    onRefused: (one) => refused.push(one),
    onRow: () => undefined,
    ...changes,
  });
  return { tally, refused, said: [...refused.map(refusalLine), sumOf(tally, true)].join('\n') };
}

const counts = ({ tally }: Awaited<ReturnType<typeof importing>>) => [
  tally.imported,
  tally.present,
  tally.refused,
];

async function exported(service: Service, withDeleted = false): Promise<Record<string, unknown>[]> {
  const { table, processStores, now } = service;
  const stores = { table, lists: processStores.lists, now, pause: async () => undefined };
  const keys: object[] = [];
  for await (const page of exportedKeys(stores, withDeleted)) keys.push(...page);
  return keys.map((key) => ({ ...key }));
}

describe('an import', () => {
  it('writes nothing until it is told to, and then each key', async () => {
    const service = await startedService();
    const text = lines(rowAs(1), rowAs(2), { token: 'sk-not-a-hash-0123456789' });
    const dry = await untouched(service, () => importing(service, text, { isApplied: false }));
    expect(counts(dry)).toEqual([2, 0, 1]);
    expect(sumOf(dry.tally, false)).toContain('2 could be imported; --apply does it');
    expect(counts(await importing(service, text))).toEqual([2, 0, 1]);
    for (const n of [1, 2]) expect(await isLetIn(service, valueOf(n))).toBe(true);
    expect(await atRest(service)).toEqual([]);
  });

  it('takes columns as the database has them too', async () => {
    const service = await startedService();
    await importing(
      service,
      lines({
        token: tokenHash(valueOf(1)),
        key_alias: 'a',
        models: '["gpt-4o"]',
        metadata: '{"tags":["x"]}',
        permissions: '{}',
        policies: ['strict'],
        tpm_limit: '9007199254740991',
        expires: '2027-01-31 12:00:00+02',
        created_at: '2026-01-02T03:04:05.678',
        organization_id: 'works',
        budget_limits: '[{"max_budget": 1, "budget_duration": "1d", "reset_at": null}]',
      }),
    );
    const [key] = await exported(service);
    expect(key).toMatchObject({
      models: ['gpt-4o'],
      metadata: { tags: ['x'], policies: ['strict'] },
      tpm_limit: Number.MAX_SAFE_INTEGER,
      expires: '2027-01-31T10:00:00.000Z',
      created_at: '2026-01-02T03:04:05.678Z',
      org_id: 'works',
      budget_limits: [{ max_budget: 1, budget_duration: '1d' }],
    });
  });

  it('has lists, answers of a list and single rows, and counts rows and lines', async () => {
    const service = await startedService();
    const answer = { keys: [rowAs(1), rowAs(2), 'f'.repeat(64)], total_count: 3 };
    const { tally, refused } = await importing(service, lines(answer, [rowAs(3)], rowAs(4)));
    expect(tally).toMatchObject({ rows: 5, imported: 4, refused: 1 });
    expect(refused).toMatchObject([{ line: 1, row: 3, key: null }]);
  });

  it('says of each row that it refuses where it is and why, and goes on', async () => {
    const service = await startedService();
    await issue(service, { key_alias: 'taken' });
    const plaintext = 'sk-1Zk3plaintextOfSomebody';
    const { refused, said } = await importing(
      service,
      [
        '{"token": "',
        lines(
          rowAs(1),
          rowAs(1, { key_alias: 'again' }),
          rowAs(2, { key_alias: 'key-1' }),
          rowAs(3, { key_alias: 'taken' }),
          rowAs(4, { token: plaintext, key_alias: plaintext }),
          rowAs(5, { metadata: { note: `it is ${valueOf(5)}.` } }),
          rowAs(6, { token: tokenHash(masterKey) }),
          rowAs(7, { status: 'deleted' }),
          rowAs(8, { max_budget: 'much' }),
          rowAs(9, { expires: '2026-02-31T00:00:00Z' }),
          rowAs(10, { user_role: 'proxy_admin' }),
          7,
        ),
      ].join('\n'),
    );
    expect(refused.sort((a, b) => a.row - b.row).map(({ row, column }) => [row, column])).toEqual([
      [1, null],
      [3, 'token'],
      [4, 'key_alias'],
      [5, 'key_alias'],
      [6, 'token'],
      [7, 'metadata'],
      [8, 'token'],
      [9, 'deleted_at'],
      [10, 'max_budget'],
      [11, 'expires'],
      [12, 'user_role'],
      [13, null],
    ]);
    expect(said).toContain('line 3, row 3, "again": Row 2 has this token too.');
    expect(said).toContain('line 6, row 6: token is no SHA-256 hash; it may be a key.');
    expect(said).toContain('1 imported\n0 in already\n12 refused\n13 rows in all');
    for (const value of [plaintext, valueOf(5)]) {
      expect(said + (await storedText(service))).not.toContain(value);
    }
  });

  it('lets only the first of two rows with one hash or alias in, also without writing', async () => {
    const service = await startedService();
    const text = lines(rowAs(1), rowAs(1), rowAs(2, { key_alias: 'key-1' }));
    for (const isApplied of [false, true]) {
      expect(counts(await importing(service, text, { isApplied }))).toEqual([1, 0, 2]);
    }
  });

  it('brings admins in where that is asked for', async () => {
    const service = await startedService();
    const text = lines(rowAs(1, { user_role: 'proxy_admin' }));
    expect(counts(await importing(service, text, { withRoles: true }))).toEqual([1, 0, 0]);
    expect((await service.generate({}, valueOf(1))).status).toBe(200);
  });

  it('takes the roles that there are here, and refuses LiteLLM’s others', async () => {
    const service = await startedService();
    const roles = ['internal_user', 'internal_user_viewer', null];
    const others = ['org_admin', 'team', 'customer', 'app_user', ''];
    const rows = [...roles, ...others].map((user_role, n) =>
      rowAs(n, { user_role, user_id: 'ada' }),
    );
    const { tally, refused } = await importing(service, lines(...rows));
    expect([tally.imported, refused.map(({ row, column }) => [row, column])]).toEqual([
      3,
      [4, 5, 6, 7, 8].map((row) => [row, 'user_role']),
    ]);
    const statusOf = async (n: number) => (await service.generate({}, valueOf(n))).status;
    expect([await statusOf(0), await statusOf(1), await statusOf(2)]).toEqual([200, 401, 200]);
  });

  it('refuses keys that only their team kept from something, as the database has it', async () => {
    const service = await startedService();
    const { tally, refused } = await importing(
      service,
      lines(
        rowAs(1, { team_id: 'works', team_blocked: true, team_models: [] }),
        rowAs(2, { team_id: 'works', team_blocked: false, team_models: ['o3'], models: [] }),
        rowAs(3, { models: ['all-team-models'] }),
        rowAs(4, { team_id: 'works', team_blocked: false, team_models: ['o3'] }),
        rowAs(5, { team_id: null, team_blocked: null, team_models: null, models: [] }),
      ),
    );
    expect(refused.map(({ row, column }) => [row, column])).toEqual([
      [1, 'team_blocked'],
      [2, 'models'],
      [3, 'models'],
    ]);
    expect([tally.imported, [...tally.leftOut]]).toEqual([2, []]);
  });

  it('has a query for the database that brings what lies in other tables', () => {
    const page = resolve(import.meta.dirname, '../../docs/moving-from-litellm.md');
    const query = /^psql [\s\S]*?^```$/m.exec(readFileSync(page, 'utf8'))?.[0];
    for (const column of ['object_permission', 'team_blocked', 'team_models', 'user_role']) {
      expect(query).toContain(`$$${column}$$, `);
    }
  });

  it('refuses a row that has the value of another one, before or after it, and does not tell it', async () => {
    const service = await startedService();
    const short = 'sk-1234';
    const text = lines(
      rowAs(1, { metadata: { old: `was ${valueOf(3)}` } }),
      rowAs(2, { key_alias: short, [short]: 1 }),
      rowAs(3, { user_id: valueOf(4) }),
      rowAs(4, { [short]: 1 }),
      rowAs(5, { token: tokenHash(short), max_budget: 'much' }),
    );
    const { refused, said } = await importing(service, text);
    expect(refused.map(({ row, column }) => [row, column])).toEqual([
      [1, 'metadata'],
      [2, 'key_alias'],
      [3, 'user_id'],
      [5, 'max_budget'],
    ]);
    for (const value of [short, valueOf(3), valueOf(4)]) {
      expect(said + (await storedText(service))).not.toContain(value);
    }
  });

  it('tells which columns with something in them it leaves out, and shows no key among their names', async () => {
    const service = await startedService();
    const { tally, said } = await importing(
      service,
      lines(
        rowAs(1, { total_spend: 3, 'sk-lost-in-a-name-0123': 1, secret_name: 'litellm/a' }),
        rowAs(2, { total_spend: 4, model_spend: {}, last_active: null }),
      ),
    );
    expect([...tally.leftOut]).toEqual([
      ['total_spend', 2],
      ['sk-...0123', 1],
    ]);
    expect(said).toContain('"total_spend" (2)');
  });

  it('is no way to break out of the report', () => {
    const refused = { line: 1, row: 1, key: 'a\nb\u001b[31m"', column: null, reason: 'No.' };
    expect(refusalLine(refused)).toBe('line 1, row 1, "a\\nb\\u001b[31m\\"": No.');
  });
});

describe('an import that is given again', () => {
  const rows = Array.from({ length: 60 }, (_, n) => rowAs(n));

  it('changes nothing', async () => {
    const service = await startedService();
    await importing(service, lines(...rows));
    const again = await untouched(service, () => importing(service, lines(...rows)));
    expect(counts(again)).toEqual([0, 60, 0]);
  });

  it('goes on where it was killed, at whatever write, and no key comes in twice', async () => {
    for (const writes of [1, 16, 40]) {
      const service = await startedService();
      let left = writes;
      /** Every other write that is under way at the end takes effect, and nobody hears of it. */
      const dying: KeyTable = {
        load: (...of) => service.table.load(...of),
        countLiveKeys: (...of) => service.table.countLiveKeys(...of),
        commit: async (...of) => {
          left -= 1;
          if (left >= 0) return service.table.commit(...of);
          if (left % 2 === 0) await service.table.commit(...of);
          throw new Error('killed');
        },
      };
      const stores = { ...importStoresOf(service), table: dying };
      await expect(importing(service, lines(...rows), { stores })).rejects.toThrow('killed');
      const { tally } = await importing(service, lines(...rows));
      expect(tally.present).toBeGreaterThanOrEqual(writes);
      expect(tally.present).toBeLessThan(60);
      expect(tally.imported + tally.present).toBe(60);
      await service.deliver();
      expect(service.trail.records.size).toBe(61);
      expect(await atRest(service)).toEqual([]);
    }
  });

  it('with other values leaves the key as it is, and says in what it differs', async () => {
    const service = await startedService();
    await importing(service, lines(rowAs(1)));
    const changed = lines(rowAs(1, { spend: 2, models: [] }));
    const { said } = await untouched(service, () => importing(service, changed));
    expect(said).toContain('It differs in spend, models.');
  });
});

it('an import stops where the table stays out of reach, and begins nothing more', async () => {
  const service = await startedService();
  let calls = 0;
  const table: KeyTable = {
    load: (...of) => service.table.load(...of),
    countLiveKeys: (...of) => service.table.countLiveKeys(...of),
    commit: async () => {
      calls += 1;
      return { kind: 'throttled' };
    },
  };
  const stores = { ...importStoresOf(service), table };
  const text = lines(...Array.from({ length: 100 }, (_, n) => rowAs(n)));
  const failing = untouched(service, () => importing(service, text, { stores }));
  await expect(failing).rejects.toThrow('import it again');
  expect(calls).toBeLessThan(20 * 8);
});

it('whatever a column has, the row is taken or refused, and nothing of it is told', async () => {
  const service = await startedService();
  const deep = JSON.parse('[{"a":'.repeat(20) + '"CANARY"' + '}]'.repeat(20));
  const scalars = [true, -1, 0.5, 1e308, 2 ** 60, 'CANARY', 'sk-CANARY-0123456789', '', ' ', '1'];
  const objects = [[], ['CANARY'], [1], [{ CANARY: 1 }], {}, { CANARY: 'x' }, { CANARY: ['x'] }];
  const others = ['\ud800', '{"CANARY', '[1]', '2026-02-30', '9999-12-31T23:59:59-12', deep];
  const odd = [...scalars, ...objects, ...others, JSON.parse('{"__proto__":1}')];
  const shown = Object.keys((await exportOfOne(service)) ?? {});
  expect(shown.length).toBeGreaterThan(50);
  const names = [...shown, 'policies', 'config', 'store_secret', 'deleted_at'];
  const rows = names.flatMap((name) => odd.map((value) => ({ [name]: value })));
  const text = lines(...rows.map((changes, n) => rowAs(n + 2, { key_alias: null, ...changes })));
  const { tally, refused } = await importing(service, text, { isApplied: false });
  expect(tally.rows).toBe(rows.length);
  expect(tally.imported + tally.refused).toBe(rows.length);
  expect(tally.imported).toBeGreaterThan(100);
  // An alias is shown, so that the row can be found.
  const told = refused.map(({ column, reason }) => [column, reason]);
  expect(JSON.stringify(told)).not.toContain('CANARY');
});

async function exportOfOne(service: Service) {
  await importing(service, lines(rowAs(1)));
  return (await exported(service))[0];
}

describe('an export', () => {
  it('has all keys but the admin key, oldest first, in the form that was imported', async () => {
    const service = await startedService();
    const rows = Array.from({ length: 230 }, (_, n) =>
      rowAs(n, { created_at: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString() }),
    );
    await importing(service, lines(...rows.toReversed()));
    const keys = await exported(service);
    expect(keys).toMatchObject(rows);
  });

  it('brings the same keys into another environment', async () => {
    const [service, other] = [await startedService(), await startedService()];
    const logging = [{ callback_name: 'x', callback_vars: { secret: 'theirs' } }];
    const text = lines(
      rowAs(1, { metadata: { logging, tags: ['x'] }, soft_budget: 3, user_id: 'ada' }),
      rowAs(2, { key_alias: null, store_secret: false, blocked: true, user_email: 'a@b.example' }),
      rowAs(3, {
        budget_duration: '30d',
        budget_reset_at: '2026-12-01T00:00:00Z',
        auto_rotate: true,
        rotation_interval: '30d',
        object_permission: { mcp_servers: ['x'] },
        object_permission_id: 'p',
        key_type: 'read_only',
      }),
    );
    await importing(service, text);
    const issued = await issue(service, { key_alias: 'made-here', max_budget: 5 });
    const file = lines(...(await exported(service)));
    for (const value of [issued.key, valueOf(1)]) expect(file).not.toContain(value);
    expect(counts(await importing(other, file))).toEqual([4, 0, 0]);
    expect(lines(...(await exported(other)))).toBe(
      file.replace('"secret_name":"litellm/made-here"', '"secret_name":null'),
    );
    expect(await isLetIn(other, issued.key)).toBe(true);
    expect(rowOf(other, issued.key_id).alias).toBe('made-here');
    expect(await atRest(other)).toEqual([]);
  });

  it('has deleted keys where they are wanted, which no import takes', async () => {
    const service = await startedService();
    await importing(service, lines(rowAs(1), rowAs(2)));
    await service.asAdmin({ path: '/key/delete', body: { keys: [valueOf(1)] } });
    expect(await exported(service)).toMatchObject([{ key_alias: 'key-2' }]);
    const all = await exported(service, true);
    expect(all).toMatchObject([{ key_alias: 'key-2' }, { key_alias: 'key-1', status: 'deleted' }]);
    const { refused } = await importing(await startedService(), lines(...all));
    expect(refused).toMatchObject([{ row: 2, column: 'deleted_at' }]);
  });
});

it('a key of another Latchkey is found by the id inside it', async () => {
  const service = await startedService();
  const keyId = newKeyId(service.random.bytes);
  const key = newKey(keyId, service.random.bytes);
  await importing(service, lines(rowAs(1, { token: tokenHash(key), key_id: keyId })));
  expect(await isLetIn(service, key)).toBe(true);
});
