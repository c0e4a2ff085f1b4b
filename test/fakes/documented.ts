/** What functions answer, whatever the test, held to the statuses that the OpenAPI document has. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

type Paths = Record<string, Record<string, { responses: Record<string, unknown> }>>;

let paths: Paths | undefined;

/** Throws where the document has the route (`POST /key/generate`) without this status. */
export function checkDocumented(routeKey: string, status: number): void {
  paths ??= read();
  const [method = '', path = ''] = routeKey.split(' ');
  const responses = paths[path]?.[method.toLowerCase()]?.responses;
  if (responses === undefined || Object.hasOwn(responses, status)) return;
  throw new Error(`${routeKey} answered ${status}, which docs/openapi.json does not have`);
}

function read(): Paths {
  const file = resolve(import.meta.dirname, '../../docs/openapi.json');
  return JSON.parse(readFileSync(file, 'utf8')).paths;
}

/** Told of each answer of the service over the fakes; tests check it, what writes the document does not. */
export const answered = { note: (_routeKey: string, _status: number): void => undefined };
