/** What the port's cases cannot show: the stream, and what time and other releases do. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { KeyWrite } from '../../lambdas/shared/domain/ports.ts';
import { rowWith } from '../lambdas/fixtures/rows.ts';
import { FakeClock } from './clock.ts';
import { MemoryKeyTable } from './memory-key-table.ts';

const limitMs = 1000;
let clock: FakeClock;
let table: MemoryKeyTable;

beforeEach(() => {
  clock = new FakeClock();
  table = new MemoryKeyTable(clock.now);
});

const row = rowWith();
const birth: readonly KeyWrite[] = [
  { kind: 'create-row', row },
  { kind: 'create-pointer', pointer: { hash: row.cur.hash, keyId: row.keyId } },
];

describe('the stream', () => {
  it('has each write of each item, whole, in order, and only rows for who reads rows', async () => {
    await table.commit(birth, 'token', limitMs);
    const second = { ...row, rev: row.rev + 1 };
    await table.commit([{ kind: 'replace-row', row: second }], 'token', limitMs);
    await table.commit([{ kind: 'delete-pointer', hash: row.cur.hash }], 'token-2', limitMs);
    expect(table.changes.map(({ pk }) => pk)).toEqual([
      `KEY#${row.keyId}`,
      `TOKEN#${row.cur.hash}`,
      `KEY#${row.keyId}`,
      `TOKEN#${row.cur.hash}`,
    ]);
    expect(table.changes.map(({ after }) => after === null)).toEqual([false, false, false, true]);
    expect(table.stream).toEqual([
      { before: null, after: row },
      { before: row, after: second },
    ]);
  });

  it('has nothing of a refused write, a repeat, or a removal of nothing', async () => {
    await table.commit(birth, 'token', limitMs);
    const known = table.changes.length;
    await table.commit(birth, 'other', limitMs);
    await table.commit(birth, 'token', limitMs);
    await table.commit([{ kind: 'delete-pointer', hash: 'unknown' }], 'third', limitMs);
    table.putItem({ ...table.items.get(`KEY#${row.keyId}`), pk: `KEY#${row.keyId}` });
    expect(table.changes.length).toBe(known);
  });

  it('keeps what it said, whatever readers do to it', async () => {
    await table.commit(birth, 'token', limitMs);
    const [change] = table.changes;
    if (change?.after != null) change.after['v'] = 2;
    expect(table.row(row.keyId)).toEqual(row);
  });
});

describe('a token', () => {
  it('makes a repeat harmless for ten minutes, and no longer', async () => {
    const removal: readonly KeyWrite[] = [{ kind: 'delete-pointer', hash: row.cur.hash }];
    await table.commit(birth, 'birth', limitMs);
    await table.commit(removal, 'token', limitMs);
    await table.commit(
      [{ kind: 'create-pointer', pointer: { hash: row.cur.hash, keyId: 'k2' } }],
      'again',
      limitMs,
    );
    clock.advance(599_999);
    await table.commit(removal, 'token', limitMs);
    expect(table.pointer(row.cur.hash)).toBe('k2');
    clock.advance(1);
    await table.commit(removal, 'token', limitMs);
    expect(table.pointer(row.cur.hash)).toBeNull();
  });
});

describe('what is past its time to live', () => {
  it('is removed of idempotency records too', async () => {
    const ttl = Math.floor(clock.now().getTime() / 1000) + 60;
    const record = {
      id: 'record',
      requestHash: 'r',
      eventId: 'e',
      keyId: 'k',
      hash: 'h',
      answer: '{}',
      ttl,
    };
    await table.commit([{ kind: 'create-record', record, now: clock.now() }], 'token', limitMs);
    clock.advance(59_999);
    table.removeExpired();
    expect([...table.records.keys()]).toEqual(['record']);
    clock.advance(1);
    table.removeExpired();
    expect([...table.records.keys()]).toEqual([]);
  });
});

describe('an item', () => {
  it.each(['pk', 'user_pk', 'created_sk'])('with an empty %s is refused', (name) => {
    expect(() => table.putItem({ pk: 'KEY#a', [name]: '' })).toThrow(
      expect.objectContaining({ name: 'ValidationException' }),
    );
  });

  it('is refused alone with ValidationException, in a transaction as a cancelled one', async () => {
    const large = { ...row, key: { ...row.key, metadata: { x: 'x'.repeat(400 * 1024) } } };
    const write = { kind: 'create-row', row: large } as const;
    await expect(table.commit([write], 'token', limitMs)).rejects.toMatchObject({
      name: 'ValidationException',
    });
    await expect(
      table.commit([write, { kind: 'delete-record', id: 'r' }], 'token', limitMs),
    ).rejects.toMatchObject({ name: 'TransactionCanceledException' });
  });

  it('may have just under 400 kB', () => {
    table.putItem({ pk: 'KEY#a', x: 'x'.repeat(400 * 1024 - 'pkKEY#ax'.length) });
    expect(() =>
      table.putItem({ pk: 'KEY#a', x: 'x'.repeat(400 * 1024 - 'pkKEY#ax'.length + 1) }),
    ).toThrow(expect.objectContaining({ name: 'ValidationException' }));
  });
});
