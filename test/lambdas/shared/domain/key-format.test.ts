import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  containsIssuedKey,
  isKeyId,
  isTokenHash,
  maskedName,
  newKey,
  newKeyId,
  sameHash,
  shapeOf,
  tokenHash,
  weaknessOf,
} from '../../../../lambdas/shared/domain/key-format.ts';
import { seededRandom } from '../../../fakes/seeded-random.ts';

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'.split('');

const issued = fc.string().map((seed) => {
  const { bytes } = seededRandom(seed);
  const keyId = newKeyId(bytes);
  return { keyId, key: newKey(keyId, bytes) };
});

describe('an issued key', () => {
  it('ends in the CRC-32 of what comes before, as zlib computes it', () => {
    fc.assert(
      fc.property(issued, ({ key }) => {
        const [, body = '', checksum = ''] = /^(.*)_(.{6})$/.exec(key) ?? [];
        const read = checksum.split('').reduce((sum, digit) => sum * 62 + base62.indexOf(digit), 0);
        expect(read).toBe(crc32(body));
      }),
    );
  });

  it('carries its id, which is read back from it alone', () => {
    fc.assert(
      fc.property(issued, ({ key, keyId }) => {
        expect(key).toMatch(/^sk-lk_[0-9A-Za-z]{17}_[0-9A-Za-z]{27}_[0-9A-Za-z]{6}$/);
        expect(shapeOf(key)).toEqual({ kind: 'issued', keyId });
        expect(isKeyId(keyId)).toBe(true);
      }),
    );
  });

  it('is refused with any one character mistyped', () => {
    fc.assert(
      fc.property(
        issued,
        fc.nat(),
        fc.constantFrom(...base62, '_', '-', ' '),
        (of, place, wrong) => {
          const at = 6 + (place % (of.key.length - 6));
          fc.pre(of.key[at] !== wrong);
          const mistyped = of.key.slice(0, at) + wrong + of.key.slice(at + 1);
          expect(shapeOf(mistyped)).toEqual({ kind: 'malformed' });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is refused with two neighbours swapped', () => {
    fc.assert(
      fc.property(issued, fc.nat(), ({ key }, place) => {
        const at = 6 + (place % (key.length - 7));
        fc.pre(key[at] !== key[at + 1]);
        const swapped = `${key.slice(0, at)}${key[at + 1]}${key[at]}${key.slice(at + 2)}`;
        expect(shapeOf(swapped)).toEqual({ kind: 'malformed' });
      }),
    );
  });

  it('is refused when anything is missing, added or wrapped around it', () => {
    fc.assert(
      fc.property(issued, ({ key }) => {
        for (const wrong of [
          `${key}\n`,
          `${key}x`,
          key.slice(0, -1),
          ` ${key}`,
          key.toUpperCase(),
        ]) {
          expect(shapeOf(wrong).kind).toBe('malformed');
        }
      }),
    );
  });

  it('is drawn from all 62 characters alike', () => {
    const { bytes } = seededRandom('spread');
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 2000; draw += 1) {
      for (const letter of newKeyId(bytes)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(counts.size).toBe(62);
    // 34,000 draws: 548 each, with a standard deviation of 23.
    for (const count of counts.values()) expect(Math.abs(count - 548)).toBeLessThan(140);
  });

  it('is found inside any text', () => {
    fc.assert(
      fc.property(issued, fc.string(), fc.string(), ({ key }, before, after) => {
        expect(containsIssuedKey(before + key + after)).toBe(true);
      }),
    );
    expect(containsIssuedKey('sk-lk_ is how they start')).toBe(false);
  });
});

describe('the shape of a presented text', () => {
  it.each([
    ['a key somebody chose', 'sk-1234', 'custom'],
    ['nothing', '', 'malformed'],
    ['a bare hash', tokenHash('sk-1234'), 'malformed'],
    ['another prefix', 'pk-1234', 'malformed'],
    ['our marker and little else', 'sk-lk_', 'malformed'],
    ['an unknown admin-like id', 'sk-lk_admin_000000000000000000000000000_000000', 'malformed'],
  ])('tells %s', (_, text, kind) => {
    expect(shapeOf(text).kind).toBe(kind);
  });

  it('takes the admin key by its fixed id', () => {
    const key = newKey('master', seededRandom('m').bytes);
    expect(shapeOf(key)).toEqual({ kind: 'issued', keyId: 'master' });
  });
});

describe('a chosen key', () => {
  it.each([
    ['no prefix', 'my-very-own-secret-key', /start with/],
    ['15 characters', 'sk-123456789012', /at least 16/],
    ['513 characters', `sk-${'x'.repeat(510)}`, /at most 512/],
    ['a blank inside', 'sk-one two three four', /without spaces/],
    ['a control character', 'sk-one\u0000two-three-four', /without spaces/],
    ['a line end', 'sk-one-two-three-four\n', /without spaces/],
    ['no ASCII', 'sk-schlüssel-schlüssel', /without spaces/],
    ['our marker and no checksum', 'sk-lk_not-really-one-of-ours', /must not start/],
    ['our own format', newKey('0123456789ABCDEFG', seededRandom('w').bytes), /must not start/],
  ])('is too weak with %s', (_, key, why) => {
    expect(weaknessOf(key)).toMatch(why);
  });

  it.each([
    ['16 characters', 'sk-1234567890123'],
    ['512 characters', `sk-${'x'.repeat(509)}`],
    ['every kind of printable character', 'sk-!"#$%&/()=?*+~;,.:-_@<>|'],
  ])('is strong enough with %s', (_, key) => {
    expect(weaknessOf(key)).toBeNull();
  });
});

describe('hashes and names', () => {
  it('hashes as LiteLLM does: lower-case hex SHA-256 of the whole key', () => {
    expect(tokenHash('sk-1234')).toBe(
      '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b',
    );
    expect(isTokenHash(tokenHash('sk-1234'))).toBe(true);
    expect(isTokenHash(tokenHash('sk-1234').toUpperCase())).toBe(false);
  });

  it('compares hashes of any length and script without throwing', () => {
    const hash = tokenHash('sk-1234');
    expect(sameHash(hash, hash)).toBe(true);
    expect(sameHash(hash, tokenHash('sk-1235'))).toBe(false);
    expect(sameHash(hash, hash.slice(1))).toBe(false);
    expect(sameHash(hash, '')).toBe(false);
  });

  it('masks all but the last four characters', () => {
    expect(maskedName('sk-abcdefgh1234')).toBe('sk-...1234');
  });
});
