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

/** Taken as it is: a record type would silently drop a member named `__proto__`. */
export const object = () =>
  lax((value) => (isObject(value) ? value : undefined), 'expected an object', {
    type: 'object',
    additionalProperties: true,
  });

export const choice = <const Values extends readonly string[]>(values: Values) =>
  z.nullish(z.enum(values, `expected one of ${values.join(', ')}`));

/** A finite number or not: what a budget may be is the domain's rule. */
export const number = () => lax(readNumber, 'expected a number', { type: 'number' });

export const integer = () =>
  lax(
    (value) => {
      const read = readNumber(value);
      return read !== undefined && Number.isInteger(read) ? read : undefined;
    },
    'expected a whole number',
    { type: 'integer' },
  );

/** A number where the empty text means none, as in LiteLLM's `max_budget`. */
export const budget = () =>
  z.pipe(
    z.transform((value: unknown) => (value === '' ? null : value)),
    number(),
  );

export const truth = () => lax(readTruth, 'expected true or false', { type: 'boolean' });

function lax<T>(
  read: (value: unknown) => T | undefined,
  expected: string,
  jsonSchema: Record<string, Json>,
) {
  const field = z.pipe(
    z.unknown(),
    z.transform((value: unknown, context): T => {
      const result = read(value);
      if (result !== undefined) return result;
      context.issues.push({ code: 'custom', message: expected, input: value });
      return z.NEVER;
    }),
  );
  return z.nullish(field.register(z.globalRegistry, jsonSchema));
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

const truths = new Map<unknown, boolean>([
  ...['true', 't', 'yes', 'y', 'on', '1', 1].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0', 0].map((word) => [word, false] as const),
]);

function readTruth(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return truths.get(typeof value === 'string' ? value.toLowerCase() : value);
}
