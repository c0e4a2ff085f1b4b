import type { DynamoDBStreamEvent } from 'aws-lambda';
import { beforeEach, describe, expect, it } from 'vitest';
import { type RowChange, rowStreamHandler } from '../../lambdas/shared/adapters/row-stream.ts';
import { rowWith } from '../lambdas/fixtures/rows.ts';
import { FakeClock } from './clock.ts';
import { MemoryItems } from './memory-items.ts';
import { MemoryKeyTable } from './memory-key-table.ts';
import { seededChoice } from './seeded-choice.ts';
import { type PollerOptions, type StreamHandler, StreamPoller } from './stream-poller.ts';

const hour = 3_600_000;
const seeds = Array.from({ length: 20 }, (_, seed) => seed);
let clock: FakeClock;
let table: MemoryItems;

beforeEach(() => {
  clock = new FakeClock();
  table = new MemoryItems(clock.now);
});

/** What was delivered, batch by batch, each record as `item/version`. */
const delivered: string[][] = [];
const nameOf = (record: DynamoDBStreamEvent['Records'][number] | undefined) => {
  const { Keys, NewImage } = record?.dynamodb ?? {};
  return `${Keys?.['pk']?.S}/${NewImage?.['version']?.N}`;
};

/** A reader that notes what it gets and answers by the batch. */
const noting =
  (
    answer: (names: string[], event: DynamoDBStreamEvent) => ReturnType<StreamHandler>,
  ): StreamHandler =>
  async (event) => {
    const names = event.Records.map(nameOf);
    delivered.push(names);
    return answer(names, event);
  };
const taking = noting(async () => ({ batchItemFailures: [] }));
const reporting = (...identifiers: string[]) => ({
  batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier })),
});

const poller = (handler: StreamHandler, options: Partial<PollerOptions> = {}) => {
  delivered.length = 0;
  return new StreamPoller(table.changes, handler, { shards: 1, now: clock.now, ...options });
};

/** Versions of items, one after the other. */
const write = (...names: string[]) => {
  for (const name of names) {
    const [pk = '', version] = name.split('/');
    table.put(pk, { pk, version: Number(version) });
  }
};

describe('a stream mapping', () => {
  it.each(seeds)('delivers everything, in order per item (seed %i)', async (seed) => {
    const names = Array.from({ length: 40 }, (_, index) => `item-${index % 7}/${index}`);
    write(...names);
    await poller(taking, { shards: 4, batchSize: 5, choose: seededChoice(seed) }).drain();
    expect(delivered.flat().toSorted()).toEqual(names.toSorted());
    for (let item = 0; item < 7; item += 1) {
      const isOfItem = (name: string) => name.startsWith(`item-${item}/`);
      expect(delivered.flat().filter(isOfItem)).toEqual(names.filter(isOfItem));
    }
  });

  it('keeps no order across items', async () => {
    const names = ['a/1', 'b/1', 'c/1', 'd/1'];
    write(...names);
    const orders = new Set<string>();
    for (const seed of seeds) {
      await poller(taking, { shards: 4, choose: seededChoice(seed) }).drain();
      orders.add(delivered.flat().join());
    }
    expect(orders.size).toBeGreaterThan(5);
  });

  it('goes on with what is written later', async () => {
    write('a/1');
    const reader = poller(taking);
    await reader.drain();
    write('a/2');
    await reader.drain();
    expect(delivered).toEqual([['a/1'], ['a/2']]);
  });

  it('says nothing of a write that changes nothing', async () => {
    write('a/1', 'a/1');
    await poller(taking).drain();
    expect(delivered).toEqual([['a/1']]);
  });

  it.each([undefined, null, { batchItemFailures: [] }])(
    'takes %j for a success',
    async (answer) => {
      write('a/1', 'b/1');
      await poller(noting(async () => answer)).drain();
      expect(delivered).toEqual([['a/1', 'b/1']]);
    },
  );

  it('delivers again from the lowest number that is reported', async () => {
    write('a/1', 'b/1', 'c/1', 'd/1');
    const [, second = '', third = ''] = table.changes.map(({ sequenceNumber }) => sequenceNumber);
    const handler = noting(async (names) =>
      names.length === 4 ? reporting(third, second) : reporting(),
    );
    await poller(handler).drain();
    expect(delivered).toEqual([
      ['a/1', 'b/1', 'c/1', 'd/1'],
      ['b/1', 'c/1', 'd/1'],
    ]);
  });

  it.each(['', '1'])('delivers all again where %j is reported', async (identifier) => {
    write('a/1', 'b/1');
    const handler = noting(async () =>
      delivered.length === 1 ? reporting(identifier) : reporting(),
    );
    await poller(handler, { bisects: false }).drain();
    expect(delivered).toEqual([
      ['a/1', 'b/1'],
      ['a/1', 'b/1'],
    ]);
  });

  it('halves a batch that the function dies of, until the poison is alone; the rest goes on', async () => {
    write('a/1', 'b/1', 'poison/1', 'c/1', 'poison/2');
    const handler = noting(async (names) => {
      if (names.includes('poison/1')) throw new Error('poison');
      return reporting();
    });
    const reader = poller(handler, { retries: 2 });
    await reader.drain();
    expect(delivered.filter((names) => names.join() === 'poison/1')).toHaveLength(3);
    expect(reader.failures.map(nameOf)).toEqual(['poison/1']);
    const taken = delivered.filter((names) => !names.includes('poison/1')).flat();
    expect(taken).toEqual(['a/1', 'b/1', 'c/1', 'poison/2']);
  });

  it('holds all later records back while a batch is retried', async () => {
    write('poison/1', 'a/1');
    const reader = poller(
      noting(async (names) => {
        if (names.includes('poison/1')) throw new Error('poison');
        return reporting();
      }),
      { retries: 5, batchSize: 1 },
    );
    await reader.drain();
    expect(delivered.map(([name]) => name)).toEqual([...Array(6).fill('poison/1'), 'a/1']);
  });

  it('without bisect gives the whole batch up', async () => {
    write('a/1', 'poison/1', 'b/1');
    const handler = noting(async () => {
      throw new Error('poison');
    });
    const reader = poller(handler, { retries: 1, bisects: false });
    await reader.drain();
    expect(delivered).toHaveLength(2);
    expect(reader.failures.map(nameOf)).toEqual(['a/1', 'poison/1', 'b/1']);
  });

  it('does not count it as a retry when a report gets further', async () => {
    write('a/1', 'b/1', 'c/1');
    const handler = noting(async (_names, { Records: [first, ...rest] }) => {
      return rest.length === 0 || first === undefined
        ? reporting()
        : reporting(rest[0]?.dynamodb?.SequenceNumber ?? '');
    });
    const reader = poller(handler, { retries: 0 });
    await reader.drain();
    expect(reader.failures).toEqual([]);
    expect(delivered.map((names) => names.length)).toEqual([3, 2, 1]);
  });

  it('gives up what is too old, whole, without delivering it', async () => {
    write('a/1');
    clock.advance(6 * hour + 1);
    write('b/1');
    const reader = poller(taking);
    await reader.drain();
    expect(delivered).toEqual([['b/1']]);
    expect(reader.failures).toMatchObject([
      { eventName: 'INSERT', dynamodb: { NewImage: { pk: { S: 'a' }, version: { N: '1' } } } },
    ]);
  });

  it('never sees what the stream has dropped after a day', async () => {
    write('a/1');
    clock.advance(24 * hour);
    write('b/1');
    const reader = poller(taking, { maxAgeMs: Infinity });
    await reader.drain();
    expect(delivered).toEqual([['b/1']]);
    expect(reader.trimmed).toBe(1);
    expect(reader.failures).toEqual([]);
  });

  it('goes on where it was when the stream has dropped what it has read', async () => {
    write('a/1');
    const reader = poller(taking);
    await reader.drain();
    clock.advance(24 * hour);
    write('a/2');
    table.trim();
    expect(table.changes.map(({ pk }) => pk)).toEqual(['a']);
    write('a/3');
    await reader.drain();
    expect(delivered).toEqual([['a/1'], ['a/2', 'a/3']]);
    expect(reader.trimmed).toBe(0);
  });

  it('delivers a batch again though it succeeded', async () => {
    write('a/1', 'b/1');
    const reader = poller(taking, { duplicatePercent: 50, choose: seededChoice(1) });
    while (delivered.length < 20) {
      reader.rewind();
      await reader.drain();
    }
    const again = delivered.filter((names, index) => names.join() === delivered[index - 1]?.join());
    expect(again.length).toBeGreaterThan(0);
  });

  it('takes a lost answer for a failure, though the work was done', async () => {
    write('a/1');
    const reader = poller(taking, { lostPercent: 100, retries: 3 });
    await reader.drain();
    expect(delivered).toHaveLength(4);
    expect(reader.failures.map(nameOf)).toEqual(['a/1']);
  });

  it('lets two readers go at their own speeds', async () => {
    write('a/1', 'a/2');
    const [fast, slow] = [poller(taking), poller(taking, { batchSize: 1 })];
    await fast.drain();
    await slow.step();
    expect(delivered).toEqual([['a/1', 'a/2'], ['a/1']]);
  });

  it('says that the table itself removed an expired item', async () => {
    const keys = new MemoryKeyTable(clock.now);
    keys.putItem({ pk: 'KEY#a', ttl: Math.floor(clock.now().getTime() / 1000) + 1 });
    keys.removeExpired();
    clock.advance(1000);
    keys.removeExpired();
    const events: DynamoDBStreamEvent[] = [];
    await new StreamPoller(
      keys.changes,
      async (event) => {
        events.push(event);
        return reporting();
      },
      { now: clock.now },
    ).drain();
    expect(events.flatMap(({ Records }) => Records)).toMatchObject([
      { eventName: 'INSERT' },
      {
        eventName: 'REMOVE',
        userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
      },
    ]);
  });

  it('hands the real reader the rows as they were written', async () => {
    const keys = new MemoryKeyTable(clock.now);
    const row = rowWith();
    await keys.commit([{ kind: 'create-row', row }], 'token', 1000);
    await keys.commit([{ kind: 'create-pointer', pointer: { hash: 'h', keyId: 'k' } }], 't', 1000);
    const second = { ...row, rev: row.rev + 1, blocked: true };
    await keys.commit([{ kind: 'replace-row', row: second }], 'token', 1000);
    const seen: RowChange[] = [];
    const handler = rowStreamHandler('test', async (change) => {
      seen.push(change);
    });
    await new StreamPoller(keys.changes, handler, { now: clock.now }).drain();
    expect(seen).toEqual([
      { before: null, after: row },
      { before: row, after: second },
    ]);
    expect(seen).toEqual(keys.stream);
  });
});
