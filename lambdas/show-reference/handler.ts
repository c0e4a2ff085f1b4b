/** `GET /docs`: the reference, a page that needs nothing from elsewhere and can send a call. */
import { answering } from '../shared/http/answering.ts';
import { assetsOf, ownAsset } from '../shared/http/asset.ts';
import { pageHeaders } from '../shared/http/page-headers.ts';

const page = 'index.html';
const files = [page, 'reference.js', 'swagger-ui.css', 'swagger-ui-bundle.js'];

// Swagger UI sets styles of single elements.
const headers = pageHeaders({ style: "'self' 'unsafe-inline'", image: "'self' data:" });

export function showReference(compressed: (name: string) => Buffer) {
  const asset = assetsOf(compressed, files);
  return answering('show-reference', async (request) =>
    asset(request, request.params['file'] ?? page, headers),
  );
}

export const handler = showReference(ownAsset);
