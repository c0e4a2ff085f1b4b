import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../../lambdas/shared/domain/canonical-json.ts';
import { newKey } from '../../../../lambdas/shared/domain/key-format.ts';
import { checkStorable } from '../../../../lambdas/shared/domain/storable.ts';
import { seededRandom } from '../../../fakes/seeded-random.ts';
import { refusalOf } from '../../fixtures/refusal.ts';

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
const issued = newKey('0123456789ABCDEFG', seededRandom('s').bytes);

describe('what may be stored', () => {
  it.each([
    ['an integer beyond 2^53', 2 ** 53],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a huge number', 1e300],
    ['a number too small for the table', 1e-131],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate as a name', { '\udfff': 1 }],
    ['an empty member name', { a: { '': 1 } }],
    ['__proto__', JSON.parse('{"__proto__":{"a":1}}')],
    ['__proto__ further inside', JSON.parse('{"a":[{"__proto__":1}]}')],
    ['constructor, which the document client misreads', { constructor: { name: 'Set' } }],
    ['nesting that the table does not take', nested(40)],
    ['nesting in lists', JSON.parse(`${'['.repeat(2000)}${']'.repeat(2000)}`)],
    ['an issued key', `see ${issued}.`],
    ['an issued key as a name', { [issued]: true }],
    ['an issued key in a list in an object', { a: [{ b: ['x', issued] }] }],
    ['a forbidden value', { a: 'sk-the-callers-own-key!' }],
  ])('is not %s', (_, value) => {
    const refusal = refusalOf(() => checkStorable({ metadata: value }, ['sk-the-callers-own-key']));
    expect(refusal).toMatchObject({ kind: 'invalid', param: 'metadata' });
    expect(refusal.message).not.toContain('sk-');
  });

  it('comes back from the table as it went there, and with the same digest', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (metadata) => {
        try {
          checkStorable({ metadata }, []);
        } catch {
          fc.pre(false);
        }
        const read = unmarshall(marshall({ metadata }, { removeUndefinedValues: true }));
        expect(canonicalJson(read)).toBe(canonicalJson({ metadata }));
      }),
      { numRuns: 500 },
    );
  });

  it.each([0, -0, 0.1 + 0.2, 1e-130, -2.5, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
    'is the number %d',
    (value) => {
      expect(() => checkStorable({ spend: value }, [])).not.toThrow();
    },
  );
});
