/** Which parts of a schema values have, so that what no answer ever has can be named. */
import { validatorOf } from '../fuzz/document.ts';
import type { Schema } from '../fuzz/values-of.ts';

/** Each member and each alternative of a schema, by its place. */
export function partsOf(schema: Schema, place = ''): string[] {
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, part]) => [
      `${place}.${name}`,
      ...partsOf(part, `${place}.${name}`),
    ]),
    ...(schema.anyOf ?? []).flatMap((part, index) => [
      `${place}|${index}`,
      ...partsOf(part, `${place}|${index}`),
    ]),
    ...(schema.items === undefined ? [] : partsOf(schema.items, `${place}[]`)),
  ];
}

/** Those that a value has, which fits the schema. */
export function partsIn(schema: Schema, value: unknown, place = ''): string[] {
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, part]) => {
      const member = isObject(value) ? value[name] : undefined;
      if (member === undefined) return [];
      return [`${place}.${name}`, ...partsIn(part, member, `${place}.${name}`)];
    }),
    ...(schema.anyOf ?? []).flatMap((part, index) =>
      isOf(part, value) ? [`${place}|${index}`, ...partsIn(part, value, `${place}|${index}`)] : [],
    ),
    ...(schema.items === undefined || !Array.isArray(value)
      ? []
      : value.flatMap((member: unknown) => partsIn(schema.items ?? {}, member, `${place}[]`))),
  ];
}

const checks = new WeakMap<Schema, ReturnType<typeof validatorOf>>();

function isOf(schema: Schema, value: unknown): boolean {
  let check = checks.get(schema);
  if (check === undefined) {
    check = validatorOf(schema);
    checks.set(schema, check);
  }
  return check.safeParse(value).success;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
