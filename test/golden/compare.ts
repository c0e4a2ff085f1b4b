/** Compares one answer of ours with the recorded one: everything but wording and generated values. */
import type { Placeholders } from './placeholders.ts';
import { isObject, member, type Recorded, type Row } from './recording.ts';
import { isTime, notation, type Past, type Span, type Times } from './times.ts';

/** What a service answered; the body is parsed JSON, a text that is none, or undefined if empty. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/**
 * One difference. `field` is `answer` (status and error), `header.<name>`, `times` (how times are
 * written) or the path of a member of the body; the values are as docs/differences.md writes them.
 */
export interface Difference {
  readonly row: string;
  readonly field: string;
  readonly recorded: string;
  readonly ours: string;
  /** What ours should have been, where the recorded value does not say. */
  readonly expected?: string;
}

export interface Comparison {
  readonly row: Row;
  readonly reply: Reply;
  readonly placeholders: Placeholders;
  readonly times: Times;
  readonly span: Span;
  readonly past: Past;
}

const comparedHeaders = ['content-type', 'allow', 'location'];

/** All differences of an answer whose recording is given. Learns the placeholders it introduces. */
export function differencesOf(comparison: Comparison, recorded: Recorded): Difference[] {
  const { row, reply, placeholders } = comparison;
  const found: Difference[] = ownRules(row.name, reply);
  const note: Note = (field, theirs, ours, expected = theirs) => {
    if (expected === ours) return;
    const difference = { row: row.name, field, recorded: theirs, ours };
    found.push(expected === theirs ? difference : { ...difference, expected });
  };
  note('answer', summary(recorded), summary(reply), placeholders.fill(summary(recorded)));
  for (const name of comparedHeaders) {
    note(`header.${name}`, written(recorded.headers[name]), written(reply.headers[name]));
  }
  if (recorded.status < 300 && reply.status < 300) {
    placeholders.learn(recorded.body, reply.body);
    compareValues(comparison, note, recorded.body, reply.body);
  }
  return found.filter(
    ({ field, recorded: theirs }, index) =>
      field !== 'times' ||
      index === found.findIndex((one) => one.field === field && one.recorded === theirs),
  );
}

/** The rules that hold for every answer of ours, whatever the recording says. */
export function ownRules(row: string, { status, body }: Reply): Difference[] {
  const broken = (rule: string, ours: string) => [{ row, field: 'answer', recorded: rule, ours }];
  if (status >= 500) return broken('no 5xx', String(status));
  if (status < 400) return [];
  const error = member(body, 'error');
  const members = isObject(error) ? Object.keys(error).sort().join() : '';
  const param = member(error, 'param');
  const isSound =
    isObject(body) &&
    Object.keys(body).join() === 'error' &&
    members === 'code,message,param,type' &&
    typeof member(error, 'message') === 'string' &&
    typeof member(error, 'type') === 'string' &&
    (param === null || (typeof param === 'string' && param !== 'None')) &&
    member(error, 'code') === String(status);
  return isSound ? [] : broken('{error: {message, type, param, code}}', written(body));
}

/**
 * An answer in one line: `200`, `400 bad_request_error key_alias` (status, type and param),
 * `403 detail` and, for a list of invalid fields, `422 detail models` with the first field.
 */
export function summary({ status, body }: Pick<Reply, 'status' | 'body'>): string {
  if (status < 400) return String(status);
  const error = member(body, 'error');
  if (isObject(error)) {
    const { type, param } = error;
    return [status, type, ...(param === undefined ? [] : [param])].map(String).join(' ');
  }
  const detail = member(body, 'detail');
  if (!Array.isArray(detail)) return `${status} detail`;
  const place: unknown = member(detail[0], 'loc');
  return `${status} detail ${Array.isArray(place) ? String(place[1] ?? null) : null}`;
}

type Note = (field: string, recorded: string, ours: string, expected?: string) => void;

function compareValues(comparison: Comparison, note: Note, recorded: unknown, ours: unknown): void {
  const { row, placeholders, times, span, past } = comparison;
  const requestBody = row.request.body;

  function walk(
    path: string[],
    theirs: unknown,
    own: unknown,
    theirParent: unknown,
    parent: unknown,
  ) {
    if (isObject(theirs) && isObject(own)) {
      for (const name of new Set([...Object.keys(theirs), ...Object.keys(own)])) {
        walk([...path, name], theirs[name], own[name], theirs, own);
      }
    } else if (Array.isArray(theirs) && Array.isArray(own) && theirs.length === own.length) {
      for (const [index, entry] of theirs.entries()) {
        walk([...path, String(index)], entry, own[index], theirs, own);
      }
    } else if (isTime(theirs) && isTime(own)) {
      note('times', notation(theirs), notation(own));
      const problem = times.problem({
        field: path.at(-1) ?? '',
        recorded: theirs,
        ours: own,
        recordedObject: theirParent,
        ourObject: parent,
        requestBody,
        span,
        past,
      });
      if (problem !== null) note(path.join('.'), written(theirs), written(own), problem);
    } else if (!isSameKind(theirs, own)) {
      const filled = typeof theirs === 'string' ? placeholders.fill(theirs) : theirs;
      note(path.join('.'), written(theirs), written(own), written(filled));
    }
  }

  walk([], recorded, ours, undefined, undefined);
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Sentences and uuids are equal in kind only. */
const isSameKind = (theirs: unknown, own: unknown): boolean =>
  typeof theirs === 'string' &&
  typeof own === 'string' &&
  ((theirs === '<text>' && own !== '') || (uuid.test(theirs) && uuid.test(own)));

/** A value as docs/differences.md writes it: JSON, or `absent`. */
export const written = (value: unknown): string =>
  value === undefined ? 'absent' : JSON.stringify(sorted(value));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([name, entry]) => [name, sorted(entry)]));
}
