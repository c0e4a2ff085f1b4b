import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { recordMs } from '../../../../lambdas/shared/adapters/reader-limits.ts';
import {
  type RowChange,
  rowStreamHandler,
} from '../../../../lambdas/shared/adapters/row-stream.ts';
import { leaseItem, rowItem } from '../../../../lambdas/shared/adapters/table/items.ts';
import type { KeyRow } from '../../../../lambdas/shared/domain/key-row.ts';
import { lambdaContext } from '../../../fakes/gateway-event.ts';
import { rowWith } from '../../fixtures/rows.ts';

type Item = Record<string, unknown>;

/** A record as the stream delivers it. */
function recordOf(sequence: number, before: Item | null, after: Item | null): DynamoDBRecord {
  // Round trip through JSON text, as Lambda hands an event over.
  const image = (item: Item | null) =>
    item === null
      ? undefined
      : JSON.parse(JSON.stringify(marshall(item, { removeUndefinedValues: true })));
  const { pk } = after ?? before ?? {};
  return {
    eventName: after === null ? 'REMOVE' : before === null ? 'INSERT' : 'MODIFY',
    dynamodb: {
      SequenceNumber: String(sequence),
      Keys: { pk: { S: String(pk) } },
      OldImage: image(before),
      NewImage: image(after),
    },
  };
}

async function read(records: DynamoDBRecord[], fails: (row: KeyRow) => boolean = () => false) {
  const seen: RowChange[] = [];
  const handler = rowStreamHandler('test', async (change) => {
    if (fails(change.after)) throw new Error('down');
    seen.push(change);
  });
  const { batchItemFailures } = await handler({ Records: records });
  return { seen, failed: batchItemFailures.map(({ itemIdentifier }) => itemIdentifier) };
}

/** As a table keeps it: without undefined members. */
const stored = (row: KeyRow) => JSON.parse(JSON.stringify(row));

describe('the stream of the keys table', () => {
  it('gives both images of a write as they were stored', async () => {
    const before = rowWith({ key: { spend: 0.1, metadata: { a: [1e-7, null, 'x'], b: {} } } });
    const after = { ...before, rev: 2, a_newer_attribute: { kept: true } };
    const { seen, failed } = await read([recordOf(1, rowItem(before), rowItem(after))]);
    expect(seen).toEqual([{ before: stored(before), after: stored(after) }]);
    expect(failed).toEqual([]);
  });

  it('has nothing to say of removals, leases and pointers', async () => {
    const lease = leaseItem({
      alias: 'a',
      state: 'held',
      keyId: 'k',
      secretName: null,
      secretArn: null,
      deletedAt: null,
      rev: 1,
    });
    const { seen, failed } = await read([
      recordOf(1, rowItem(rowWith()), null),
      recordOf(2, null, lease),
      recordOf(3, null, { pk: 'TOKEN#x', hash: 'x', keyId: 'k' }),
    ]);
    expect([seen, failed]).toEqual([[], []]);
  });

  it('reports the records that failed, and reads the others', async () => {
    const rows = ['a', 'b', 'c'].map((keyId) => rowWith({ keyId }));
    const records = rows.map((row, index) => recordOf(index + 1, null, rowItem(row)));
    const { seen, failed } = await read(records, ({ keyId }) => keyId === 'b');
    expect(seen.map(({ after }) => after.keyId)).toEqual(['a', 'c']);
    expect(failed).toEqual(['2']);
  });

  it('does not begin a record that may not end in time, and reports it', async () => {
    const rows = ['a', 'b', 'c', 'd'].map((keyId) => rowWith({ keyId }));
    const records = rows.map((row, index) => recordOf(index + 1, null, rowItem(row)));
    const left = [recordMs + 5000, recordMs + 2000, recordMs + 1999, 0];
    const seen: string[] = [];
    const handler = rowStreamHandler('test', async ({ after }) => void seen.push(after.keyId));
    const context = { ...lambdaContext, getRemainingTimeInMillis: () => left.shift() ?? 0 };
    const { batchItemFailures } = await handler({ Records: records }, context);
    expect(seen).toEqual(['a', 'b']);
    expect(batchItemFailures).toEqual([{ itemIdentifier: '3' }, { itemIdentifier: '4' }]);
  });

  it('reports a record that it cannot read, and one where everything fails', async () => {
    const { failed } = await read([recordOf(7, null, { pk: 'KEY#k', v: 99 })]);
    expect(failed).toEqual(['7']);
  });
});
