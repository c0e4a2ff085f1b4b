/** What the console searches by, and what of it gets into a URL. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hashOfKey, routeOf } from '../../console/route.ts';
import { everything, isEverything, queryOf, safelySearched } from '../../console/search.ts';

const value = 'sk-lk_0000000000000000a_000000000000000000000000000_000000';
const hash = createHash('sha256').update(value).digest('hex');
const forText = (text: string) => ({ ...everything, text });

beforeEach(() => vi.stubGlobal('isSecureContext', true));
afterEach(() => vi.unstubAllGlobals());

describe('a search', () => {
  it('asks for what was chosen, and for nothing else', () => {
    expect(queryOf(everything)).toEqual({});
    expect(isEverything(everything)).toBe(true);
    expect(queryOf({ by: 'user_id', text: ' ada ', status: 'revoked' })).toEqual({
      user_id: 'ada',
      status: 'revoked',
    });
  });

  it.each(['shop', 'task-force/sketch', 'desk-3', hash, 'ada@example.com'])(
    'for %s is for just that',
    async (text) => {
      expect(await safelySearched(forText(text))).toEqual(forText(text));
    },
  );

  it.each([value, ` ${value} `, `Bearer ${value}`])(
    'for the value of a key is for its hash: %s',
    async (text) => {
      expect(await safelySearched({ by: 'team_id', text, status: 'deleted' })).toEqual({
        by: 'search',
        text: hash,
        status: 'deleted',
      });
    },
  );

  it.each(['sk-', 'sk-lk_0000', 'key sk-12'])(
    'for what may be the beginning of a value is not sent: %s',
    async (text) => {
      expect(await safelySearched(forText(text))).toBeNull();
    },
  );

  it('for a value is not sent where the browser has no hashes', async () => {
    vi.stubGlobal('isSecureContext', false);
    expect(await safelySearched(forText(value))).toBeNull();
  });
});

describe('an address', () => {
  it.each(['', '#', '#/', '#/keys', '#/keys/'])('%j is the list', (text) => {
    expect(routeOf(text)).toEqual({ view: 'keys' });
  });

  it.each(['0000000000000000a', 'master'])('of the key %s leads to it', (keyId) => {
    expect(routeOf(hashOfKey(keyId))).toEqual({ view: 'key', keyId });
  });

  it.each([hashOfKey(value), hashOfKey(hash), '#/keys/..', '#/other', '#/keys/short'])(
    '%s is none',
    (text) => {
      expect(routeOf(text)).toEqual({ view: 'nowhere' });
    },
  );
});
