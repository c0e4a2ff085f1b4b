import { describe, expect, it } from 'vitest';
import { checkAlias, isPossibleAlias } from '../../../../lambdas/shared/domain/alias.ts';
import { refusalOf } from '../../fixtures/refusal.ts';

describe('an alias', () => {
  it.each([
    ['empty', ''],
    ['blank', '  '],
    ['blank in another script', '\u3000'],
    ['..', '..'],
    ['.. first', '../x'],
    ['.. last', 'a/..'],
    ['.. in the middle', 'a/../b'],
    ['NUL', 'a\u0000b'],
    ['tab', 'a\tb'],
    ['line end', 'a\nb'],
    ['DEL', 'a\u007fb'],
    ['C1 control', 'a\u0085b'],
    ['line separator', 'a\u2028b'],
    ['paragraph separator', 'a\u2029b'],
  ])('is refused: %s', (_, alias) => {
    expect(refusalOf(() => checkAlias(alias, null))).toMatchObject({
      kind: 'invalid',
      type: 'bad_request_error',
      param: 'key_alias',
    });
  });

  it.each(['a', 'a..b', '...', 'two words', 'Zoë ✓', '/a/b/', 'a/./b', '.hidden', 'sk-not-a-key'])(
    'may be %j',
    (alias) => {
      expect(() => checkAlias(alias, null)).not.toThrow();
    },
  );

  it("matches the environment's pattern as a whole", () => {
    const pattern = 'team-[a-z]+|svc';
    for (const fine of ['team-a', 'svc']) expect(() => checkAlias(fine, pattern)).not.toThrow();
    for (const wrong of ['team-1', 'xteam-a', 'svcx', 'team-a\n']) {
      expect(refusalOf(() => checkAlias(wrong, pattern)).param).toBe('key_alias');
    }
  });

  it('is looked up only where it fits a key of the table', () => {
    expect(isPossibleAlias('')).toBe(false);
    expect(isPossibleAlias('a'.repeat(512))).toBe(true);
    expect(isPossibleAlias('a'.repeat(513))).toBe(false);
    // In the longest script it stays below the 2048 bytes of a partition key.
    expect(Buffer.byteLength(`ALIAS#${'€'.repeat(512)}`)).toBeLessThan(2048);
  });
});
