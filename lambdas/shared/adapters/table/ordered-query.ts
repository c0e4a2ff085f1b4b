/**
 * Reads partitions that share one sort order as one list. All partitions are asked at once, so that a
 * page takes one round trip however many they are.
 */
import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { byteOrder } from '../../domain/byte-order.ts';
import { answered } from './answered.ts';
import type { Item } from './items.ts';

export interface Order {
  readonly tableName: string;
  /** Null: the table's own keys. */
  readonly index: string | null;
  /** Names of the key attributes. */
  readonly pk: string;
  readonly sk: string;
  readonly partitions: readonly string[];
  readonly isDescending: boolean;
  /** Bounds of the sort key, themselves included. */
  readonly from?: string | null;
  readonly to?: string | null;
}

/** Items that one query asks for at most, so that a long list does not read four times what it takes. */
const perQuery = 1000;

/** Up to `count` items after the sort key `after`, in order; fewer where there are no more. */
export function readOrdered(
  client: DynamoDBDocumentClient,
  order: Order,
  after: string | null,
  count: number,
  limitMs: number,
): Promise<Item[]> {
  const found: Item[] = [];
  const sortKey = (item: Item | undefined) => String(item?.[order.sk]);
  const inOrder = (left: Item | undefined, right: Item | undefined) =>
    (order.isDescending ? -1 : 1) * byteOrder(sortKey(left), sortKey(right));

  return answered(limitMs, async (abortSignal) => {
    const parts: Part[] = order.partitions.map((partition) => ({ partition, items: [], next: {} }));
    while (found.length < count) {
      await Promise.all(parts.filter(isDry).map(refill));
      // Nothing may be taken past the last item read of a partition that has more.
      while (found.length < count && !parts.some(isDry)) {
        const [first] = parts
          .filter(({ items }) => items.length > 0)
          .sort((left, right) => inOrder(left.items[0], right.items[0]));
        if (first === undefined) return found;
        found.push(...first.items.splice(0, 1));
      }
    }
    return found;

    async function refill(part: Part): Promise<void> {
      const { Items = [], LastEvaluatedKey } = await client.send(
        new QueryCommand({
          ...conditionOf(order, part.partition, after),
          // One more: what is at `after` itself is among them.
          Limit: Math.min(count - found.length + 1, perQuery),
          // An index is as narrow as a list wants it; the table itself is not.
          ...(order.index === null ? { ProjectionExpression: `${order.pk}, ${order.sk}` } : {}),
          ...part.next,
        }),
        { abortSignal },
      );
      part.items = Items.filter((item) => sortKey(item) !== after);
      part.next = LastEvaluatedKey === undefined ? null : { ExclusiveStartKey: LastEvaluatedKey };
    }
  });
}

/** How many items there are, counted until the bound is reached. */
export function countOrdered(
  client: DynamoDBDocumentClient,
  order: Order,
  bound: number,
  limitMs: number,
): Promise<number> {
  return answered(limitMs, async (abortSignal) => {
    let counted = 0;
    let parts: Omit<Part, 'items'>[] = order.partitions.map((partition) => ({
      partition,
      next: {},
    }));
    while (parts.length > 0 && counted < bound) {
      // A query without a limit looks at 1 MB, which can be ten times what is left to count.
      const Limit = Math.ceil((bound - counted) / parts.length);
      const pages = await Promise.all(
        parts.map(async ({ partition, next }) => {
          const input = { ...conditionOf(order, partition, null), Select: 'COUNT', Limit } as const;
          const page = await client.send(new QueryCommand({ ...input, ...next }), { abortSignal });
          return { partition, count: page.Count ?? 0, last: page.LastEvaluatedKey };
        }),
      );
      counted += pages.reduce((sum, { count }) => sum + count, 0);
      parts = pages.flatMap(({ partition, last }) =>
        last === undefined ? [] : [{ partition, next: { ExclusiveStartKey: last } }],
      );
    }
    return Math.min(counted, bound);
  });
}

/** A partition with what was read of it and not yet taken. */
interface Part {
  readonly partition: string;
  items: Item[];
  /** Where to read on; null at its end. */
  next: { readonly ExclusiveStartKey?: Item } | null;
}

const isDry = ({ items, next }: Part): boolean => items.length === 0 && next !== null;

/** A sort key can have one condition: `after` takes the place of the bound that it is closer than. */
function conditionOf(order: Order, partition: string, after: string | null) {
  const { tableName, index, pk, sk, isDescending } = order;
  const from = isDescending ? order.from : (after ?? order.from);
  const to = isDescending ? (after ?? order.to) : order.to;
  const hasFrom = from !== null && from !== undefined;
  const hasTo = to !== null && to !== undefined;
  const range =
    hasFrom && hasTo
      ? ' AND #sk BETWEEN :from AND :to'
      : hasFrom
        ? ' AND #sk >= :from'
        : hasTo
          ? ' AND #sk <= :to'
          : '';
  return {
    TableName: tableName,
    ...(index === null ? {} : { IndexName: index }),
    KeyConditionExpression: `#pk = :pk${range}`,
    ExpressionAttributeNames: { '#pk': pk, ...(range === '' ? {} : { '#sk': sk }) },
    ExpressionAttributeValues: {
      ':pk': partition,
      ...(hasFrom ? { ':from': from } : {}),
      ...(hasTo ? { ':to': to } : {}),
    },
    ScanIndexForward: !isDescending,
  };
}
