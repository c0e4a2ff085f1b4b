/**
 * The OpenAPI document and the running service, held to one another: what one has and the other has not is
 * named, be it a route, a status, a header or a field.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { openApiDocument, openApiPath } from '../../scripts/openapi.ts';
import type { Sent } from '../fakes/service.ts';
import { type Described, type Operation, operations, resolved } from '../fuzz/document.ts';
import type { Schema } from '../fuzz/values-of.ts';
import { allExchanges } from './exchanges.ts';
import { fullKey, routeNames, sampleService, samples } from './samples.ts';
import type { Exchange } from './scene.ts';
import { partsIn, partsOf } from './told.ts';

// The functions write a line per request.
const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
const exchanges = await allExchanges();
written.mockRestore();

const nameOf = ({ method, path }: Operation) => `${method} ${path}`;
const byRoute = operations.map((operation) => [nameOf(operation), operation] as const);
const exchangesOf = (operation: Operation) =>
  exchanges.filter(({ route }) => route === nameOf(operation));
const sorted = (values: Iterable<string | number>) => [...new Set([...values].map(String))].sort();

type Response = Described['responses'][string];

const isGateways = (schema: object) => JSON.stringify(schema).includes('/GatewayError"');

/** Of a schema what functions answer; null where API Gateway alone gives this answer. */
function oursOf(schema: Schema): Schema | null {
  if (!isGateways(schema)) return schema;
  return schema.anyOf?.find((part) => !isGateways(part)) ?? null;
}
const isOurs = ({ content = {} }: Response): boolean =>
  Object.values(content).every(({ schema }) => oursOf(schema) !== null);

const typeOf = ({ answerHeaders: { 'content-type': type } }: Exchange) =>
  typeof type === 'string' ? type : '';

it('is the document that the schemas and the service make (npm run openapi)', async () => {
  expect(await readFile(openApiPath, 'utf8')).toBe(await openApiDocument(exchanges));
});

it('has the routes that are served, and no others', () => {
  expect(sorted(operations.map(nameOf))).toEqual(sorted(routeNames));
});

describe.each(byRoute)('%s', (_name, operation) => {
  const { responses } = operation.described;
  const own = exchangesOf(operation);

  it('is answered with the statuses that are documented, with each of them', () => {
    const documented = Object.entries(responses).filter(([, response]) => isOurs(response));
    expect(sorted(own.map(({ status }) => status))).toEqual(
      sorted(documented.map(([status]) => status)),
    );
  });

  it('is answered in the documented form, by type and member', () => {
    for (const exchange of own) {
      if (exchange.answerHeaders['content-encoding'] !== undefined) continue;
      const complaint = operation.complaint(exchange.status, typeOf(exchange), exchange.answer);
      expect([exchange.status, complaint]).toEqual([exchange.status, null]);
    }
  });

  it('is answered with each member and each alternative that is documented', () => {
    const missing = Object.entries(responses).flatMap(([status, { content = {} }]) => {
      const schema = oursOf(content['application/json']?.schema ?? {});
      if (schema === null) return [];
      const shape = resolved(schema);
      const told = own
        .filter((exchange) => String(exchange.status) === status)
        .flatMap(({ answer }) => partsIn(shape, answer));
      const seen = new Set(told);
      return partsOf(shape)
        .filter((part) => !seen.has(part))
        .map((part) => `${status} ${part}`);
    });
    expect(missing).toEqual([]);
  });

  it('is answered with the headers that are documented, with each of them', () => {
    for (const [status, response] of Object.entries(responses)) {
      if (!isOurs(response)) continue;
      const told = own
        .filter((exchange) => String(exchange.status) === status)
        .flatMap(({ answerHeaders }) => Object.keys(answerHeaders))
        .filter((name) => name !== 'content-type');
      const documented = Object.keys(response.headers ?? {}).map((name) => name.toLowerCase());
      expect([status, sorted(told)]).toEqual([status, sorted(documented)]);
    }
  });

  it('has an example of each answer and of its request', () => {
    const { requestBody, parameters = [] } = operation.described;
    for (const [status, { content = {} }] of Object.entries(responses)) {
      const { example } = content['application/json'] ?? { example: null };
      // A file is an example of itself.
      if (operation.path === '/openapi.json' && status === '200') continue;
      expect([status, example]).not.toEqual([status, undefined]);
    }
    if (requestBody !== undefined) {
      expect(requestBody.content['application/json']?.['example']).toBeDefined();
    }
    for (const parameter of parameters) {
      if (parameter.in === 'path') expect(parameter['example']).toBeDefined();
    }
  });
});

/** Of a list of objects, in any of its readings, what such an object is. */
const listedObject = ({ items, anyOf = [] }: Schema): Schema | undefined =>
  items?.type === 'object' ? items : anyOf.map(listedObject).find((found) => found !== undefined);

/** No field takes all of these. */
const oddities = [{}, [], [[]], 'no such choice', 7.5, 'x'.repeat(600)];
/** Names that a request might have: all documented ones of any route, and some of other APIs. */
const memberNames = sorted([
  ...operations.flatMap(({ body }) => Object.keys(body?.properties ?? {})),
  'id',
  'name',
  'users',
  'budget',
  'key_name',
  'created_at',
  'status',
]);
const parameterNames = sorted([
  ...operations.flatMap(({ parameters }) => parameters.map(({ name }) => name)),
  'limit',
  'offset',
  'filter',
  'order',
  'q',
]);
const headerNames = ['Idempotency-Key', 'litellm-changed-by', 'X-Request-Id'];

describe.each(byRoute)('%s', async (name, operation) => {
  const route = routeNames.find((each) => each === name);
  if (route === undefined) throw new Error(`${name} is served by nothing`);
  const service = await sampleService();
  const { params = {}, body: sent = {} } = samples[route](await fullKey(service));
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, param) => params[param] ?? '');
  const { required = [], properties = {} } = operation.body ?? {};
  const needed = Object.fromEntries(
    Object.entries(sent).filter(([member]) => required.includes(member)),
  );
  const documented = (place: string) =>
    operation.parameters.filter((each) => each.in === place).map((each) => each.name);

  /** What is said of a request, where it is refused for its content. */
  async function complaintAbout(more: Partial<Sent>): Promise<string> {
    const request = { method: operation.method, path, body: needed, ...more };
    const { status, body } = await service.asAdmin(request);
    return status >= 400 && status < 500 ? JSON.stringify(body.error) : '';
  }

  /** Which of the names the route knows: with a value of theirs it complains of just that. */
  async function known(
    names: readonly string[],
    sentWith: (name: string, value: unknown) => Partial<Sent>,
  ) {
    const before = await complaintAbout({});
    const found = new Set<string>();
    for (const each of names) {
      for (const value of oddities) {
        const complaint = await complaintAbout(sentWith(each, value));
        if (complaint !== before && complaint.includes(`"param":"${each}"`)) found.add(each);
      }
    }
    return sorted(found);
  }

  it('takes the members that are documented, and no others', async () => {
    const taken = await known(memberNames, (member, value) => ({
      body: { ...needed, [member]: value },
    }));
    expect(taken).toEqual(sorted(Object.keys(properties)));
  });

  it('takes the members of listed objects that are documented, and no others', async () => {
    for (const [member, schema] of Object.entries(properties)) {
      const { properties: entry = {} } = listedObject(schema) ?? {};
      const taken = new Set<string>();
      for (const each of Object.keys(entry).length === 0
        ? []
        : [...memberNames, ...Object.keys(entry)]) {
        for (const value of oddities) {
          const body = { ...needed, [member]: [{ [each]: value }] };
          const complaint = await complaintAbout({ body });
          if (complaint.includes(`${member}.0.${each}: `)) taken.add(each);
        }
      }
      expect([member, sorted(taken)]).toEqual([member, sorted(Object.keys(entry))]);
    }
  });

  it('takes the query that is documented, and no other', async () => {
    const taken = await known(parameterNames, (parameter, value) => ({
      path: `${path}?${parameter}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    }));
    expect(taken).toEqual(sorted(documented('query')));
  });

  it('takes the headers that are documented, and no others', async () => {
    const taken = await known(headerNames, (header) => ({
      headers: { [header]: 'x y'.repeat(100) },
      body: sent,
    }));
    const ofFiles = ['If-None-Match', 'Accept-Encoding'];
    expect(taken).toEqual(sorted(documented('header').filter((each) => !ofFiles.includes(each))));
  });
});

it('has no key in it that a scanner would take for a real one', async () => {
  expect(await readFile(openApiPath, 'utf8')).not.toMatch(/sk-lk_[0-9A-Za-z]+_[0-9A-Za-z]/);
});
