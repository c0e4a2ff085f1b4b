/** `GET /openapi.json`: the description of the API, for generators, clients and the reference. */
import { answering } from '../shared/http/answering.ts';
import { assetsOf, ownAsset } from '../shared/http/asset.ts';

export function showOpenApi(compressed: (name: string) => Buffer) {
  const asset = assetsOf(compressed, ['openapi.json']);
  // A page of another origin may read it: nothing in it is secret.
  const open = { 'access-control-allow-origin': '*' };
  return answering('show-openapi', async (request) => asset(request, 'openapi.json', open));
}

export const handler = showOpenApi(ownAsset);
