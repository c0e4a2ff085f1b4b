/** Values for a schema of the OpenAPI document: most of them fit, some nearly, some not at all. */
import * as fc from 'fast-check';

/** As far as the document uses JSON Schema. */
export interface Schema {
  readonly type?: string;
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
}

/** Names and values that mean something to the service, of which the run knows some. */
export type Known = fc.Arbitrary<unknown>;

const tellingTexts = [
  '',
  ' ',
  'a',
  'é',
  '*',
  '\u0000',
  '\ud800',
  'x'.repeat(600),
  '30d',
  '1mo',
  '-1',
  '0s',
  '9999999999d',
  '2030-01-01T00:00:00.000Z',
  'ada@example.com',
  'proxy_admin',
  'read_only',
];
const tellingNumbers = [0, -1, 1.5, 1e21, Number.MAX_SAFE_INTEGER];
const telling = fc.oneof(
  fc.constantFrom(...tellingTexts),
  fc.constantFrom(...tellingNumbers),
  fc.constantFrom<unknown>(null, true, false, [], [null], {}, { a: { b: [] } }),
);
const anything = fc.oneof({ weight: 3, arbitrary: telling }, fc.jsonValue({ maxDepth: 3 }));

/** The same for a field or parameter: what names a key mostly names one that is there. */
export function valuesFor(name: string, schema: Schema, known: Known): fc.Arbitrary<unknown> {
  const values = valuesOf(schema, known);
  if (name === 'key' || name === 'id') return fc.oneof({ weight: 3, arbitrary: known }, values);
  const several = fc.array(known, { minLength: 1, maxLength: 3 });
  return name === 'keys' && !hasObjects(schema)
    ? fc.oneof({ weight: 3, arbitrary: several }, values)
    : values;
}

/** Of a list, whether its members are objects, in any of its readings. */
const hasObjects = ({ anyOf = [], items }: Schema): boolean =>
  items?.type === 'object' || anyOf.some(hasObjects);

/** Whatever the schema says; one value in eight something else. */
export function valuesOf(schema: Schema, known: Known): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 5, arbitrary: fitting(schema, known) },
    { weight: 2, arbitrary: known },
    { weight: 1, arbitrary: anything },
  );
}

function fitting(schema: Schema, known: Known): fc.Arbitrary<unknown> {
  // Beside a type it says more of it: which members must be there, say.
  if (schema.anyOf !== undefined && schema.type === undefined) {
    return fc.oneof(...schema.anyOf.map((each) => fitting(each, known)));
  }
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if ('const' in schema) return fc.constant(schema.const);
  switch (schema.type) {
    case 'string':
      return stringOf(schema);
    case 'integer':
      return fc.integer(rangeOf(schema));
    case 'number':
      return fc.oneof(fc.integer(rangeOf(schema)), fc.double({ noNaN: true, ...rangeOf(schema) }));
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, known), { maxLength: 4 });
    case 'object':
      return objectOf(schema, known);
    case undefined:
    default:
      return anything;
  }
}

/** A field that must be there is left out now and then; ones that nobody named come in. */
function objectOf(schema: Schema, known: Known): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema;
  const names = Object.keys(properties);
  if (names.length === 0) {
    const more = typeof additionalProperties === 'object' ? additionalProperties : {};
    return fc.dictionary(fc.string({ maxLength: 8 }), valuesOf(more, known), { maxKeys: 3 });
  }
  const field = fc
    .constantFrom(...names)
    .chain((name) =>
      valuesFor(name, properties[name] ?? {}, known).map((value): [string, unknown] => [
        name,
        value,
      ]),
    );
  const must = fc
    .tuple(...required.map((name) => valuesFor(name, properties[name] ?? {}, known)))
    .map((values) => required.map((name, index): [string, unknown] => [name, values[index]]));
  const foreign = fc.constantFrom('__proto__', 'constructor', 'status', 'rev', 'unknown');
  return fc
    .tuple(
      fc.oneof({ weight: 9, arbitrary: must }, fc.constant([])),
      fc.array(field, { maxLength: 3 }),
      fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, fc.tuple(fc.tuple(foreign, anything))),
    )
    .map((parts) => Object.fromEntries(parts.flat()));
}

function stringOf({ pattern, maxLength = 60 }: Schema): fc.Arbitrary<string> {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.oneof(
    fc.string({ maxLength: Math.min(maxLength, 60) }),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
}

function rangeOf({ minimum, exclusiveMinimum, maximum }: Schema) {
  const min = minimum ?? (exclusiveMinimum === undefined ? -1000 : exclusiveMinimum + 1);
  return { min: Math.max(min, -1_000_000), max: Math.min(maximum ?? 1_000_000, 1_000_000) };
}
