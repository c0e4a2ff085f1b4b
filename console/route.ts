/** What the part of the address after `#` shows. No text of a person's comes into it, so no key does. */
export type Route =
  | { readonly view: 'keys' }
  | { readonly view: 'key'; readonly keyId: string }
  | { readonly view: 'nowhere' };

export const keysHash = '#/keys';
export const hashOfKey = (keyId: string): string => `${keysHash}/${keyId}`;

export function routeOf(hash: string): Route {
  if (['', '#', '#/', keysHash, `${keysHash}/`].includes(hash)) return { view: 'keys' };
  const keyId = /^#\/keys\/(master|[0-9A-Za-z]{17})$/.exec(hash)?.[1];
  return keyId === undefined ? { view: 'nowhere' } : { view: 'key', keyId };
}
