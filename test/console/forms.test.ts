/** What forms of the console send. */
import { describe, expect, it } from 'vitest';
import { attemptsOf, randomId } from '../../console/attempt.ts';
import { bodyOf } from '../../console/new-key-body.ts';

/** Ids 1, 2, 3. */
const counted = () => {
  let count = 0;
  return attemptsOf(() => {
    count += 1;
    return `${count}`;
  });
};

describe('the Idempotency-Key of a form', () => {
  it('stays the same for the same, however often it is sent', () => {
    const attempt = counted();
    expect([attempt({ key: 'a' }), attempt({ key: 'a' })]).toEqual(['1', '1']);
  });

  it('is another for anything else, and in another form', () => {
    const attempt = counted();
    expect([attempt({ key: 'a' }), attempt({ key: 'b' }), attempt({ key: 'a' })]).toEqual([
      '1',
      '2',
      '3',
    ]);
    expect(randomId()).toMatch(/^[0-9a-f]{32}$/);
    expect(randomId()).not.toBe(randomId());
  });
});

describe('the body of a new key', () => {
  const formOf = (fields: Readonly<Record<string, string>>) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    return form;
  };

  it('has nothing of what was left empty', () => {
    expect(bodyOf(formOf({ key_alias: '', max_budget: ' ', models: '', key_type: '' }))).toEqual(
      {},
    );
  });

  it('has texts, numbers, lists and switches as the API takes them', () => {
    const form = formOf({
      key_alias: ' shop ',
      max_budget: '12.5',
      rpm_limit: '60',
      models: 'gpt-4o, claude,\n',
      send_invite_email: 'on',
    });
    expect(bodyOf(form)).toEqual({
      key_alias: 'shop',
      max_budget: 12.5,
      rpm_limit: 60,
      models: ['gpt-4o', 'claude'],
      send_invite_email: true,
    });
  });

  it.each(['lots', 'Infinity', '1e999'])('leaves %s to the API to refuse', (max_budget) => {
    expect(bodyOf(formOf({ max_budget }))).toEqual({ max_budget });
  });
});
