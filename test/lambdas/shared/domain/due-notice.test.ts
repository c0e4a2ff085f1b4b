import { describe, expect, it } from 'vitest';
import { dueNoticeOf } from '../../../../lambdas/shared/domain/due-notice.ts';
import type { Intent, KeyRow } from '../../../../lambdas/shared/domain/key-row.ts';
import { withIntent } from '../../../../lambdas/shared/protocol/birth.ts';
import { now, rowWith } from '../../fixtures/rows.ts';

const notify = { event: 'key_created', to: 'ada@example.com' } as const;

function rowTold(changes: Partial<KeyRow> = {}): KeyRow {
  const row = rowWith();
  return { ...row, event: { ...row.event, notify }, ...changes };
}

function opened(changes: Partial<Intent> = {}): KeyRow {
  const row = rowTold();
  const { row: withOne } = withIntent({ value: '', row, notify }, null, now, 60);
  return withOne.intent === null
    ? withOne
    : { ...withOne, intent: { ...withOne.intent, ...changes } };
}

const later = (row: KeyRow, changes: Partial<KeyRow> = {}): KeyRow => ({
  ...row,
  rev: row.rev + 1,
  ...changes,
});

describe('a mail is due', () => {
  it('on the write that closes the intent, under the intent’s id', () => {
    const before = opened();
    const due = dueNoticeOf(before, later(before, { intent: null }));
    expect(due).toMatchObject({ id: before.intent?.id, notify });
  });

  it('on a birth without intent, under the event’s id', () => {
    const row = rowTold();
    expect(dueNoticeOf(null, row)).toMatchObject({ id: row.event.id, notify });
  });

  it('also where another change came with the settle', () => {
    const before = opened();
    expect(dueNoticeOf(before, later(before, { intent: null, seq: 2 }))).not.toBeNull();
  });
});

describe('a change that is complete with its event', () => {
  const told = { event: 'key_blocked', to: 'ada@example.com' };
  const changed = (row: KeyRow, changes: Partial<KeyRow> = {}): KeyRow =>
    later(row, { seq: row.seq + 1, event: { ...row.event, id: 'e', notify: told }, ...changes });

  it('waits for no step that is open beside it', () => {
    for (const kind of ['regenerate', 'rename', 'delete', 'restore', 'cleanup']) {
      const open = opened({ kind });
      expect(dueNoticeOf(open, changed(open))).toMatchObject({ id: 'e', event: 'key_blocked' });
    }
  });

  it('nor for the one that it opens, nor for the one that it takes the place of', () => {
    const row = rowTold();
    const { intent } = opened({ kind: 'delete' });
    const deleted = { status: 'deleted', intent } as const;
    const open = opened({ kind: 'regenerate' });
    for (const before of [row, open]) {
      expect(dueNoticeOf(before, changed(before, deleted))).toMatchObject({ id: 'e' });
      const settled = changed(before, { ...deleted, intent: null });
      expect(dueNoticeOf(before, settled)).toMatchObject({ id: 'e' });
    }
    const after = changed(row, deleted);
    expect(dueNoticeOf(after, later(after, { intent: null }))).toBeNull();
  });

  it('tells nobody of a key that is not born yet, or was never', () => {
    const open = opened();
    expect(dueNoticeOf(open, changed(open))).toBeNull();
    const { intent } = opened({ kind: 'delete' });
    expect(dueNoticeOf(open, changed(open, { status: 'deleted', intent }))).toBeNull();
    expect(dueNoticeOf(open, changed(open, { status: 'deleted', intent: null }))).toBeNull();
  });

  it('has its own mail where the step closed with it has none', () => {
    const open = opened({ kind: 'restore', notify: null });
    expect(dueNoticeOf(open, changed(open, { intent: null }))).toMatchObject({ id: 'e' });
  });
});

describe('a reminder is due', () => {
  const { event } = rowWith();
  const row = { ...rowWith(), event: { ...event, notify: null } };
  const at = '2026-11-25T13:50:00.000Z';
  const reminder = { id: 'r1', event: 'key_expiring', to: 'a@x.io', days: 7, expires: at, at };

  it('on the write that brings it, with what it is about', () => {
    expect(dueNoticeOf(row, later(row, { reminder }))).toMatchObject({
      id: 'r1',
      event: 'key_expiring',
      notify: { event: 'key_expiring', to: 'a@x.io', days: 7, at },
    });
    const next = { ...reminder, id: 'r2', days: 1 };
    expect(dueNoticeOf(later(row, { reminder }), later(row, { reminder: next }))).toMatchObject({
      id: 'r2',
    });
  });

  it('on no later write, not without a recipient, and not beside another change', () => {
    const reminded = later(row, { reminder });
    expect(dueNoticeOf(reminded, later(reminded))).toBeNull();
    expect(dueNoticeOf(row, later(row, { reminder: { ...reminder, to: null } }))).toBeNull();
    expect(dueNoticeOf(row, later(row, { seq: 2, reminder }))).toBeNull();
    expect(dueNoticeOf(null, reminded)).toBeNull();
  });
});

describe('no mail is due', () => {
  const open = opened();
  const closed = later(open, { intent: null });
  it.each<[string, KeyRow | null, KeyRow]>([
    ['on the write that opens the intent', null, open],
    ['on a claim of the reconciler', open, later(opened({ claim: 1 }))],
    ['on an undo', open, later(open, { intent: null, status: 'deleted', seq: 2 })],
    ['on a settle nobody asked to be told of', opened({ notify: null }), closed],
    ['on a write that changes nothing audited', closed, later(closed)],
    ['on a birth nobody asked to be told of', null, rowWith()],
  ])('%s', (_, before, after) => {
    expect(dueNoticeOf(before, after)).toBeNull();
  });
});
