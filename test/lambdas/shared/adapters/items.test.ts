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

  it('comes back with its open step, of which it has only what it does not say elsewhere', () => {
    const row = rowWith({ alias: 'a' });
    const asOpened = {
      id: row.cur.ver ?? '',
      kind: 'generate',
      claim: 0,
      opened: row.event.at,
      at: row.event.at,
      fence: '2026-11-25T13:51:00.000Z',
      notify: null,
      hash: row.cur.hash,
      ver: row.cur.ver ?? '',
      newName: row.secretName ?? '',
      newAlias: row.alias,
      names: [],
      idempotencyId: null,
      who: row.event.who,
      request_id: row.event.request_id,
    };
    const stored = (intent: object) =>
      throughTable(rowItem({ ...row, intent: { ...asOpened, ...intent } }));
    const told = ['id', 'kind', 'claim', 'opened', 'fence'];
    expect(Object.keys(stored({})['intent']).sort()).toEqual(told.toSorted());
    expect(parseRow(stored({}))).toEqual({ ...row, intent: asOpened });

    const others = {
      at: '2026-11-25T13:52:00.000Z',
      notify: { event: 'key_created', to: 'ada@example.com' },
      hash: 'another',
      ver: 'another',
      newName: 'litellm/another',
      newAlias: null,
      names: ['litellm/b'],
      idempotencyId: 'record',
      who: { ...row.event.who, principal: 'another' },
      request_id: 'another',
    };
    for (const [name, value] of Object.entries(others)) {
      const item = stored({ [name]: value });
      expect(Object.keys(item['intent']).sort()).toEqual([...told, name].sort());
    }
    const other = { ...asOpened, ...others, notify: null, names: ['litellm/a'], of_tomorrow: [1] };
    expect(parseRow(stored(other))).toEqual({ ...row, intent: other });
    const whole = throughTable({ ...rowItem(row), intent: asOpened });
    expect(parseRow(whole)).toEqual({ ...row, intent: asOpened });
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
