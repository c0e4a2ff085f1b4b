/** Files that functions serve beside their code. The build puts them where a function finds them. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';

const root = resolve(import.meta.dirname, '..');

/** By operation and name, where each comes from. */
const sources: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'show-console': {
    'index.html': 'console/index.html',
    'console.js': 'console/main.tsx',
    'console.css': 'console/console.css',
  },
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
  return gzipSync(served(source), { level: 9 });
}

/** What is written for people to read, as small as it gets. */
function served(source: string): string {
  if (source.startsWith('console/') && !source.endsWith('.html')) return bundled(source);
  const text = readFileSync(join(root, source), 'utf8');
  return source.endsWith('.json') ? JSON.stringify(JSON.parse(text)) : text;
}

/** One file for browsers, of all that a source imports. Throws esbuild's error where it does not build. */
function bundled(source: string): string {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [source],
    bundle: true,
    minify: true,
    legalComments: 'none',
    format: 'iife',
    target: ['es2022', 'chrome116', 'firefox124', 'safari17.4'],
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
