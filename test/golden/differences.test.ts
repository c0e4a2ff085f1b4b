import { describe, expect, it } from 'vitest';
import { differencesOf } from './compare.ts';
import { documentedDifferences, judge } from './differences.ts';
import { Placeholders } from './placeholders.ts';
import type { Row } from './recording.ts';
import type { Outcome } from './replay.ts';
import { Times } from './times.ts';

const at = '2026-11-25T13:50:00.000Z';
const now = new Date(at);

/** What is found between a recorded body and ours, answered at the recorded instant. */
function found(theirs: unknown, ours: unknown, requestBody: unknown = {}) {
  const row: Row = {
    name: 'row',
    at,
    request: { method: 'POST', path: '/key/generate', headers: {}, body: requestBody },
    response: null,
  };
  return differencesOf(
    {
      row,
      reply: { status: 200, headers: {}, body: ours },
      placeholders: new Placeholders(),
      times: new Times(),
      span: { recordedAt: now, sentAt: now, answeredAt: now, skewMs: 0 },
      past: { views: { recorded: undefined, ours: undefined }, changes: [] },
    },
    { status: 200, headers: {}, body: theirs },
  );
}

const fieldsOf = (...bodies: Parameters<typeof found>) =>
  found(...bodies).map(({ field }) => field);

describe('a comparison', () => {
  it('finds members that are missing, added or of another value', () => {
    expect(found({ a: 1, b: 2, d: [] }, { a: 1, c: 3, d: {} })).toEqual([
      { row: 'row', field: 'b', recorded: '2', ours: 'absent' },
      { row: 'row', field: 'd', recorded: '[]', ours: '{}' },
      { row: 'row', field: 'c', recorded: 'absent', ours: '3' },
    ]);
  });

  it('finds a token that is not the SHA-256 of the key, and a name of other characters', () => {
    const theirs = { key: '{{key:a}}', token: '{{hash:a}}', key_name: 'sk-...{{last4:a}}' };
    const key = 'sk-0123456789';
    const token = '0'.repeat(64);
    expect(fieldsOf(theirs, { key, token, key_name: 'sk-...6788' })).toEqual(['token', 'key_name']);
  });

  it('finds an expiry that is not the duration after the request', () => {
    const theirs = { expires: '2026-12-25T13:50:00.100Z' };
    expect(fieldsOf(theirs, { expires: '2026-12-25T13:50:00.000Z' }, { duration: '1mo' })).toEqual(
      [],
    );
    expect(fieldsOf(theirs, { expires: '2026-12-24T13:50:00.000Z' }, { duration: '1mo' })).toEqual([
      'expires',
    ]);
  });

  it('finds a reset that is not at the next boundary after the creation', () => {
    const created = { created_at: at, budget_duration: '1w' };
    const theirs = { ...created, budget_reset_at: '2026-11-30T00:00:00.000Z' };
    expect(fieldsOf(theirs, theirs)).toEqual([]);
    const late = { ...created, budget_reset_at: '2026-12-02T00:00:00.000Z' };
    expect(fieldsOf(theirs, late)).toEqual(['budget_reset_at']);
  });

  it('finds a time that was another one in an earlier answer', () => {
    const times = { before: { created_at: at }, after: { created_at: at } };
    const moved = { before: { created_at: at }, after: { created_at: '2026-11-25T13:50:01.000Z' } };
    expect(fieldsOf(times, moved)).toEqual(['after.created_at']);
  });
});

const outcome = (row: string, body: unknown, recorded: string, ours: string): Outcome => ({
  row: {
    name: row,
    at,
    request: { method: 'POST', path: '/key/generate', headers: {}, body },
    response: null,
  },
  skipped: null,
  leftOut: [],
  differences: [{ row, field: 'answer', recorded, ours }],
});

describe('a judgement', () => {
  const lines = documentedDifferences(
    [
      '| id | rows | field | LiteLLM | Latchkey | why |',
      '|---|---|---|---|---|---|',
      '| `bad` | `generate/*`, `info/x` | `answer` | `500 x null` | `400 y <field>` | Because. |',
    ].join('\n'),
  );

  const explained = (...args: Parameters<typeof outcome>) =>
    judge([outcome(...args)], lines).unexplained.length === 0;

  it('explains a difference only by a line of that row, field and pair of values', () => {
    expect(explained('generate/a', { spend: 1 }, '500 x null', '400 y spend')).toBe(true);
    expect(explained('update/a', { spend: 1 }, '500 x null', '400 y spend')).toBe(false);
    expect(explained('generate/a', { spend: 1 }, '500 x null', '400 y key')).toBe(false);
    expect(explained('generate/a', { spend: 1 }, '400 x null', '400 y spend')).toBe(false);
  });

  it('names every part of a line that explains nothing', () => {
    const { stale } = judge(
      [outcome('generate/a', { spend: 1 }, '500 x null', '400 y spend')],
      lines,
    );
    expect(stale).toEqual(['bad: row info/x']);
  });
});
