/** How the console tells facts and changes. */
import { describe, expect, it } from 'vitest';
import { type AuditRecord } from '../../console/answers.ts';
import { changesOf, listed, nameOf, spendText, valueText, wordsOf } from '../../console/text.ts';

const recordOf = (
  before_value: AuditRecord['before_value'],
  updated_values: AuditRecord['updated_values'],
): AuditRecord => ({
  id: 'a_1',
  updated_at: '2026-11-25T13:50:00.000Z',
  changed_by: 'ada',
  changed_by_api_key: null,
  action: 'updated',
  table_name: null,
  object_id: null,
  before_value,
  updated_values,
  key_id: 'a',
  seq: 1,
  principal: null,
  settled_by: null,
  source_ip: null,
  request_id: null,
  operation_id: null,
  ended_overlap: false,
  digest: null,
  chain: null,
  previous_chain: null,
  redacted: [],
  damaged: false,
});

describe('what a record changed', () => {
  it('is each field, with what it was before', () => {
    const record = recordOf(
      { max_budget: 5, models: ['a'], updated_at: 'then' },
      { max_budget: 10, models: ['a', 'b'], team_id: 'shop', updated_at: 'now' },
    );
    expect(changesOf(record)).toEqual([
      { name: 'max_budget', before: '5', after: '10' },
      { name: 'models', before: 'a', after: 'a, b' },
      { name: 'team_id', before: null, after: 'shop' },
    ]);
  });

  it('of a birth is what was set, not what every key has', () => {
    const record = recordOf(null, { key_alias: 'shop', spend: 0, aliases: {}, blocked: false });
    expect(changesOf(record)).toEqual([{ name: 'key_alias', before: null, after: 'shop' }]);
  });

  it('is said of a switch in both directions', () => {
    expect(changesOf(recordOf({}, { blocked: true }))).toEqual([
      { name: 'blocked', before: 'no', after: 'yes' },
    ]);
    expect(changesOf(recordOf({ blocked: true }, { blocked: null }))).toEqual([
      { name: 'blocked', before: 'yes', after: 'no' },
    ]);
  });

  it('is nothing where it is gone or damaged', () => {
    expect(changesOf(recordOf(null, null))).toEqual([]);
  });

  it('keeps a change to zero', () => {
    expect(changesOf(recordOf({ spend: 3 }, { spend: 0 }))).toEqual([
      { name: 'spend', before: '3', after: '0' },
    ]);
  });
});

describe('a value', () => {
  it.each([
    [null, null],
    [undefined, null],
    ['', null],
    [{}, null],
    [[], null],
    [true, 'yes'],
    ['text', 'text'],
    ['0'.repeat(64), '00000000…'],
    [{ a: 1 }, '{"a":1}'],
    [[{ a: 1 }], '[{"a":1}]'],
  ])('%j is told as %j', (value, text) => {
    expect(valueText(value)).toBe(text);
  });

  it('that is a time is told in the time of the reader', () => {
    expect(valueText('2026-11-25T13:50:00.000Z')).toContain('2026');
    expect(valueText('2026-11-25T13:50:00.000Z')).not.toContain('T13');
  });

  it('that only looks like a time is told as it is', () => {
    expect(valueText('2026-13-45T99:99:99Z')).toBe('2026-13-45T99:99:99Z');
  });
});

it('a key without an alias is called by its masked value', () => {
  expect(nameOf({ key_alias: null, key_name: 'sk-...abcd' })).toBe('sk-...abcd');
  expect(nameOf({ key_alias: 'shop', key_name: 'sk-...abcd' })).toBe('shop');
});

it('spend is told with its limit, where there is one', () => {
  expect(spendText({ spend: 2.5, max_budget: null })).toBe('2.5');
  expect(spendText({ spend: 2.5, max_budget: 10 })).toBe('2.5 of 10');
});

it('names of fields become words, and lists are taken apart', () => {
  expect(wordsOf('spend_reset')).toBe('Spend reset');
  expect(wordsOf('rpm_limit')).toBe('RPM limit');
  expect(listed('a, b\n\nc,')).toEqual(['a', 'b', 'c']);
});
