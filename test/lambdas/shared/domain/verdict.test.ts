/** Which models a key may use, and what is said of a key first. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Reason, verdictOn } from '../../../../lambdas/shared/domain/verdict.ts';
import { now, rowWith } from '../../fixtures/rows.ts';

const hash = rowWith().cur.hash;

/** Of a key with these models and aliases. */
const mayUse = (model: string, models: string[], aliases: Record<string, unknown> = {}) =>
  verdictOn(rowWith({ key: { models, aliases } }), hash, model, now) === 'valid';

describe('a key may use', () => {
  it.each<[string, string[], boolean]>([
    ['gpt-4o', ['gpt-4o'], true],
    ['gpt-4o', ['gpt-4o-mini', 'gpt-4'], false],
    ['GPT-4o', ['gpt-4o'], false],
    ['anything', [], true],
    ['anything', ['*'], true],
    ['anything', ['all-proxy-models'], true],
    ['anything', ['all-team-models'], false],
    ['anything', ['no-default-models'], false],
    ['', ['gpt-4o'], false],
    ['', [], true],
    ['openai/gpt-4o', ['openai/*'], true],
    ['openai', ['openai/*'], false],
    ['azure/openai/gpt-4o', ['openai/*'], false],
    ['openai/a\nb', ['openai/*'], true],
    ['bedrock/eu.nova-4', ['bedrock/*.nova-*'], true],
    ['bedrock/nova', ['bedrock/*.nova-*'], false],
    ['aba', ['ab*ba'], false],
    ['abba', ['ab*ba'], true],
    ['aXbYc', ['a*b*c'], true],
    ['aXc', ['a*b*c'], false],
    ['gptX4', ['gpt.4'], false],
    ['gptX4-a', ['gpt.4*'], false],
    ['a+b(c)[d]^$\\|{1}?x', ['a+b(c)[d]^$\\|{1}?*'], true],
    ['aab(c)', ['a+b(c)*'], false],
    ['__proto__', ['gpt-4o'], false],
    ['constructor', ['gpt-4o'], false],
    ['__proto__', ['__proto__'], true],
  ])('%j of %j: %s', (model, models, expected) => {
    expect(mayUse(model, models)).toBe(expected);
  });

  it.each<[string, Record<string, unknown>, boolean]>([
    ['fast', { fast: 'gpt-4o' }, true],
    ['fast', { fast: 'dear' }, false],
    ['fast', { fast: 7 }, false],
    ['fast', { other: 'gpt-4o' }, false],
    // The name itself is in the list, and leads out of it.
    ['gpt-4o', { 'gpt-4o': 'dear' }, false],
    ['once', { once: 'twice', twice: 'gpt-4o' }, false],
    ['toString', {}, false],
  ])('%j with the aliases %j: %s', (model, aliases, expected) => {
    expect(mayUse(model, ['gpt-4o'], aliases)).toBe(expected);
  });

  it('what a regular expression of its patterns would match', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.', '/'), maxLength: 8 });
    fc.assert(
      fc.property(letters, letters, (pattern, model) => {
        fc.pre(pattern.includes('*') && pattern !== '*');
        const parts = pattern.split('*').map((part) => part.replaceAll('.', String.raw`\.`));
        const expected = new RegExp(`^${parts.join('.*')}$`, 's').test(model);
        expect(mayUse(model, [pattern])).toBe(expected);
      }),
      { numRuns: 3000, seed: 4242 },
    );
  });

  it('nothing that takes long to find out: time grows with the length alone', () => {
    const stars = `${'*a'.repeat(5000)}b`;
    expect(mayUse('a'.repeat(200_000), [stars])).toBe(false);
  });
});

describe('what is said first', () => {
  const past = '2026-01-01T00:00:00.000Z';
  const deleted = { status: 'deleted' } as const;
  it.each<[Reason, Parameters<typeof rowWith>[0]]>([
    ['deleted', { ...deleted, blocked: true, expires: past }],
    ['blocked', { blocked: true, expires: past }],
    ['expired', { expires: past }],
    ['expired', { expires: now.toISOString() }],
    ['model_not_allowed', {}],
  ])('%s', (reason, changes) => {
    const row = rowWith({ ...changes, key: { models: ['other'] } });
    expect(verdictOn(row, hash, 'gpt-4o', now)).toBe(reason);
  });

  it('of the former value: the same, and that it is in its grace period where nothing is against it', () => {
    const prev = { hash: 'f'.repeat(64), until: '2027-01-01T00:00:00.000Z' };
    const said = (changes: object, model: string | null = null) =>
      verdictOn(rowWith({ prev, ...changes }), prev.hash, model, now);
    expect([
      said({}),
      said({ blocked: true }),
      said({ expires: past }),
      said(deleted),
      said({ key: { models: ['a'] } }, 'b'),
      verdictOn(rowWith({ prev }), hash, null, now),
    ]).toEqual(['in_grace', 'blocked', 'expired', 'deleted', 'model_not_allowed', 'valid']);
  });
});
