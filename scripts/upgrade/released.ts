/** What the releases hold: `lib/released/<version>/<environment>.json`, made by the release itself. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Unusable } from '../operator/unusable.ts';
import { kinds } from './kinds.ts';
import { repairsSecrets } from './secret-reach.ts';
import { type Resources, resourcesInText, withoutTags } from './template.ts';

const folder = join(import.meta.dirname, '../../lib/released');

/** The newest version that was released; null before the first. */
export function lastRelease(): string | null {
  const versions = existsSync(folder) ? readdirSync(folder) : [];
  const [newest] = versions.sort((one, other) => other.localeCompare(one, 'en', { numeric: true }));
  return newest ?? null;
}

/** What a release holds in an environment; null where it did not know that. */
export function releasedResources(version: string, environment: string): Resources | null {
  const path = join(folder, version, `${environment}.json`);
  return existsSync(path) ? resourcesInText(readFileSync(path, 'utf8'), path) : null;
}

/** Writes down what a release holds. Throws `Unusable` where that was done before. */
export function writeReleased(version: string, environments: Readonly<Record<string, Resources>>) {
  const target = join(folder, version);
  if (existsSync(target)) {
    throw new Unusable(
      `Release ${version} is written down already. Raise the version in package.json; only one that nobody has deployed may be removed and written anew`,
    );
  }
  mkdirSync(target, { recursive: true });
  for (const [name, resources] of Object.entries(environments)) {
    const text = JSON.stringify({ Resources: holding(resources) }, null, 2);
    writeFileSync(join(target, `${name}.json`), `${text}\n`);
  }
}

/** The resources with something to lose, and what says which secrets are reached; without their tags. */
export function holding(resources: Resources): Resources {
  return Object.fromEntries(
    Object.entries(resources)
      .filter(([, resource]) => kinds[resource.Type] !== undefined || repairsSecrets(resource))
      .map(([id, resource]) => [id, { ...resource, Properties: withoutTags(resource.Properties) }]),
  );
}
