import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from './project.ts';

/** What template and bundles are made from. `dist/` is made from these too, so it adds nothing. */
const sources = [
  'bin',
  'lib',
  'lambdas',
  'console',
  'scripts/build.ts',
  'scripts/assets.ts',
  'docs/openapi.json',
  'cdk.json',
  'package.json',
  'package-lock.json',
];

/** Changes when, and only when, a deploy with this context could change something. */
export function fingerprint(context: Readonly<Record<string, string>>, root = projectDir): string {
  const hash = createHash('sha256').update(JSON.stringify(context));
  for (const file of sources.flatMap((source) => listFiles(root, source))) {
    const content = readFileSync(join(root, file));
    hash.update(`\0${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function listFiles(root: string, source: string): string[] {
  const path = join(root, source);
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [source];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(path, name)).isFile())
    .map((name) => join(source, name))
    .sort();
}
