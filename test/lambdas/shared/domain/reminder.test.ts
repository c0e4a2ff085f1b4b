/** When an owner is reminded, and of what: the rules alone. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyImage, KeyRow } from '../../../../lambdas/shared/domain/key-row.ts';
import {
  dueReminder,
  isReminderDue,
  reminderAt,
} from '../../../../lambdas/shared/domain/reminder.ts';
import { settingsWith } from '../../../fixtures/settings.ts';
import { rowWith } from '../../fixtures/rows.ts';

const { mail } = settingsWith();
const dayMs = 86_400_000;
const born = Date.parse('2026-01-01T00:00:00.000Z');
const day = (days: number): string => new Date(born + days * dayMs).toISOString();
const on = (days: number): Date => new Date(day(days));

/** A key that lives for so many days. */
const keyOf = (
  days: number,
  changes: Partial<Omit<KeyRow, 'key'>> = {},
  key: Partial<KeyImage> = {},
) =>
  rowWith({
    expires: day(days),
    ...changes,
    key: { created_at: day(0), user_id: 'ada@example.com', ...key },
  });

/** Days before the expiry at which the scheduled function, run so often, reminds of a key. */
function reminded(row: KeyRow, stepDays: number, to: number): number[] {
  const found: number[] = [];
  let current = row;
  for (let at = 0; at <= to; at += stepDays) {
    const reminder = dueReminder(current, on(at), mail);
    if (reminder === null) continue;
    current = { ...current, reminder };
    if (reminder.to !== null) found.push(reminder.days);
  }
  return found;
}

describe('an owner is reminded', () => {
  it.each<[number, readonly number[]]>([
    [100, [30, 14, 7, 1]],
    [30.01, [30, 14, 7, 1]],
    [30, [14, 7, 1]],
    [14, [7, 1]],
    [8, [7, 1]],
    [7, [1]],
    [1, []],
    [0.4, []],
  ])('of a key that lives for %s days at %j', (days, at) => {
    expect(reminded(keyOf(days), 1 / 24, days + 2)).toEqual(at);
  });

  it('from the very instant on', () => {
    const row = keyOf(100);
    expect(reminderAt(row)).toBe(day(70));
    expect(isReminderDue(row, new Date(on(70).getTime() - 1))).toBe(false);
    expect(isReminderDue(row, on(70))).toBe(true);
    expect(dueReminder(row, on(70), mail)).toEqual({
      id: `expiring-${row.keyId}-${on(100).getTime()}-30`,
      event: 'key_expiring',
      to: 'ada@example.com',
      days: 30,
      expires: day(100),
      at: day(70),
    });
  });

  it('of the nearest only where several have passed, as in rows of an earlier release', () => {
    expect(reminded(keyOf(20, {}, { created_at: day(-400) }), 1 / 24, 22)).toEqual([30, 14, 7, 1]);
    expect(reminded(keyOf(100), 95, 190)).toEqual([7]);
    expect(reminded(keyOf(100), 86.5, 87)).toEqual([14]);
  });

  it('of another expiry anew', () => {
    const reminder = dueReminder(keyOf(100), on(95), mail);
    if (reminder === null) throw new Error('None is due');
    const same = keyOf(100, { reminder });
    expect(dueReminder(same, on(96), mail)).toBeNull();
    expect(reminderAt(same)).toBe(day(99));
    const later = keyOf(140, { reminder });
    expect(reminderAt(later)).toBe(day(110));
    expect(dueReminder(later, on(110), mail)?.id).not.toBe(reminder.id);
  });
});

describe('nobody is reminded', () => {
  const open = { kind: 'rename' } as const;
  it.each<[string, KeyRow]>([
    ['of a key that never expires', rowWith({ expires: null })],
    ['of a deleted key', keyOf(100, { status: 'deleted' })],
    ['of a blocked key', keyOf(100, { blocked: true })],
    // What the step does to the expiry is not known yet.
    ['while a step is open', keyOf(100, { intent: { ...anIntent(), ...open } })],
  ])('%s', (_, row) => {
    expect(reminderAt(row)).toBeNull();
    expect(dueReminder(row, on(99), mail)).toBeNull();
  });

  it.each<[string, KeyRow, Partial<typeof mail>]>([
    ['is known', keyOf(100, {}, { user_id: 'ada' }), {}],
    ['may have mail', keyOf(100), { domains: ['acme.io'] }],
    ['has mail, for it is off', keyOf(100), { alerting: false }],
    ['is one address', keyOf(100, {}, { user_email: 'a@x.io, b@x.io' }), {}],
  ])('where no owner %s; it is noted all the same', (_, row, changes) => {
    expect(dueReminder(row, on(99), { ...mail, ...changes })).toMatchObject({ to: null, days: 1 });
  });

  it('of a key that has expired, which is looked at once', () => {
    const row = keyOf(100);
    const reminder = dueReminder(row, on(100), mail);
    expect(reminder).toMatchObject({ to: null, days: 1 });
    expect(reminderAt({ ...row, reminder: reminder ?? undefined })).toBeNull();
  });
});

it('at most four times, whenever the scheduled function runs, and of nothing but the nearest', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 60, noNaN: true }),
      fc.array(fc.double({ min: 0, max: 70, noNaN: true }), { maxLength: 40 }),
      (days, times) => {
        let row = keyOf(days);
        const told: number[] = [];
        for (const at of times.toSorted((left, right) => left - right)) {
          const reminder = dueReminder(row, on(at), mail);
          if (reminder === null) continue;
          row = { ...row, reminder };
          if (reminder.to === null) continue;
          told.push(reminder.days);
          const left = days - at;
          const nearest = [1, 7, 14, 30].find((mark) => left <= mark + 1e-6);
          expect(reminder.days).toBe(nearest);
        }
        expect(told).toEqual([...new Set(told)].toSorted((left, right) => right - left));
        expect(told.every((mark) => mark < days)).toBe(true);
      },
    ),
  );
});

function anIntent() {
  const at = day(1);
  return {
    id: 'i',
    kind: 'rename',
    claim: 0,
    opened: at,
    at,
    fence: at,
    notify: null,
    hash: 'h',
    ver: 'v',
    newName: 'n',
    newAlias: null,
    names: [],
    idempotencyId: null,
    who: rowWith().event.who,
    request_id: 'r',
  };
}
