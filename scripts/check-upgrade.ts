/**
 * `npm run check:upgrade [-- --env <env>]`: compares what would be deployed with the last release, or
 * with what is deployed (`--from`), and refuses what would lose data or a reader. `--write` writes a
 * release down. Exit code 0: nothing is lost; 1: something would be; 2: it could not be compared.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { environments, findEnvironment } from '../lib/environments.ts';
import packageJson from '../package.json' with { type: 'json' };
import { Unusable } from './operator/unusable.ts';
import { compare } from './upgrade/compare.ts';
import type { Finding } from './upgrade/finding.ts';
import { holding, lastRelease, releasedResources, writeReleased } from './upgrade/released.ts';
import { synthesise } from './upgrade/synthesise.ts';
import { type Resources, resourcesInText } from './upgrade/template.ts';

const usage =
  'Usage: npm run check:upgrade -- [--env <env>] [--from <template.json>], or --write with a new version in package.json';

const print = (text: string) => {
  process.stdout.write(`${text}\n`);
};

await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      env: { type: 'string' },
      from: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const { env, from, write } = values;
  if (from !== undefined && env === undefined) throw new Unusable(usage);
  if (write && env !== undefined) throw new Unusable(usage);
  const last = lastRelease();
  if (last === null && from === undefined && !write) {
    throw new Unusable('There is no release yet to compare with: write the first one with --write');
  }
  const source = from ?? `release ${last ?? 'none'}`;
  const before = (name: string): Resources | null => {
    if (from !== undefined) return resourcesInText(textOf(from), from);
    return last === null ? {} : releasedResources(last, name);
  };
  const synthesised: Record<string, Resources> = {};
  let isRefused = false;
  for (const name of env === undefined ? Object.keys(environments) : [env]) {
    const environment = findEnvironment(name);
    const held = before(name);
    if (held === null && env !== undefined) throw new Unusable(unknown(source, name));
    const { resources: next } = await synthesise(environment);
    synthesised[name] = next;
    const findings = held === null ? [] : compare(held, next, environment);
    print(held === null ? unknown(source, name) : summary(name, source, held, findings));
    for (const { id, says } of findings) print(`  ${id}: ${says}`);
    isRefused ||= findings.length > 0;
  }
  if (isRefused) {
    process.exitCode = 1;
  } else if (write) {
    writeReleased(packageJson.version, synthesised);
    print(`Release ${packageJson.version} is written down in lib/released: commit it`);
  }
}

const unknown = (source: string, name: string) =>
  `${name}: not compared, ${source} does not know it: give what is deployed with --from <template.json>`;

function summary(name: string, source: string, held: Resources, { length }: readonly Finding[]) {
  if (length > 0) return `${name}: refused, against ${source}`;
  return `${name}: ok, nothing is lost of the ${Object.keys(holding(held)).length} resources in ${source} that hold something`;
}

function textOf(path: string): string {
  if (!existsSync(path)) throw new Unusable(`There is no file ${path}`);
  return readFileSync(path, 'utf8');
}
