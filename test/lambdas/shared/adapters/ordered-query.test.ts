import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import {
  countOrdered,
  type Order,
  readOrdered,
} from '../../../../lambdas/shared/adapters/table/ordered-query.ts';
import { Unavailable } from '../../../../lambdas/shared/domain/errors.ts';
import { type Canned, cannedAws, refusal } from '../../fixtures/canned-aws.ts';

/** An order of one partition, unless said, in a client that notes what is sent and answered when. */
async function orderThat(answers: readonly Canned[], changes: Partial<Order> = {}) {
  const { config, asked } = await cannedAws(...answers);
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(config));
  const steps: string[] = [];
  client.middlewareStack.add((next) => async (args) => {
    steps.push('sent');
    const answer = await next(args);
    steps.push('answered');
    return answer;
  });
  const order: Order = {
    tableName: 'table',
    index: 'index',
    pk: 'p',
    sk: 's',
    partitions: ['P0'],
    isDescending: false,
    ...changes,
  };
  return {
    asked,
    steps,
    read: async (count: number, after: string | null = null, limitMs = 1000) =>
      (await readOrdered(client, order, after, count, limitMs)).map(({ s }) => s),
    count: (bound: number, limitMs = 1000) => countOrdered(client, order, bound, limitMs),
  };
}

const pageOf = (sortKeys: readonly string[], last: string | null = null): Canned => ({
  status: 200,
  body: {
    Items: sortKeys.map((s) => marshall({ p: 'P', s })),
    ...(last === null ? {} : { LastEvaluatedKey: marshall({ p: 'P', s: last }) }),
  },
});
const counted = (Count: number, last: string | null = null): Canned => ({
  status: 200,
  body: { Count, ...(last === null ? {} : { LastEvaluatedKey: marshall({ p: 'P', s: last }) }) },
});
const text = (S: string) => ({ S });

describe('a read in order', () => {
  it('asks an index for as much as is wanted and one more, and for all that it has', async () => {
    const { asked, read } = await orderThat([pageOf(['a', 'b'])]);
    expect(await read(10)).toEqual(['a', 'b']);
    expect(asked).toEqual([
      {
        target: 'Query',
        body: {
          TableName: 'table',
          IndexName: 'index',
          KeyConditionExpression: '#pk = :pk',
          ExpressionAttributeNames: { '#pk': 'p' },
          ExpressionAttributeValues: { ':pk': text('P0') },
          ScanIndexForward: true,
          Limit: 11,
        },
      },
    ]);
  });

  it('asks the table itself for its keys alone', async () => {
    const { asked, read } = await orderThat([pageOf([])], { index: null });
    await read(1);
    expect(asked[0]?.body).toMatchObject({ ProjectionExpression: 'p, s' });
    expect(asked[0]?.body).not.toHaveProperty('IndexName');
  });

  it('asks for no more than a thousand at once', async () => {
    const { asked, read } = await orderThat([pageOf([])]);
    await read(10_001);
    expect(asked[0]?.body.Limit).toBe(1000);
  });

  it.each<[Partial<Order>, string | null, string, Readonly<Record<string, string>>]>([
    // order of the list, its bounds, the position to go on after, what the sort key must be
    [{}, null, '', {}],
    [{ isDescending: true }, null, '', {}],
    [{}, 'm', ' AND #sk >= :from', { ':from': 'm' }],
    [{ isDescending: true }, 'm', ' AND #sk <= :to', { ':to': 'm' }],
    [{ from: 'c', to: null }, null, ' AND #sk >= :from', { ':from': 'c' }],
    [{ from: null, to: 'x' }, null, ' AND #sk <= :to', { ':to': 'x' }],
    [{ from: 'c', to: 'x' }, null, ' AND #sk BETWEEN :from AND :to', { ':from': 'c', ':to': 'x' }],
    [{ from: 'c', to: 'x' }, 'm', ' AND #sk BETWEEN :from AND :to', { ':from': 'm', ':to': 'x' }],
    [
      { from: 'c', to: 'x', isDescending: true },
      'm',
      ' AND #sk BETWEEN :from AND :to',
      { ':from': 'c', ':to': 'm' },
    ],
    [{ from: 'c', to: null }, 'm', ' AND #sk >= :from', { ':from': 'm' }],
    [
      { from: 'c', isDescending: true },
      'm',
      ' AND #sk BETWEEN :from AND :to',
      { ':from': 'c', ':to': 'm' },
    ],
  ])('of %o after %s has one condition on the sort key', async (changes, after, range, values) => {
    const { asked, read } = await orderThat([pageOf([])], changes);
    await read(1, after);
    const texts = Object.entries(values).map(([name, value]) => [name, text(value)]);
    expect(asked[0]?.body).toMatchObject({
      KeyConditionExpression: `#pk = :pk${range}`,
      ExpressionAttributeValues: { ':pk': text('P0'), ...Object.fromEntries(texts) },
      ScanIndexForward: !('isDescending' in changes),
    });
  });

  it('leaves out what is at the position itself, and gets a whole page all the same', async () => {
    const { asked, read } = await orderThat([pageOf(['m', 'n', 'o'])]);
    expect(await read(2, 'm')).toEqual(['n', 'o']);
    expect(asked).toHaveLength(1);
  });

  it('asks all partitions at once, and once, for a page', async () => {
    const partitions = ['P0', 'P1', 'P2', 'P3'];
    const pages = ['a', 'b', 'c', 'd'].map((first) => pageOf([first, `${first}2`], `${first}2`));
    const { asked, steps, read } = await orderThat(pages, { partitions });
    expect(await read(1)).toEqual(['a']);
    expect(steps.join(' ')).toMatch(/^(sent ?){4}( ?answered){4}$/);
    const values = asked.map(({ body }) => body.ExpressionAttributeValues[':pk'].S);
    expect(new Set(values)).toEqual(new Set(partitions));
  });

  it.each([
    [false, ['a', 'b', '～', '🔑']],
    [true, ['🔑', '～', 'b', 'a']],
  ])('merges partitions by the bytes of their keys; descending: %s', async (isDescending, all) => {
    const pages = [0, 1].map((part) => pageOf(all.filter((_, index) => index % 2 === part)));
    const { read } = await orderThat(pages, { partitions: ['P0', 'P1'], isDescending });
    expect(await read(9)).toEqual(all);
  });

  it('takes nothing past the end of what it has read of a partition that has more', async () => {
    const { asked, read } = await orderThat(
      [pageOf(['a', 'b'], 'b'), pageOf(['c', 'z'], 'z'), pageOf(['d', 'e'])],
      { partitions: ['P', 'P'] },
    );
    expect(await read(4)).toEqual(['a', 'b', 'c', 'd']);
    expect(asked).toHaveLength(3);
    expect(asked[2]?.body).toMatchObject({
      ExclusiveStartKey: { p: text('P'), s: text('b') },
      Limit: 3,
    });
  });

  it('reads on where a page had nothing but the position itself, or nothing at all', async () => {
    const { asked, read } = await orderThat([
      pageOf(['m'], 'm'),
      pageOf([], 'n'),
      pageOf(['o'], 'o'),
      pageOf([]),
    ]);
    expect(await read(2, 'm')).toEqual(['o']);
    expect(asked).toHaveLength(4);
    expect(asked[3]?.body).toMatchObject({
      KeyConditionExpression: '#pk = :pk AND #sk >= :from',
      ExclusiveStartKey: { s: text('o') },
    });
  });

  it('asks for nothing further once the page is full', async () => {
    const { asked, read } = await orderThat([pageOf(['a', 'b', 'c'], 'c')]);
    expect(await read(3)).toEqual(['a', 'b', 'c']);
    expect(asked).toHaveLength(1);
  });
});

describe('a count in order', () => {
  it('asks for counts alone, of all partitions at once, from the beginning', async () => {
    const changes = { partitions: ['P0', 'P1'], from: 'c', isDescending: true };
    const { asked, steps, count } = await orderThat([counted(3), counted(4)], changes);
    expect(await count(10)).toBe(7);
    expect(steps).toEqual(['sent', 'sent', 'answered', 'answered']);
    for (const { target, body } of asked) {
      expect(target).toBe('Query');
      expect(body).toMatchObject({
        IndexName: 'index',
        Select: 'COUNT',
        KeyConditionExpression: '#pk = :pk AND #sk >= :from',
        Limit: 5,
      });
    }
  });

  it('goes on where there is more, until the bound is reached', async () => {
    const { asked, count } = await orderThat([
      counted(3, 'c'),
      counted(3, 'f'),
      counted(3, 'i'),
      counted(3),
    ]);
    expect(await count(7)).toBe(7);
    expect(asked.map(({ body }) => body.ExclusiveStartKey?.s.S)).toEqual([undefined, 'c', 'f']);
    expect(asked.map(({ body }) => body.Limit)).toEqual([7, 4, 1]);
  });

  it('asks those partitions further that have more, for what is left, and ends with the last', async () => {
    const { asked, count } = await orderThat([counted(3, 'c'), counted(4), counted(5)], {
      partitions: ['P', 'P'],
    });
    expect(await count(100)).toBe(12);
    expect(asked.map(({ body }) => body.Limit)).toEqual([50, 50, 93]);
  });
});

describe.each<
  [string, (order: Awaited<ReturnType<typeof orderThat>>, limitMs: number) => Promise<unknown>]
>([
  ['a read', ({ read }, limitMs) => read(1, null, limitMs)],
  ['a count', ({ count }, limitMs) => count(1, limitMs)],
])('%s', (_, ask) => {
  it.each<[string, Canned]>([
    ['throttled', refusal('ThrottlingException')],
    ['out of throughput', refusal('ProvisionedThroughputExceededException')],
    ['over the account’s limit', refusal('RequestLimitExceeded')],
    ['met by a server error', refusal('InternalServerError', 500)],
    ['met by silence', 'hangs'],
    ['broken off', 'breaks off'],
    ['answered by half', 'is cut short'],
  ])('that is %s in one partition is unavailable, not the end', async (_name, answer) => {
    const order = await orderThat([pageOf([]), answer], { partitions: ['P0', 'P1'] });
    await expect(ask(order, 300)).rejects.toBeInstanceOf(Unavailable);
  });

  it.each(['AccessDeniedException', 'ValidationException'])('with a %s is a bug', async (name) => {
    const order = await orderThat([refusal(name)]);
    await expect(ask(order, 1000)).rejects.toMatchObject({ name });
  });

  it('is not sent without time left', async () => {
    const order = await orderThat([]);
    await expect(ask(order, 0)).rejects.toBeInstanceOf(Unavailable);
    expect(order.asked).toEqual([]);
  });
});
