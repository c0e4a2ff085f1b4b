/** `GET /ui`: the console, a page that uses the API with the key that one signs in with. */
import { answering } from '../shared/http/answering.ts';
import { ownAsset, pageOf } from '../shared/http/asset.ts';
import { pageHeaders } from '../shared/http/page-headers.ts';

const files = ['console.js', 'console.css'];

const headers = pageHeaders({
  style: "'self'",
  image: 'data:',
  // Text never becomes markup, wherever it came from.
  more: ["require-trusted-types-for 'script'", "trusted-types 'none'"],
});

export function showConsole(compressed: (name: string) => Buffer) {
  const page = pageOf(compressed, files, headers);
  return answering('show-console', async (request) => page(request));
}

export const handler = showConsole(ownAsset);
