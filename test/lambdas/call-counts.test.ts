/**
 * How many calls to AWS an operation waits for, one after the other: its latency is these. A caller
 * or target that is named by hash costs one more inside `load`, which the adapter's tests hold.
 */
import { describe, expect, it } from 'vitest';
import { newKey } from '../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { type Sent, startedService } from '../fakes/service.ts';
import { FaultyProcess } from '../faults/fault-port.ts';
import { faultyDueRows, faultySecrets, faultyTable } from '../faults/faulty-stores.ts';

async function watched(before: readonly Sent[] = []) {
  const service = await startedService();
  for (const earlier of before) await service.asAdmin(earlier);
  const process = new FaultyProcess(new Map(), service.clock, 0);
  const seen = {
    table: faultyTable(service.table, process),
    secrets: faultySecrets(service.secrets, process),
    due: faultyDueRows(service.due, process),
  };
  return { service, seen, made: process.made };
}

async function callsOf(sent: Sent, before: readonly Sent[] = []) {
  const { service, seen, made } = await watched(before);
  const headers = { authorization: 'Bearer sk-1234', ...sent.headers };
  const { status } = await service.sendThrough(seen, { ...sent, headers });
  return { status, made };
}

const generate = { path: '/key/generate', body: { key_alias: 'a' } };

describe('calls made', () => {
  it('by generate: caller, transaction, secret, settle', async () => {
    const { status, made } = await callsOf(generate);
    expect(status).toBe(200);
    expect(made).toEqual([
      'load',
      'commit create-row+create-pointer+put-lease',
      'create',
      'commit replace-row',
    ]);
  });

  it('by generate without a secret: caller, transaction', async () => {
    const { made } = await callsOf({ ...generate, body: { store_secret: false } });
    expect(made).toEqual(['load', 'commit create-row+create-pointer']);
  });

  it('by a repeated generate: caller with record, row, secret', async () => {
    const sent = { ...generate, headers: { 'idempotency-key': 'once' } };
    const { status, made } = await callsOf(sent, [sent]);
    expect(status).toBe(200);
    expect(made).toEqual(['load', 'load', 'read']);
  });

  it('by the schedule: who is due, and for each key its row, transaction, secret, settle', async () => {
    const body = { auto_rotate: true, rotation_interval: '1d' };
    const { service, seen, made } = await watched([{ path: '/key/generate', body }]);
    service.clock.advance(86_400_000);
    expect((await service.rotate(seen)).KeysRotated).toBe(1);
    expect(made).toEqual([
      'findRotations',
      'load',
      'commit replace-row+create-pointer',
      'put',
      'commit replace-row+expire-pointer',
    ]);
  });

  it('by info: caller and target at once', async () => {
    const { status, made } = await callsOf({ method: 'GET', path: '/key/info' });
    expect(status).toBe(200);
    expect(made).toEqual(['load']);
  });

  it('for bad input: the caller alone', async () => {
    const { status, made } = await callsOf({ ...generate, body: { max_budget: -1 } });
    expect(status).toBe(400);
    expect(made).toEqual(['load']);
  });

  it('for a mistyped key: none', async () => {
    const key = newKey('0123456789ABCDEFG', seededRandom('typo').bytes);
    const mistyped = key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    const headers = { authorization: `Bearer ${mistyped}` };
    const { status, made } = await callsOf({ ...generate, headers });
    expect({ status, made }).toEqual({ status: 401, made: [] });
  });
});

describe('calls made about a key', () => {
  const fields = { key_alias: 'a', key: 'sk-chosen-by-somebody', spend: 3 };
  const { key } = fields;
  const before = [{ path: '/key/generate', body: fields }];

  it.each<[string, Sent, string[]]>([
    [
      'update',
      { path: '/key/update', body: { key, tpm_limit: 7 } },
      ['load', 'commit replace-row'],
    ],
    ['block', { path: '/key/block', body: { key } }, ['load', 'commit replace-row']],
    ['unblock', { path: '/key/unblock', body: { key } }, ['load', 'commit replace-row']],
    [
      'reset spend',
      { path: `/key/${key}/reset_spend`, body: { reset_to: 0 } },
      ['load', 'commit replace-row'],
    ],
    [
      'regenerate',
      { path: '/key/regenerate', body: { key } },
      ['load', 'commit replace-row+create-pointer', 'put', 'commit replace-row+expire-pointer'],
    ],
    [
      'regenerate to another alias',
      { path: '/key/regenerate', body: { key, key_alias: 'b' } },
      [
        'load',
        'commit replace-row+create-pointer+put-lease',
        'create',
        'remove',
        'commit replace-row+free-lease+expire-pointer',
      ],
    ],
    [
      // The value is read while the step is being opened.
      'rename',
      { path: '/key/update', body: { key, key_alias: 'b' } },
      [
        'load',
        'commit replace-row+put-lease',
        'read',
        'create',
        'remove',
        'commit replace-row+free-lease',
      ],
    ],
    [
      'delete',
      { path: '/key/delete', body: { keys: [key] } },
      ['load', 'commit replace-row', 'remove', 'commit replace-row+free-lease+expire-pointer'],
    ],
  ])('by %s', async (_, sent, expected) => {
    const { status, made } = await callsOf(sent, before);
    expect({ status, made }).toEqual({ status: 200, made: expected });
  });

  it('by a rename: commit and read at the same time', async () => {
    const service = await startedService();
    await service.asAdmin({ path: '/key/generate', body: fields });
    const { table, secrets } = service;
    const commit = table.commit.bind(table);
    const read = secrets.read.bind(secrets);
    const order: string[] = [];
    table.commit = async (...given) => {
      order.push('commit begins');
      const outcome = await commit(...given);
      order.push('commit ends');
      return outcome;
    };
    secrets.read = async (...given) => {
      order.push('read begins');
      return read(...given);
    };
    await service.asAdmin({ path: '/key/update', body: { key, key_alias: 'b' } });
    expect(order.slice(0, 3)).toEqual(['commit begins', 'read begins', 'commit ends']);
  });

  it.each<[string, Sent, string[]]>([
    [
      'update',
      { path: '/key/update', body: { key, tpm_limit: 7 } },
      ['load', 'commit replace-row'],
    ],
    [
      'regenerate to another alias',
      { path: '/key/regenerate', body: { key, key_alias: 'b' } },
      ['load', 'commit replace-row+create-pointer+put-lease+free-lease+expire-pointer'],
    ],
    [
      'rename',
      { path: '/key/update', body: { key, key_alias: 'b' } },
      ['load', 'commit replace-row+put-lease+free-lease'],
    ],
    [
      'delete',
      { path: '/key/delete', body: { keys: [key] } },
      ['load', 'commit replace-row+free-lease+expire-pointer'],
    ],
  ])('by %s where the key names no secret: caller, one write', async (_, sent, expected) => {
    const unmirrored = [{ path: '/key/generate', body: { ...fields, store_secret: false } }];
    const { status, made } = await callsOf(sent, unmirrored);
    expect({ status, made }).toEqual({ status: 200, made: expected });
  });

  it.each<[string, Sent, string[]]>([
    ['update', { path: '/key/update', body: { key, tpm_limit: 7 } }, ['load', 'load']],
    ['regenerate', { path: '/key/regenerate', body: { key } }, ['load', 'load', 'read']],
    ['delete', { path: '/key/delete', body: { keys: [key] } }, ['load', 'load']],
  ])(
    'by a repeated %s: caller with record, row, and the value where it told one',
    async (_, sent, expected) => {
      const once = { ...sent, headers: { 'idempotency-key': 'once' } };
      const { status, made } = await callsOf(once, [...before, once]);
      expect({ status, made }).toEqual({ status: 200, made: expected });
    },
  );

  it.each<[Sent, number]>([
    [{ path: '/key/update', body: { key, tpm_limit: -1 } }, 400],
    [{ path: '/key/update', body: { key: 'sk-unknown-to-anybody', tpm_limit: 1 } }, 404],
    [{ path: '/key/regenerate', body: { key, grace_period: 'soon' } }, 400],
    [{ path: '/key/regenerate', body: { key: 'sk-unknown-to-anybody' } }, 404],
    [{ path: '/key/delete', body: { keys: ['sk-unknown-to-anybody'] } }, 404],
    [{ path: '/key/block', body: { key: 'x' } }, 400],
    [{ path: '/key/unblock', body: { key: 'sk-unknown-to-anybody' } }, 404],
    [{ path: `/key/${key}/reset_spend`, body: { reset_to: 9 } }, 400],
  ])('for a refusal: caller and target alone (%j)', async (sent, expected) => {
    const { status, made } = await callsOf(sent, before);
    expect({ status, made }).toEqual({ status: expected, made: ['load'] });
  });
});
