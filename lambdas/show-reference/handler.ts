/** `GET /docs`: the reference, a page that needs nothing from elsewhere and can send a call. */
import { answering } from '../shared/http/answering.ts';
import { ownAsset, pageOf } from '../shared/http/asset.ts';
import { pageHeaders } from '../shared/http/page-headers.ts';

const files = ['reference.js', 'swagger-ui.css', 'swagger-ui-bundle.js'];

// Swagger UI sets styles of single elements.
const headers = pageHeaders({ style: "'self' 'unsafe-inline'", image: "'self' data:" });

export function showReference(compressed: (name: string) => Buffer) {
  const page = pageOf(compressed, files, headers);
  return answering('show-reference', async (request) => page(request));
}

export const handler = showReference(ownAsset);
