/** What the lockfile alone tells, without a network. */
import * as z from 'zod/mini';

const locked = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.optional(z.string()),
      resolved: z.optional(z.string()),
      integrity: z.optional(z.string()),
      /** Part of another package, and so of that one's hash. */
      inBundle: z.optional(z.boolean()),
      deprecated: z.optional(z.string()),
      hasInstallScript: z.optional(z.boolean()),
    }),
  ),
});

/**
 * What is wrong with the packages of a lockfile: without a hash, from elsewhere than the registry,
 * given up by their authors, or with a script that runs at install and was not approved.
 */
export function wrongIn(lockfile: string, approvedScripts: readonly string[]): string[] {
  const { packages } = locked.parse(JSON.parse(lockfile));
  return Object.entries(packages).flatMap(([path, entry]) => {
    if (path === '') return [];
    const name = path.split('node_modules/').at(-1) ?? path;
    const wrong = [
      entry.integrity === undefined && entry.inBundle !== true ? 'has no hash' : null,
      entry.resolved === undefined ? null : `comes from ${entry.resolved}`,
      entry.deprecated === undefined ? null : `is deprecated: ${entry.deprecated}`,
      entry.hasInstallScript === true && !approvedScripts.includes(name)
        ? 'runs a script at install that is not approved'
        : null,
    ];
    return wrong.filter((what) => what !== null).map((what) => `${name}@${entry.version} ${what}`);
  });
}
