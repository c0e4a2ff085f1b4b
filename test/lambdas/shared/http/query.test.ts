import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import {
  choiceOf,
  queryInteger,
  queryOf,
  queryText,
  queryTime,
  queryTruth,
} from '../../../../lambdas/shared/http/query.ts';
import { refusalOf } from '../../fixtures/refusal.ts';

const schema = z.object({
  text: queryText(),
  integer: queryInteger(1, 100, 10),
  truth: queryTruth(),
  start: queryTime('start'),
  end: queryTime('end'),
});

const read = (query: string) =>
  queryOf(schema, {
    id: 'r',
    method: 'GET',
    params: {},
    route: '/key/list',
    path: '/key/list',
    query: new URLSearchParams(query),
    headers: {},
    body: null,
    sourceIp: null,
  });
const refusalIn = (query: string) => refusalOf(() => read(query));
const timeOf = (name: 'start' | 'end', text: string) => {
  const { [name]: time } = read(`${name}=${encodeURIComponent(text)}`);
  return time === null ? null : new Date(time).toISOString();
};

describe('query parameters', () => {
  const standard = { text: undefined, integer: 10, truth: false, start: null, end: null };

  it('may be left out, be empty, or be unknown', () => {
    expect(read('')).toEqual(standard);
    expect(read('text=&integer=&truth=&start=&end=')).toEqual(standard);
    expect(read('a=1&__proto__=1&constructor=1&=1')).toEqual(standard);
  });

  it('that are repeated count by the last that is not empty', () => {
    expect(read('text=a&text=b&text=&integer=5&integer=6')).toMatchObject({
      text: 'b',
      integer: 6,
    });
  });

  it.each([
    ['1', 1],
    ['100', 100],
    ['007', 7],
    ['2.0', 2],
    ['2.', 2],
    ['%2B2', 2],
  ])('have the whole number %s', (text, value) => {
    expect(read(`integer=${text}`).integer).toBe(value);
  });

  it.each(['0', '101', '-1', '1e1', '0x1', '1.5', 'abc', ' 1', '1,2', '٣', '9'.repeat(400)])(
    'have no number %j, and it is not quoted',
    (text) => {
      const refusal = refusalIn(`integer=${encodeURIComponent(text)}`);
      expect(refusal).toMatchObject({ type: 'validation_error', param: 'integer' });
      expect(refusal.message).toBe('integer must be a whole number from 1 to 100.');
    },
  );

  it.each([
    ['true', true],
    ['True', true],
    ['ON', true],
    ['1', true],
    ['no', false],
    ['FALSE', false],
  ])('have the truth value %s', (text, value) => {
    expect(read(`truth=${text}`).truth).toBe(value);
  });

  it.each(['maybe', '2', 'truee', 'null'])('have no truth value %s', (text) => {
    expect(refusalIn(`truth=${text}`).message).toBe('truth must be true or false.');
  });

  it('have texts of 512 characters at most', () => {
    expect(read(`text=${'x'.repeat(512)}`).text).toHaveLength(512);
    const refusal = refusalIn(`text=${'x'.repeat(513)}`);
    expect(refusal).toMatchObject({ param: 'text', message: 'text has at most 512 characters.' });
  });

  it('have one of some choices, as it is written', () => {
    expect(choiceOf('c', undefined, ['a', 'b'])).toBe(null);
    expect(choiceOf('c', 'b', ['a', 'b'])).toBe('b');
    for (const text of ['B', 'constructor', ' a']) {
      const refusal = refusalOf(() => choiceOf('c', text, ['a', 'b']));
      expect(refusal).toMatchObject({ kind: 'invalid', param: 'c' });
      expect(refusal.message).toBe('c must be one of a, b.');
    }
  });
});

describe('a time', () => {
  it('is the beginning or the end of a day in UTC', () => {
    expect(timeOf('start', '2026-11-25')).toBe('2026-11-25T00:00:00.000Z');
    expect(timeOf('end', '2026-11-25')).toBe('2026-11-25T23:59:59.999Z');
    expect(timeOf('end', '2024-02-29')).toBe('2024-02-29T23:59:59.999Z');
    expect(timeOf('end', '9999-12-31')).toBe('9999-12-31T23:59:59.999Z');
  });

  it.each([
    ['2026-11-25T13:50:00Z', '2026-11-25T13:50:00.000Z'],
    ['2026-11-25T13:50:00', '2026-11-25T13:50:00.000Z'],
    ['2026-11-25T13:50', '2026-11-25T13:50:00.000Z'],
    ['2026-11-25 13:50:00', '2026-11-25T13:50:00.000Z'],
    ['2026-11-25 13:50', '2026-11-25T13:50:00.000Z'],
    ['2026-11-25T13:50:00.123456789Z', '2026-11-25T13:50:00.123Z'],
    ['2026-11-25T13:50:00+01:00', '2026-11-25T12:50:00.000Z'],
    ['2026-11-25T13:50:00-0130', '2026-11-25T15:20:00.000Z'],
    // What is sent unescaped: a plus sign is a space in a query.
    ['2026-11-25T13:50:00 01:00', '2026-11-25T12:50:00.000Z'],
    ['2026-11-25 13:50:00.5 01:00', '2026-11-25T12:50:00.500Z'],
    ['2026-11-25 13:50 0100', '2026-11-25T12:50:00.000Z'],
  ])('is %s', (text, expected) => {
    expect(timeOf('start', text)).toBe(expected);
    expect(timeOf('end', text)).toBe(expected);
  });

  it.each([
    'yesterday',
    '1764078600',
    '25.11.2026',
    '2026-11',
    '2026-11-25T',
    '2026-11-25Z',
    '2026-02-30',
    '2026-02-29T10:00:00Z',
    '2026-13-01',
    '2026-00-01',
    '2026-11-25T24:00:01Z',
    '2026-11-25T13:60:00Z',
    '2026-11-25T13:50:00+24:00',
    '2026-11-25T13:50:00 CET',
    '+12026-11-25T13:50:00Z',
    // In UTC these are of years that are not written with four digits, and no text sorts as they do.
    '9999-12-31T23:59:59-01:00',
    '0000-01-01T00:00:00+01:00',
  ])('is not %s', (text) => {
    const refusal = refusalIn(`end=${encodeURIComponent(text)}`);
    expect(refusal).toMatchObject({ type: 'validation_error', param: 'end' });
    expect(refusal.message).toBe('end must be a day or a time in ISO 8601.');
  });
});
