/** `GET /ui`: the console, a page that uses the API with the key that one signs in with. */
import { answering } from '../shared/http/answering.ts';
import { assetsOf, ownAsset } from '../shared/http/asset.ts';
import { pageHeaders } from '../shared/http/page-headers.ts';

const page = 'index.html';
const files = [page, 'console.js', 'console.css'];

const headers = pageHeaders({
  style: "'self'",
  image: 'data:',
  // Text never becomes markup, wherever it came from.
  more: ["require-trusted-types-for 'script'", "trusted-types 'none'"],
});

export function showConsole(compressed: (name: string) => Buffer) {
  const asset = assetsOf(compressed, files);
  return answering('show-console', async (request) =>
    asset(request, request.params['file'] ?? page, headers),
  );
}

export const handler = showConsole(ownAsset);
