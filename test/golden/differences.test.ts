import { describe, expect, it } from 'vitest';
import { differencesOf } from './compare.ts';
import { documentedDifferences, judge } from './differences.ts';
import { Divergence } from './divergence.ts';
import { Placeholders } from './placeholders.ts';
import type { Row } from './recording.ts';
import type { Outcome } from './replay.ts';
import { type Past, Times } from './times.ts';

const at = '2026-11-25T13:50:00.000Z';
const now = new Date(at);

const nothing: Past = { views: { recorded: undefined, ours: undefined }, changes: [] };

const rowOf = (path: string, body: unknown, name = 'row'): Row => ({
  name,
  at,
  request: { method: 'POST', path, headers: {}, body },
  response: null,
});

/** What is found between a recorded body and ours, answered at the recorded instant. */
function found(theirs: unknown, ours: unknown, requestBody: unknown = {}, past = nothing) {
  const row = rowOf('/key/generate', requestBody);
  return differencesOf(
    {
      row,
      reply: { status: 200, headers: {}, body: ours },
      placeholders: new Placeholders(),
      times: new Times(),
      span: { recordedAt: now, sentAt: now, answeredAt: now, skewMs: 0 },
      past,
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

  it('takes what a reset follows from out of an earlier answer, where this one has it not', () => {
    const view = { created_at: at, budget_duration: '1d' };
    const past = { ...nothing, views: { recorded: view, ours: view } };
    const reset = (hour: string) => ({ budget_reset_at: `2026-11-26T${hour}:00:00.000Z` });
    expect(found(reset('00'), reset('00'), {}, past)).toEqual([]);
    expect(found(reset('00'), reset('01'), {}, past)).toHaveLength(1);
  });

  it('knows the time of an earlier change that is shown only now', () => {
    const [then, sooner] = ['2026-11-25T13:00:00.000Z', '2026-11-25T12:00:00.000Z'];
    const span = { recordedAt: new Date(then), sentAt: new Date(sooner), skewMs: 0 };
    const past = { ...nothing, changes: [{ ...span, answeredAt: new Date(sooner) }] };
    expect(found({ updated_at: then }, { updated_at: sooner }, {}, past)).toEqual([]);
    expect(found({ updated_at: then }, { updated_at: then }, {}, past)).toHaveLength(1);
  });

  it('finds a time that was another one in an earlier answer', () => {
    const times = { before: { created_at: at }, after: { created_at: at } };
    const moved = { before: { created_at: at }, after: { created_at: '2026-11-25T13:50:01.000Z' } };
    expect(fieldsOf(times, moved)).toEqual(['after.created_at']);
  });
});

describe('a key that only one of both changed', () => {
  const blocking = rowOf('/key/block', { key: '{{hash:a}}' });
  const update = rowOf('/key/update', { key: '{{hash:a}}', tags: ['x'], tpm_limit: 1 });
  const byUs = { byLiteLlm: false, byUs: true };
  const byBoth = { byLiteLlm: true, byUs: true };

  it('may differ in what the request was about, and in nothing else', () => {
    const divergence = new Divergence();
    divergence.note(update, ['a'], byUs);
    for (const place of ['tpm_limit', 'info.metadata.tags', 'updated_at']) {
      expect(divergence.covers(['a'], place)).toBe(true);
    }
    expect(divergence.covers(['a'], 'rpm_limit')).toBe(false);
    expect(divergence.covers(['b'], 'tpm_limit')).toBe(false);
  });

  it('is the same again in what both set, but not in metadata that both added to', () => {
    const divergence = new Divergence();
    divergence.note(blocking, ['a'], byUs);
    divergence.note(update, ['a'], byUs);
    divergence.note(update, ['a'], byBoth);
    expect(divergence.covers(['a'], 'updated_at')).toBe(false);
    expect(divergence.covers(['a'], 'tpm_limit')).toBe(false);
    expect(divergence.covers(['a'], 'metadata.tags')).toBe(true);
    expect(divergence.covers(['a'], 'info.status')).toBe(true);
  });

  it('may differ in everything where only we deleted it', () => {
    const divergence = new Divergence();
    divergence.note(rowOf('/key/delete', { keys: ['{{hash:a}}'] }), ['a'], byUs);
    expect(divergence.covers(['a'], 'info.spend')).toBe(true);
  });
});

const outcome = (
  row: string,
  body: unknown,
  recorded: string,
  ours: string,
  path = '/key/generate',
): Outcome => ({
  row: rowOf(path, body, row),
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

  it('takes the key for no field of an update', () => {
    const body = { key: '{{hash:a}}', spend: 1 };
    const given = ['generate/a', body, '500 x null', '400 y spend', '/key/update'] as const;
    expect(explained(...given)).toBe(true);
  });

  it('names every part of a line that explains nothing', () => {
    const { stale } = judge(
      [outcome('generate/a', { spend: 1 }, '500 x null', '400 y spend')],
      lines,
    );
    expect(stale).toEqual(['bad: row info/x']);
  });
});
