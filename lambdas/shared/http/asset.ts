/** Files that are built beside a function and served as they are. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { RouteNotFound } from '../domain/errors.ts';
import type { Answer } from './answer.ts';
import type { Request } from './request.ts';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
};

/** A file of the function's, compressed, where `scripts/build.ts` has put it. */
export const ownAsset = (name: string): Buffer =>
  readFileSync(join(process.env['LAMBDA_TASK_ROOT'] ?? '', 'assets', `${name}.gz`));

interface Asset {
  readonly gzipped: Buffer;
  readonly etag: string;
  /** Made for the first who does not take it compressed, and kept: it costs more than to send it. */
  plain: Buffer | null;
}

/**
 * Answers files as they are, compressed for those who take that; a browser asks each time whether its copy
 * is the latest. Throws `RouteNotFound` for a name that is none of `names`.
 *
 * @param compressed the file of a name
 */
export function assetsOf(compressed: (name: string) => Buffer, names: readonly string[]) {
  const read = new Map<string, Asset>();
  return ({ headers }: Request, name: string, more: Answer['headers'] = {}): Answer => {
    if (!names.includes(name)) throw new RouteNotFound();
    let file = read.get(name);
    if (file === undefined) {
      const gzipped = compressed(name);
      const hash = createHash('sha256').update(gzipped).digest('base64url');
      file = { gzipped, etag: `"${hash}"`, plain: null };
      read.set(name, file);
    }
    const { gzipped, etag } = file;
    const cached = {
      'cache-control': 'no-cache',
      vary: 'accept-encoding',
      'x-content-type-options': 'nosniff',
      etag,
      ...more,
    };
    if (headers['if-none-match'] === etag) return { status: 304, body: undefined, headers: cached };
    const isCompressed = /\bgzip\b/.test(headers['accept-encoding'] ?? '');
    if (!isCompressed) file.plain ??= gunzipSync(gzipped);
    return {
      status: 200,
      body: undefined,
      headers: {
        ...cached,
        'content-type': types[extname(name)] ?? 'application/octet-stream',
        ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
      },
      bytes: file.plain === null || isCompressed ? gzipped : file.plain,
    };
  };
}

/** A page, and its files a step below it: under another path than its own it would not find them. */
export function pageOf(
  compressed: (name: string) => Buffer,
  files: readonly string[],
  headers: Answer['headers'],
) {
  const page = assetsOf(compressed, ['index.html']);
  const part = assetsOf(compressed, files);
  return (request: Request): Answer => {
    const { file } = request.params;
    return file === undefined ? page(request, 'index.html', headers) : part(request, file, headers);
  };
}
