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

async function callsOf(sent: Sent, before: readonly Sent[] = []) {
  const service = await startedService();
  for (const earlier of before) await service.asAdmin(earlier);
  const process = new FaultyProcess(new Map(), service.clock, 0);
  const { status } = await service.sendThrough(
    {
      table: faultyTable(service.table, process),
      secrets: faultySecrets(service.secrets, process),
      due: faultyDueRows(service.due, process),
    },
    { ...sent, headers: { authorization: 'Bearer sk-1234', ...sent.headers } },
  );
  return { status, made: process.made };
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
