import * as z from 'zod/mini';
import { Unusable } from '../operator/unusable.ts';

const properties = z.record(z.string(), z.unknown());
const resource = z.object({
  Type: z.string(),
  DeletionPolicy: z.optional(z.string()),
  UpdateReplacePolicy: z.optional(z.string()),
  Properties: z.pipe(
    z.optional(properties),
    z.transform((value) => value ?? {}),
  ),
});
const template = z.object({ Resources: z.record(z.string(), resource) });

/** A resource of a template, as far as an upgrade depends on it. */
export type Resource = z.infer<typeof resource>;

/** By logical id. */
export type Resources = Readonly<Record<string, Resource>>;

/** The resources of a template. Throws `Unusable`, naming `source`, where it is none. */
export function resourcesIn(value: unknown, source: string): Resources {
  const read = template.safeParse(value);
  if (!read.success) throw new Unusable(`${source} is no CloudFormation template in JSON`);
  return read.data.Resources;
}

/**
 * The resources of a template in a file: as it was synthesised, or in what `aws cloudformation
 * get-template` answers. Throws `Unusable` where it is neither.
 */
export function resourcesInText(text: string, source: string): Resources {
  const value = json(text);
  const body = at(value, 'TemplateBody');
  return resourcesIn(typeof body === 'string' ? json(body) : (body ?? value), source);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Properties but for the tags, which nothing depends on. */
export const withoutTags = (of: Resource['Properties']): Resource['Properties'] =>
  Object.fromEntries(Object.entries(of).filter(([name]) => name !== 'Tags'));

/** What is at a path of names; undefined where the path ends early. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (typeof value !== 'object' || value === null || !(name in value)) return undefined;
  return at(new Map<string, unknown>(Object.entries(value)).get(name), ...rest);
}

/** A list, empty where there is none. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A value as it may stand in a sentence. */
export const shown = (value: unknown): string =>
  value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
