import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenHash } from '../../../../lambdas/shared/domain/key-format.ts';
import { secretNameOf } from '../../../../lambdas/shared/domain/secret-name.ts';
import { refusalOf } from '../../fixtures/refusal.ts';

const token = tokenHash('sk-1234');
const nameOf = (alias: string | null) => secretNameOf('litellm/', alias, token);

/** Aliases that try to meet: escapes, imitations and their plain counterparts among them. */
const alias = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
  fc.stringMatching(/^(=|3D|76|v|virtual-key-|[a-c ]){1,6}$/),
  fc.constantFrom('virtual-key-', `virtual-key-${token}`, `=76irtual-key-${token}`),
);

describe('the name of a secret', () => {
  it('never is the same for two aliases', () => {
    fc.assert(
      fc.property(alias, alias, (one, other) => {
        fc.pre(one !== other);
        expect(nameOf(one)).not.toBe(nameOf(other));
      }),
      { numRuns: 2000 },
    );
  });

  it('never is that of a key without alias', () => {
    fc.assert(
      fc.property(alias, (one) => {
        expect(nameOf(one)).not.toBe(nameOf(null));
        expect(nameOf(one).startsWith('litellm/virtual-key-')).toBe(false);
      }),
    );
  });

  it('has only characters that Secrets Manager takes', () => {
    fc.assert(
      fc.property(alias, (one) => {
        expect(nameOf(one)).toMatch(/^[A-Za-z0-9/_+=.@-]{1,512}$/);
      }),
    );
  });

  it.each([
    ['alpha', 'litellm/alpha'],
    ['team/service.key+1@x_y-z', 'litellm/team/service.key+1@x_y-z'],
    ['two words', 'litellm/two=20words'],
    ['a=b', 'litellm/a=3Db'],
    ['Zoë', 'litellm/Zo=C3=AB'],
    ['virtual-key-1', 'litellm/=76irtual-key-1'],
  ])('is readable: %s becomes %s', (one, name) => {
    expect(nameOf(one)).toBe(name);
  });

  it('is made of the first token hash for a key without alias', () => {
    expect(nameOf(null)).toBe(`litellm/virtual-key-${token}`);
  });

  it('has at most 512 characters, the prefix and the escapes included', () => {
    expect(nameOf('a'.repeat(504))).toHaveLength(512);
    expect(refusalOf(() => nameOf('a'.repeat(505)))).toMatchObject({ param: 'key_alias' });
    expect(refusalOf(() => nameOf(' '.repeat(169)))).toMatchObject({ param: 'key_alias' });
  });
});
