/**
 * Times are never equal in value to the recorded ones, so each is checked by where it comes from:
 * the instant of the request, a duration counted from there, or a boundary of the calendar. The same
 * rule must give the recorded time from the recorded instant, so a rule cannot be wrong unnoticed.
 */
import { lapse, nextReset } from './calendar.ts';
import { member } from './recording.ts';

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export const isTime = (value: unknown): value is string =>
  typeof value === 'string' && time.test(value);

/** How a time is written, such as `microseconds, Z`. */
export function notation(text: string): string {
  const [, fraction = '', zone = ''] = time.exec(text) ?? [];
  const unit = { 0: 'seconds', 4: 'milliseconds', 7: 'microseconds' }[fraction.length];
  return `${unit ?? 'other'}, ${zone}`;
}

/** When a request was sent and answered: by the recording, and by us. */
export interface Span {
  readonly recordedAt: Date;
  readonly sentAt: Date;
  readonly answeredAt: Date;
  /** How far the service's clock may be from the one that `sentAt` was read from. */
  readonly skewMs: number;
}

/** A key as it was shown, by the recording and by us. */
export interface Views {
  readonly recorded: unknown;
  readonly ours: unknown;
}

/** What is known of the keys of a row before its answer. */
export interface Past {
  readonly views: Views;
  /** When they were made and changed. */
  readonly changes: readonly Span[];
}

/** A pair of times under one field, with the objects it stands in and the request that led to it. */
export interface TimePair {
  readonly field: string;
  readonly recorded: string;
  readonly ours: string;
  readonly recordedObject: unknown;
  readonly ourObject: unknown;
  readonly requestBody: unknown;
  readonly span: Span;
  readonly past: Past;
}

/** Between the request and what LiteLLM computed for it. */
const recordedDelayMs = 5000;
/** Between two readings of its clock that LiteLLM took for one request. */
const recordedJitterMs = 200;

export class Times {
  /** Our value of each recorded one, by field: a time that comes again must be the same again. */
  readonly #seen = new Map<string, number>();

  /** What the time should have been, or null where it is right. */
  problem(pair: TimePair): string | null {
    if (pair.field === 'budget_reset_at') return ofBudget(pair);
    if (pair.field === 'reset_at') return ofWindow(pair);
    if (pair.field === 'temp_budget_expiry') return asSent(pair);
    const known = `${pair.field} ${Date.parse(pair.recorded)}`;
    const ours = Date.parse(pair.ours);
    const seen = this.#seen.get(known);
    if (seen !== undefined) {
      return seen === ours ? null : `${new Date(seen).toISOString()}, as before`;
    }
    this.#seen.set(known, ours);
    return newTimeProblem(pair);
  }
}

function newTimeProblem(pair: TimePair): string | null {
  if (pair.field === 'key_rotation_at') {
    return derived(pair, lapse, member(pair.recordedObject, 'rotation_interval'));
  }
  if (pair.field !== 'expires') return isNow(pair) ? null : 'the time of the request';
  const duration = member(pair.requestBody, 'duration');
  return typeof duration === 'string' ? counted(pair, duration) : sameDistance(pair);
}

/** The time of the request, or of an earlier change of the key that no answer has shown yet. */
const isNow = ({ recorded, ours, span, past }: TimePair): boolean =>
  [span, ...past.changes].some(
    ({ recordedAt, sentAt, answeredAt, skewMs }) =>
      isWithin(recorded, recordedAt, recordedAt, recordedDelayMs) &&
      isWithin(ours, sentAt, answeredAt, skewMs),
  );

/** Where the answer does not say what it follows from, an earlier one did. */
function ofBudget(pair: TimePair): string | null {
  const { recorded, ours } =
    member(pair.recordedObject, 'budget_duration') === undefined
      ? pair.past.views
      : { recorded: pair.recordedObject, ours: pair.ourObject };
  return derived(
    { ...pair, recordedObject: recorded, ourObject: ours },
    nextReset,
    member(recorded, 'budget_duration'),
  );
}

/** A time that the request itself names. */
const asSent = ({ recorded, ours }: TimePair): string | null =>
  Date.parse(recorded) === Date.parse(ours) ? null : recorded;

/** The next reset of a budget's window, seen from the request. */
function ofWindow({ recorded, ours, recordedObject, span }: TimePair): string | null {
  const duration = member(recordedObject, 'budget_duration');
  if (typeof duration !== 'string') return `no rule: ${recorded}`;
  const expected = nextReset(span.recordedAt, duration);
  if (!isWithin(recorded, expected, expected, 0)) return `no rule: ${recorded}`;
  const [first, last] = [nextReset(span.sentAt, duration), nextReset(span.answeredAt, duration)];
  return isWithin(ours, first, last, 0) ? null : first.toISOString();
}

/** A duration counted from the request. */
function counted({ recorded, ours, span }: TimePair, duration: string): string | null {
  const { recordedAt, sentAt, answeredAt, skewMs } = span;
  const expected = lapse(recordedAt, duration);
  if (!isWithin(recorded, expected, expected, recordedDelayMs)) return `no rule: ${recorded}`;
  const [first, last] = [lapse(sentAt, duration), lapse(answeredAt, duration)];
  return isWithin(ours, first, last, skewMs) ? null : first.toISOString();
}

/** A duration that a default filled in: as long after the key's creation as recorded. */
function sameDistance({ recorded, ours, recordedObject, ourObject }: TimePair): string | null {
  const distance = Date.parse(recorded) - Date.parse(String(member(recordedObject, 'created_at')));
  const expected = Date.parse(String(member(ourObject, 'created_at'))) + distance;
  return Math.abs(Date.parse(ours) - expected) <= recordedJitterMs
    ? null
    : new Date(expected).toISOString();
}

/** A time that follows by a rule from when the key was created or last changed. */
function derived(
  { recorded, ours, recordedObject, ourObject }: TimePair,
  rule: (from: Date, duration: string) => Date,
  duration: unknown,
): string | null {
  if (typeof duration !== 'string') return `no rule: ${recorded}`;
  const candidates = ['created_at', 'updated_at', 'settings_updated_at'].flatMap((field) => {
    const [theirs, own] = [member(recordedObject, field), member(ourObject, field)];
    if (!isTime(theirs) || !isTime(own)) return [];
    const expected = rule(new Date(theirs), duration);
    return isWithin(recorded, expected, expected, recordedJitterMs)
      ? [rule(new Date(own), duration)]
      : [];
  });
  if (candidates.length === 0) return `no rule: ${recorded}`;
  const isRight = candidates.some((at) => isWithin(ours, at, at, 0));
  return isRight ? null : (candidates[0]?.toISOString() ?? null);
}

function isWithin(text: string, first: Date, last: Date, toleranceMs: number): boolean {
  const at = Date.parse(text);
  return at >= first.getTime() - toleranceMs && at <= last.getTime() + toleranceMs;
}
