/** The operations of the OpenAPI document, with checks of their answers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
// oxlint-disable-next-line no-restricted-imports -- only the full package reads JSON Schema, and nothing bundles this
import * as z from 'zod';
import type { Schema } from './values-of.ts';

const schema: z.ZodType<Schema> = z.looseObject({});
const described = z.looseObject({
  parameters: z
    .array(
      z.looseObject({ name: z.string(), in: z.string(), required: z.boolean().optional(), schema }),
    )
    .optional(),
  requestBody: z
    .looseObject({ content: z.record(z.string(), z.looseObject({ schema })) })
    .optional(),
  responses: z.record(
    z.string(),
    z.looseObject({
      headers: z.record(z.string(), z.unknown()).optional(),
      content: z.record(z.string(), z.looseObject({ schema: z.looseObject({}) })).optional(),
    }),
  ),
});
const document = z
  .looseObject({
    paths: z.record(z.string(), z.record(z.string(), described)),
    components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
  })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8')));

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema: Schema;
  }[];
  readonly body: Schema | null;
  /** What is wrong with an answer, or null. */
  readonly complaint: (status: number, type: string, body: unknown) => string | null;
}

const json = 'application/json';

export const operations: readonly Operation[] = Object.entries(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, responses }]) => {
      const checks = new Map(
        Object.entries(responses).map(([status, { content = {} }]) => [
          Number(status),
          Object.fromEntries(
            Object.entries(content).map(([type, { schema: shape }]) => [type, checkOf(shape)]),
          ),
        ]),
      );
      return {
        method: method.toUpperCase(),
        path,
        parameters,
        body: requestBody?.content[json]?.schema ?? null,
        complaint: (status: number, type: string, body: unknown) => {
          const known = checks.get(status);
          if (known === undefined) return `the status ${status} is not in the document`;
          const check = known[type.split(';')[0] ?? ''];
          if (check === undefined) return `the type ${type} is not in the document`;
          return check(body);
        },
      };
    }),
);

/** Types other than JSON are only named. */
function checkOf(shape: Readonly<Record<string, unknown>>): (body: unknown) => string | null {
  const name = /^#\/components\/schemas\/(\w+)$/.exec(String(shape['$ref']))?.[1];
  const checked = z.fromJSONSchema(
    (name === undefined ? shape : document.components.schemas[name]) ?? {},
  );
  return (body) => {
    const read = checked.safeParse(body);
    return read.success ? null : z.prettifyError(read.error);
  };
}
