/** Files that functions serve beside their code. The build puts them where a function finds them. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const root = resolve(import.meta.dirname, '..');

/** By operation and name, where each comes from. */
const sources: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'show-openapi': { 'openapi.json': 'docs/openapi.json' },
  'show-reference': {
    'index.html': 'lambdas/show-reference/index.html',
    'reference.js': 'lambdas/show-reference/reference.js',
    'swagger-ui.css': 'node_modules/swagger-ui-dist/swagger-ui.css',
    'swagger-ui-bundle.js': 'node_modules/swagger-ui-dist/swagger-ui-bundle.js',
  },
};

export const listAssets = () =>
  Object.entries(sources).flatMap(([operation, files]) =>
    Object.keys(files).map((name) => ({ operation, name })),
  );

/** A file as it is deployed, the same bytes for the same content. Throws where there is no such file. */
export function compressed(operation: string, name: string): Buffer {
  const source = sources[operation]?.[name];
  if (source === undefined) throw new Error(`${operation} serves no ${name}`);
  const text = readFileSync(join(root, source), 'utf8');
  return gzipSync(name.endsWith('.json') ? JSON.stringify(JSON.parse(text)) : text, { level: 9 });
}
