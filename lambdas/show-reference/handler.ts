/** `GET /docs`: the reference, a page that needs nothing from elsewhere and can send a call. */
import { answering } from '../shared/http/answering.ts';
import { assetsOf, ownAsset } from '../shared/http/asset.ts';

const page = 'index.html';
const files = ['reference.js', 'swagger-ui.css', 'swagger-ui-bundle.js'];

/** It runs scripts of its own, calls the API it came from, and is shown in no frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  // Swagger UI sets styles of single elements.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'content-security-policy': policy,
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};

export function showReference(compressed: (name: string) => Buffer) {
  // Under another path than /docs the page would not find its files.
  const pageOf = assetsOf(compressed, [page]);
  const fileOf = assetsOf(compressed, files);
  return answering('show-reference', async (request) => {
    const { file } = request.params;
    return file === undefined ? pageOf(request, page, headers) : fileOf(request, file, headers);
  });
}

export const handler = showReference(ownAsset);
