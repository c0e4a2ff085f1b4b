/**
 * Field types of request bodies. They read what LiteLLM's reader takes: a number may come as text
 * (`"5"`) or as a truth value, a truth value as text (`"yes"`) or as 0 and 1. Every field may be
 * absent or null. The JSON type is registered for the OpenAPI document.
 */
import * as z from 'zod/mini';

type Json = string | number | boolean | null | { [name: string]: Json } | Json[];

export const text = () => z.nullish(z.string('expected a string'));

export const texts = () =>
  z.nullish(z.array(z.string('expected a string'), 'expected a list of strings'));

/** A list of entries of one shape; what an entry has beside it is left away. */
export const entries = <Entry extends z.ZodMiniType>(entry: Entry) =>
  z.nullish(z.array(entry, 'expected a list'));

/** Taken as it is: a record type would silently drop a member named `__proto__`. */
export const object = () =>
  lax((value) => (isObject(value) ? value : undefined), 'expected an object', {
    type: 'object',
    additionalProperties: true,
  });

export const choice = <const Values extends readonly string[]>(values: Values) =>
  z.nullish(z.enum(values, `expected one of ${values.join(', ')}`));

/** An object whose members are lists of texts. */
export const textLists = () =>
  lax(
    (value) => (isObject(value) && Object.values(value).every(isTexts) ? value : undefined),
    'expected an object of lists of strings',
    {
      type: 'object',
      additionalProperties: { type: 'array', items: { type: 'string' } },
    },
  );

/** A finite number or not: what a budget may be is the domain's rule. */
export const number = () => z.nullish(someNumber());

export const someNumber = () => read(readNumber, 'expected a number', { type: 'number' });

export const someText = () => z.string('expected a string');

export const integer = () => lax(readInteger, 'expected a whole number', { type: 'integer' });

/** A whole number above zero. */
export const positive = () =>
  lax(readPositive, 'expected a whole number above zero', { type: 'integer', exclusiveMinimum: 0 });

/** An object whose members are whole numbers above zero. */
export const positives = () =>
  lax(
    (value) =>
      isObject(value) && Object.values(value).every((entry) => readPositive(entry) === entry)
        ? value
        : undefined,
    'expected an object of whole numbers above zero',
    { type: 'object', additionalProperties: { type: 'integer', exclusiveMinimum: 0 } },
  );

/** A number where the empty text means none, as in LiteLLM's `max_budget`. */
export const budget = () =>
  z.pipe(
    z.transform((value: unknown) => (value === '' ? null : value)),
    number(),
  );

export const truth = () => z.nullish(someTruth());

export const someTruth = () => read(readTruth, 'expected true or false', { type: 'boolean' });

const lax = <T>(...field: Parameters<typeof read<T>>) => z.nullish(read(...field));

function read<T>(
  reader: (value: unknown) => T | undefined,
  expected: string,
  jsonSchema: Record<string, Json>,
) {
  const field = z.pipe(
    z.unknown(),
    z.transform((value: unknown, context): T => {
      const result = reader(value);
      if (result !== undefined) return result;
      context.issues.push({ code: 'custom', message: expected, input: value });
      return z.NEVER;
    }),
  );
  return field.register(z.globalRegistry, jsonSchema);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  if (/^[+-]?(inf|infinity)$/i.test(trimmed)) return trimmed.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(trimmed)) return Number.NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : undefined;
}

function readInteger(value: unknown): number | undefined {
  const found = readNumber(value);
  return found !== undefined && Number.isInteger(found) ? found : undefined;
}

function readPositive(value: unknown): number | undefined {
  const found = readInteger(value);
  return found !== undefined && found > 0 ? found : undefined;
}

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');

const truths = new Map<unknown, boolean>([
  ...['true', 't', 'yes', 'y', 'on', '1', 1].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0', 0].map((word) => [word, false] as const),
]);

function readTruth(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return truths.get(typeof value === 'string' ? value.toLowerCase() : value);
}
