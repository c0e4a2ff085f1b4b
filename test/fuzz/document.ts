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
      content: z
        .record(z.string(), z.looseObject({ schema, example: z.optional(z.unknown()) }))
        .optional(),
    }),
  ),
});
const document = z
  .looseObject({
    paths: z.record(z.string(), z.record(z.string(), described)),
    components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
  })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8')));

const reference = z.strictObject({ $ref: z.string() });

export type Described = z.infer<typeof described>;

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema: Schema;
  }[];
  readonly body: Schema | null;
  readonly described: Described;
  /** What is wrong with an answer, or null. */
  readonly complaint: (status: number, type: string, body: unknown) => string | null;
}

const json = 'application/json';

export const operations: readonly Operation[] = Object.entries(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, item]) => {
      const { parameters = [], requestBody, responses } = item;
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
        described: item,
        complaint: (status: number, type: string, body: unknown) => {
          const known = checks.get(status);
          if (known === undefined) return `the status ${status} is not in the document`;
          if (Object.keys(known).length === 0) return body === undefined ? null : 'it has a body';
          const check = known[type.split(';')[0] ?? ''];
          if (check === undefined) return `the type ${type} is not in the document`;
          return check(body);
        },
      };
    }),
);

/** With what it refers to in its place. */
export function resolved(shape: object): Schema {
  return JSON.parse(JSON.stringify(shape), (_name, value: unknown) => {
    const { $ref } = reference.safeParse(value).data ?? {};
    const name = $ref?.split('/').at(-1);
    return name === undefined ? value : document.components.schemas[name];
  });
}

/** What checks values against a schema, with all that it refers to. */
export function validatorOf(shape: object): z.ZodType {
  return z.fromJSONSchema(JSON.parse(JSON.stringify(resolved(shape))));
}

/** Types other than JSON are only named. */
function checkOf(shape: object): (body: unknown) => string | null {
  const checked = validatorOf(shape);
  return (body) => {
    const read = checked.safeParse(body);
    return read.success ? null : z.prettifyError(read.error);
  };
}
