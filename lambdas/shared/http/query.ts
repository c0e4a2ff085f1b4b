/**
 * Query parameters, read as LiteLLM reads them. An empty one counts as left out, and one that is
 * repeated by its last. The JSON type is registered for the OpenAPI document.
 */
import * as z from 'zod/mini';
import { InvalidField, MalformedRequest } from '../domain/errors.ts';
import { readTime } from '../domain/time-text.ts';
import type { Request } from './request.ts';

/** More than any name or id has; keys of the tables are bounded text. */
const maxLength = 512;

export const queryText = () =>
  z.optional(z.string().check(z.maxLength(maxLength, `has at most ${maxLength} characters`)));

/** Text that `choiceOf` then reads: a choice that is none is a 400, not a 422. */
export const queryChoice = (choices: readonly string[]) =>
  queryText().register(z.globalRegistry, { type: 'string', enum: [...choices] });

/** A whole number between two bounds, themselves included; also written `2.0`. */
export const queryInteger = (minimum: number, maximum: number, standard: number) =>
  read(
    (text) => {
      const value = /^[+-]?\d{1,16}(\.0*)?$/.test(text) ? Number(text) : Number.NaN;
      return value >= minimum && value <= maximum ? value : undefined;
    },
    standard,
    maximum === Number.MAX_SAFE_INTEGER
      ? `must be a whole number from ${minimum} on`
      : `must be a whole number from ${minimum} to ${maximum}`,
    { type: 'integer', minimum, maximum, default: standard },
  );

export const queryTruth = () =>
  read((text) => truths.get(text.toLowerCase()), false, 'must be true or false', {
    type: 'boolean',
    default: false,
  });

const truths = new Map([
  ...['true', 't', 'yes', 'y', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0'].map((word) => [word, false] as const),
]);

/** A time, or a day in UTC, written in ISO 8601; given as the milliseconds since 1970 it stands for. */
export const queryTime = (of: 'start' | 'end') =>
  read<number | null>((text) => timeOf(text, of), null, 'must be a day or a time in ISO 8601', {
    anyOf: [{ format: 'date' }, { format: 'date-time' }],
    type: 'string',
    description: `A day (2026-11-25) or a time (2026-11-25T13:50:00Z), included; of a day its ${of}. UTC where no offset is given.`,
  });

function timeOf(text: string, of: 'start' | 'end'): number | undefined {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  // A space is what a plus sign becomes on its way.
  const written = text.replace(/(?<=:[\d.]+) (?=\d{2}:?\d{2}$)/, '+');
  const time = readTime(isDay ? `${text}T00:00` : written);
  if (time === null) return undefined;
  return Date.parse(time) + (isDay && of === 'end' ? 86_399_999 : 0);
}

function read<T>(
  reader: (text: string) => T | undefined,
  standard: T,
  expected: string,
  jsonSchema: Record<string, unknown>,
) {
  const field = z.pipe(
    z.optional(z.string()),
    z.transform((text: string | undefined, context): T => {
      const value = text === undefined ? standard : reader(text);
      if (value !== undefined) return value;
      context.issues.push({ code: 'custom', message: expected, input: text });
      return z.NEVER;
    }),
  );
  return field.register(z.globalRegistry, jsonSchema);
}

/**
 * The parameters that the schema names; others are ignored. Throws `MalformedRequest` that names the
 * first at fault, and never quotes it: it may be a key.
 */
export function queryOf<Schema extends z.ZodMiniObject>(
  schema: Schema,
  { query }: Request,
): z.output<Schema> {
  const given = [...query].filter(([, value]) => value !== '');
  const parsed = schema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = String(issue?.path[0]);
  throw new MalformedRequest(param, `${param} ${issue?.message}.`);
}

/** One of the choices, or null where it is left out. Throws `InvalidField`. */
export function choiceOf<const Choice extends string>(
  param: string,
  text: string | undefined,
  choices: readonly Choice[],
): Choice | null {
  if (text === undefined) return null;
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new InvalidField(param, `${param} must be one of ${choices.join(', ')}.`);
}
