import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import {
  leaseItem,
  parseLease,
  parseRow,
  rowItem,
} from '../../../../lambdas/shared/adapters/table/items.ts';
import { rowWith } from '../../fixtures/rows.ts';

const throughTable = (item: Record<string, unknown>) =>
  unmarshall(marshall(item, { removeUndefinedValues: true }));

const lease = {
  alias: 'alpha',
  state: 'held',
  keyId: 'k',
  secretName: 'litellm/alpha',
  secretArn: null,
  deletedAt: null,
  rev: 3,
} as const;

describe('a row in the table', () => {
  it('comes back as it was, attributes of a newer release included', () => {
    const row = JSON.parse(
      JSON.stringify({
        ...rowWith({ key: { key_alias: 'a', of_tomorrow: [1] } }),
        of_tomorrow: { a: 1 },
      }),
    );
    expect(parseRow(throughTable(rowItem(row)))).toEqual(row);
  });

  it('is found by its owner and its team while it lives, and apart when it is deleted', () => {
    const row = rowWith({ key: { user_id: 'ada', team_id: 'blue' } });
    expect(rowItem(row)).toMatchObject({ user_pk: 'USER#live#ada', team_pk: 'TEAM#live#blue' });
    expect(rowItem({ ...row, status: 'deleted' })).toMatchObject({
      user_pk: 'USER#deleted#ada',
      team_pk: 'TEAM#deleted#blue',
    });
  });

  it('is in no index of owners without an owner', () => {
    const item = rowItem(rowWith({ key: { user_id: undefined } }));
    expect(item).not.toHaveProperty('user_pk');
    expect(item).not.toHaveProperty('team_pk');
  });

  it('is in no list where it is the admin key', () => {
    const item = rowItem(rowWith({ keyId: 'master' }));
    for (const name of ['created_pk', 'user_pk', 'listed']) expect(item).not.toHaveProperty(name);
  });

  it('is due only while something is', () => {
    expect(rowItem(rowWith())).not.toHaveProperty('due_pk');
    const row = rowWith({ prev: { hash: 'h', until: '2026-12-01T00:00:00.000Z' } });
    expect(rowItem(row)['due_sk']).toBe(`2026-12-01T00:00:00.000Z#${row.keyId}`);
  });

  it('copies at most 400 bytes into the lists, but for its alias', () => {
    const { listed } = rowItem(rowWith({ expires: '2026-12-01T00:00:00.000Z' }));
    expect(JSON.stringify(listed).length).toBeLessThanOrEqual(400);
  });

  it('is refused where it is none', () => {
    expect(() => parseRow({ pk: 'KEY#k' })).toThrow();
    expect(() => parseRow(rowItem({ ...rowWith(), seq: Number('x') }))).toThrow();
  });
});

describe('an alias in the table', () => {
  it('comes back as it was, and is listed only while held', () => {
    expect(parseLease(throughTable(leaseItem(lease)))).toEqual(lease);
    expect(leaseItem(lease)['created_sk']).toBe('alpha');
    expect(leaseItem({ ...lease, state: 'free' })).not.toHaveProperty('created_pk');
  });
});
