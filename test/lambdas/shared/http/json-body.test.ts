import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import {
  budget,
  choice,
  integer,
  number,
  object,
  text,
  texts,
  truth,
} from '../../../../lambdas/shared/http/fields.ts';
import { jsonBody } from '../../../../lambdas/shared/http/json-body.ts';
import { refusalOf } from '../../fixtures/refusal.ts';

const schema = z.object({
  text: text(),
  texts: texts(),
  object: object(),
  choice: choice(['a', 'b']),
  number: number(),
  integer: integer(),
  budget: budget(),
  truth: truth(),
});

const read = (body: string | null, type?: string) =>
  jsonBody(schema, {
    id: 'r',
    method: 'POST',
    params: {},
    route: '/key/generate',
    path: '/',
    query: new URLSearchParams(),
    headers: type === undefined ? {} : { 'content-type': type },
    body,
    sourceIp: null,
  });

describe('a JSON body', () => {
  it.each<[string, unknown]>([
    ['{}', {}],
    ['{"text":null,"texts":null,"object":null,"truth":null,"number":null}', {}],
    ['{"text":""}', { text: '' }],
    ['{"texts":[]}', { texts: [] }],
    ['{"object":{"a":{"b":[1]}}}', { object: { a: { b: [1] } } }],
    ['{"number":"5"}', { number: 5 }],
    ['{"number":" -1.5e1 "}', { number: -15 }],
    ['{"number":true}', { number: 1 }],
    ['{"number":"Infinity"}', { number: Infinity }],
    ['{"number":"nan"}', { number: NaN }],
    ['{"integer":"10"}', { integer: 10 }],
    ['{"integer":2.0}', { integer: 2 }],
    ['{"budget":""}', { budget: null }],
    ['{"budget":0}', { budget: 0 }],
    ['{"unknown":{"a":1}}', {}],
  ])('reads %s', (body, expected) => {
    const given = Object.entries(read(body)).filter(
      ([name, value]) => value !== undefined && (value !== null || name === 'budget'),
    );
    expect(Object.fromEntries(given)).toEqual(expected);
  });

  it.each(['true', '"yes"', '"ON"', '"t"', '1', '"1"'])('reads %s as true', (yes) => {
    expect(read(`{"truth":${yes}}`).truth).toBe(true);
  });

  it.each(['false', '"no"', '"Off"', '"f"', '0', '"0"'])('reads %s as false', (no) => {
    expect(read(`{"truth":${no}}`).truth).toBe(false);
  });

  it.each([
    ['{"text":1}', 'text'],
    ['{"texts":"a"}', 'texts'],
    ['{"texts":[null]}', 'texts'],
    ['{"object":[]}', 'object'],
    ['{"object":"{}"}', 'object'],
    ['{"choice":"c"}', 'choice'],
    ['{"choice":"A"}', 'choice'],
    ['{"number":""}', 'number'],
    ['{"number":"0x10"}', 'number'],
    ['{"number":"1,5"}', 'number'],
    ['{"number":[1]}', 'number'],
    ['{"integer":1.5}', 'integer'],
    ['{"integer":"1e400"}', 'integer'],
    ['{"truth":"maybe"}', 'truth'],
    ['{"truth":2}', 'truth'],
    ['{"truth":{}}', 'truth'],
    ['', null],
    ['{', null],
    ['[]', null],
    ['null', null],
    ['1', null],
    ['{"a":1}x', null],
    [`{"text":${'['.repeat(5000)}${']'.repeat(5000)}}`, null],
    [`{"unknown":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`, null],
  ])('refuses %s', (body, param) => {
    expect(refusalOf(() => read(body))).toMatchObject({ kind: 'malformed', param });
  });

  it('is required', () => {
    expect(refusalOf(() => read(null)).kind).toBe('malformed');
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/merge-patch+json',
  ])('may come as %s', (type) => {
    expect(() => read('{}', type)).not.toThrow();
  });

  it('is measured in bytes, not characters', () => {
    const umlauts = `{"unknown":"${'ü'.repeat(131_080)}"}`;
    expect(umlauts.length).toBeLessThan(256 * 1024);
    expect(refusalOf(() => read(umlauts)).kind).toBe('too-large');
  });

  it('keeps a member named __proto__ to be refused later, and lets it change nothing', () => {
    const { object: given } = read('{"object":{"__proto__":{"polluted":true}}}');
    expect(Object.keys(given ?? {})).toEqual(['__proto__']);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});
