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
