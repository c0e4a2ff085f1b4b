/**
 * Builds every function in one esbuild call: `lambdas/<operation>/handler.ts` becomes
 * `dist/<operation>/index.js`, which is what is measured, tested and deployed. One call takes a
 * tenth of the time of a bundle per function at synth.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { build as bundle, type Metafile, type Plugin } from 'esbuild';
import { compressed, listAssets } from './assets.ts';

const root = resolve(import.meta.dirname, '..');

export interface BuildOptions {
  /** Where the bundles go; `dist` unless named. */
  readonly outDir?: string;
}

export interface Built {
  readonly operation: string;
  readonly bytes: number;
}

/**
 * Builds all functions and returns their sizes. The same sources give the same bytes, so asset
 * hashes change only with the code. Safe beside another build: a file is replaced whole, and only
 * when its content differs. Throws esbuild's error where a function does not build.
 */
export async function build({ outDir = join(root, 'dist') }: BuildOptions = {}): Promise<Built[]> {
  const operations = await listOperations();
  const result = await bundle({
    absWorkingDir: root,
    entryPoints: operations.map((operation) => ({
      in: `lambdas/${operation}/handler.ts`,
      out: `${operation}/index`,
    })),
    outdir: outDir,
    bundle: true,
    minify: true,
    legalComments: 'none',
    platform: 'node',
    target: 'node24',
    // CommonJS: static ESM imports load Node's built-ins eagerly, 20 ms more on a cold start.
    format: 'cjs',
    // The SDK's ES modules can be tree-shaken, its CommonJS cannot: a third fewer bytes.
    mainFields: ['module', 'main'],
    alias: {
      '@aws-sdk/credential-provider-node': './lambdas/shared/adapters/environment-credentials.ts',
      '@aws-sdk/endpoint-cache': './lambdas/shared/adapters/no-endpoint-cache.ts',
    },
    // Loaded on demand by operations that stream, of which we call none: 16 kB.
    external: ['@smithy/core/event-streams'],
    plugins: [versionOnly, withStandIns],
    metafile: true,
    write: false,
    logLevel: 'silent',
  });

  await Promise.all(
    result.outputFiles.map((file) => replaceFile(outDir, file.path, file.contents)),
  );
  // The checkout is an ES module package; the bundles are not. Lambda gets the folders below only.
  await replaceFile(outDir, join(outDir, 'package.json'), '{ "type": "commonjs" }\n');
  await replaceFile(outDir, join(outDir, 'meta.json'), `${JSON.stringify(result.metafile)}\n`);
  await writeAssets(outDir);
  await removeForgotten(outDir, operations);
  return sizes(result.metafile, outDir, operations);
}

/** A client imports its whole package.json to tell its version to AWS: 2 kB each. */
const versionOnly: Plugin = {
  name: 'version-only',
  setup(bundler) {
    bundler.onLoad(
      { filter: /@aws-sdk[\\/]client-[^\\/]+[\\/]package\.json$/ },
      async ({ path }) => {
        const { version } = JSON.parse(await readFile(path, 'utf8'));
        return { contents: JSON.stringify({ version }), loader: 'json' };
      },
    );
  },
};

const unreachable = (name: string) =>
  `{ throw new Error('${name} is not in the bundles: see scripts/build.ts'); }`;

/**
 * Modules of the SDK that a Lambda function has no use for, and what stands in for them: the headers of
 * event streams, SHA-256 in JavaScript for where Node's own is missing, the `adaptive` retry mode, the
 * region of an EC2 instance, the profiles in `~/.aws`, which it would look for at every cold start, a
 * warning about old versions of Node, trace headers, which mean nothing to services without tracing,
 * the user agent's list of which of its features a client uses, the log of each call with its input and
 * output, for which no client has a logger, names of S3 buckets, and what tells invocations apart in a
 * container that works on several at once, as none of ours does.
 */
const standIns: Readonly<Record<string, string>> = {
  HeaderFormatter: `export class HeaderFormatter { format() ${unreachable('HeaderFormatter')} }`,
  Sha256Js: `export class Sha256Js { constructor() ${unreachable('Sha256Js')} }`,
  AdaptiveRetryStrategy: `export class AdaptiveRetryStrategy { constructor() ${unreachable('AdaptiveRetryStrategy')} }`,
  getInstanceMetadataRegion: `export async function getInstanceMetadataRegion() ${unreachable('getInstanceMetadataRegion')}`,
  loadSharedConfigFiles: `export const CONFIG_PREFIX_SEPARATOR = '.';
    export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });`,
  emitWarningIfUnsupportedVersion: `export const state = {};
    export const emitWarningIfUnsupportedVersion = () => undefined;`,
  'check-features': 'export const checkFeatures = async () => undefined;',
  loggerMiddleware: `export const loggerMiddlewareOptions = {};
    export const loggerMiddleware = () => (next) => next;
    export const getLoggerPlugin = () => ({ applyToStack: () => undefined });`,
  s3: `export { resolveParamsForS3 as isArnBucketName, resolveParamsForS3 as isDnsCompatibleBucketName };
    export const DOT_PATTERN = undefined, S3_HOSTNAME_PATTERN = undefined;
    export async function resolveParamsForS3() ${unreachable('resolveParamsForS3')}`,
  'invoke-store': '',
  recursionDetectionMiddleware: 'export const recursionDetectionMiddleware = () => (next) => next;',
};

/** 17 kB less in every bundle that has a client. */
const withStandIns: Plugin = {
  name: 'with-stand-ins',
  setup(bundler) {
    const names = Object.keys(standIns).join('|');
    bundler.onLoad(
      {
        filter: new RegExp(
          `@(aws|smithy|aws-sdk)[\\\\/](core|lambda-invoke-store|signature-v4)[\\\\/].*[\\\\/](${names})\\.js$`,
        ),
      },
      ({ path }) => ({
        contents: standIns[basename(path, '.js')] ?? '',
      }),
    );
  },
};

/** Names of the operations: the folders under `lambdas/` that hold a handler, in order. */
export async function listOperations(): Promise<string[]> {
  const folders = await readdir(join(root, 'lambdas'), { withFileTypes: true });
  return folders
    .filter((folder) => folder.isDirectory() && folder.name !== 'shared')
    .map((folder) => folder.name)
    .filter((name) => existsSync(join(root, 'lambdas', name, 'handler.ts')))
    .sort();
}

async function replaceFile(outDir: string, path: string, contents: string | Uint8Array) {
  const wanted = Buffer.from(contents);
  const current = await readFile(path).catch(() => undefined);
  if (current?.equals(wanted)) return;

  await mkdir(dirname(path), { recursive: true });
  // Beside the function folders, not in one: a deploy hashes whatever it finds there.
  const temporary = join(outDir, `.${relative(outDir, path).replaceAll('/', '-')}.${process.pid}`);
  await writeFile(temporary, wanted);
  await rename(temporary, path);
}

/** Puts the files that a function serves into its `assets`. */
async function writeAssets(outDir: string): Promise<void> {
  await Promise.all(
    listAssets().map(({ operation, name }) =>
      replaceFile(
        outDir,
        join(outDir, operation, 'assets', `${name}.gz`),
        compressed(operation, name),
      ),
    ),
  );
}

/** Removes the bundle of an operation that is no more, which would else be measured for ever. */
async function removeForgotten(outDir: string, operations: string[]) {
  const built = await readdir(outDir, { withFileTypes: true });
  const forgotten = built.filter(
    (entry) => entry.isDirectory() && !operations.includes(entry.name),
  );
  await Promise.all(forgotten.map(({ name }) => rm(join(outDir, name), { recursive: true })));
}

function sizes(metafile: Metafile, outDir: string, operations: string[]): Built[] {
  return operations.map((operation) => {
    const path = relative(root, join(outDir, operation, 'index.js'));
    return { operation, bytes: metafile.outputs[path]?.bytes ?? 0 };
  });
}

if (import.meta.main) {
  for (const { operation, bytes } of await build()) {
    process.stdout.write(`${(bytes / 1000).toFixed(1).padStart(8)} kB  ${operation}\n`);
  }
}
