/**
 * `npm run openapi`: writes docs/openapi.json from the list of routes, the schemas that validate
 * requests, and examples that the service itself has answered. A route joins by being written; a test
 * fails when the document is out of date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type * as z from 'zod/mini';
import type { Route } from '../lambdas/shared/http/api.ts';
import {
  type Contract,
  type ContractsByPath,
  errorAnswer,
  gatewayAnswer,
} from '../lambdas/shared/http/contract.ts';
import { bareHeaders } from '../lambdas/shared/http/presented-key.ts';
import { routes } from '../lambdas/shared/http/routes.ts';
import { allExchanges } from '../test/openapi/exchanges.ts';
import type { Exchange } from '../test/openapi/scene.ts';
import { type Examples, examplesOf } from './openapi/examples.ts';
import { jsonSchema } from './openapi/json-schema.ts';
import { headerComponents, responsesOf } from './openapi/responses.ts';

export const openApiPath = 'docs/openapi.json';

/**
 * The document as text, with examples from the exchanges. Throws when an operation has no `contract` in
 * its contract.ts, or asks for a credential and has no `route` in its handler.ts.
 */
export async function openApiDocument(exchanges: readonly Exchange[]): Promise<string> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path, operation } of routes) {
    const served = await servedBy(operation, path);
    const examples = examplesOf(`${method} ${path}`, exchanges);
    const item = pathItem({ operation, method, path }, served, examples);
    paths[path] = { ...paths[path], [method.toLowerCase()]: item };
  }
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version,
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The service that this description comes from.' }],
    tags,
    paths,
    components: {
      schemas: {
        Error: jsonSchema(errorAnswer, 'output'),
        GatewayError: jsonSchema(gatewayAnswer, 'output'),
      },
      headers: headerComponents,
      securitySchemes: Object.fromEntries(
        [bearer, ...headers.map(headerScheme)].map(({ id, scheme }) => [id, scheme]),
      ),
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

const bearer = { id: 'bearer', scheme: { type: 'http', scheme: 'bearer' } };
/** The other headers a key may come in. */
const headers = ['x-litellm-api-key', ...bareHeaders];
const headerScheme = (name: string) => ({
  id: name,
  scheme: { type: 'apiKey', in: 'header', name },
});

interface Served {
  readonly contract: Contract;
  /** As the handler itself has it, so that no route can be documented otherwise than it runs. */
  readonly takesIdempotencyKey: boolean;
}

async function servedBy(operation: string, path: string): Promise<Served> {
  const folder = `../lambdas/${operation}`;
  const { contract: given }: { contract?: Contract | ContractsByPath } = await import(
    `${folder}/contract.ts`
  );
  const contract = isOne(given) ? given : given?.[path];
  if (contract === undefined) throw new Error(`lambdas/${operation}/contract.ts has none`);
  if (contract.open === true) return { contract, takesIdempotencyKey: false };
  const { route }: { route?: Pick<Route<unknown>, 'takesIdempotencyKey'> } = await import(
    `${folder}/handler.ts`
  );
  if (route === undefined) throw new Error(`lambdas/${operation}/handler.ts exports no route`);
  return { contract, takesIdempotencyKey: route.takesIdempotencyKey };
}

const isOne = (given: Contract | ContractsByPath | undefined): given is Contract =>
  given !== undefined && 'summary' in given;

interface Named {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
}

function pathItem(
  { operation, method, path }: Named,
  { contract, takesIdempotencyKey }: Served,
  examples: Examples,
) {
  const { summary, description: text, query, body, isBodyOptional, isFile, open } = contract;
  const parameters = [
    ...pathParameters(path),
    ...(query === undefined ? [] : parametersOf(query)),
    ...(takesIdempotencyKey ? changeHeaders : []),
    ...(isFile === true ? fileRequestHeaders : []),
  ].map((parameter) => withExample(parameter, examples));
  return {
    operationId: operation + path.replaceAll('/', '-').replaceAll(/[{}]/g, ''),
    tags: [tagOf(path)],
    summary,
    description: text,
    security: open === true ? [] : [bearer.id, ...headers].map((id) => ({ [id]: [] })),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: isBodyOptional !== true,
            content: {
              'application/json': { schema: jsonSchema(body, 'input'), ...examples.body },
            },
          },
        }),
    responses: responsesOf({ contract, method, path, takesIdempotencyKey }, examples),
  };
}

interface Parameter {
  readonly name: string | undefined;
  readonly required: boolean;
  readonly schema: object;
}

/** The reference fills a parameter's own example in, so that one that may be left out has it in its schema. */
function withExample(parameter: Parameter, examples: Examples) {
  const { name = '', required, schema } = parameter;
  const example = examples.parameter(name, 'type' in schema && schema.type);
  if (example === undefined) return parameter;
  return required
    ? { ...parameter, example }
    : { ...parameter, schema: { ...schema, examples: [example] } };
}

const description = `Virtual API keys for LLM gateways, over LiteLLM's key-management API.

Requests and answers are JSON. Each answer of Latchkey has an \`x-request-id\`, each of API Gateway in front of it an \`apigw-requestid\`. A path that is none is a 404, a method that a path does not take a 405 with \`Allow\`, a path with a slash too many a 307. Examples were answered by the service; \`sk-lk_<key id>_<secret>_<checksum>\` stands for the value of a key.`;

const tags = [
  { name: 'Keys', description: 'Virtual keys: make, find, check, change, rotate and end them.' },
  { name: 'Audit', description: 'Who changed which key, and when.' },
  { name: 'Mails', description: 'Which mails are sent.' },
  { name: 'Claim links', description: 'Links in mails, each of which shows a key once.' },
  { name: 'Service', description: 'Pages, this description, and whether the service is there.' },
];

/** What a reader looks for it under. */
function tagOf(path: string): string {
  if (path.includes('claim')) return 'Claim links';
  if (/^\/(v2\/)?key\//.test(path)) return 'Keys';
  if (path.startsWith('/audit')) return 'Audit';
  return path.startsWith('/email/') ? 'Mails' : 'Service';
}

/** Headers of every route that changes something. */
const changeHeaders = [
  {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'Makes a repeat safe: for 24 hours the same caller gets the first answer to the same request again. Printable ASCII without spaces, and no key.',
    schema: { type: 'string', pattern: '^[!-~]{1,255}$' },
  },
  {
    name: 'litellm-changed-by',
    in: 'header',
    required: false,
    description:
      'Who is recorded for the change. Heeded from proxy admins and from keys whose metadata allows it, ignored from others.',
    schema: { type: 'string', maxLength: 256 },
  },
];

const parametersOf = (query: z.ZodMiniObject) =>
  Object.entries(query.shape).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: jsonSchema(schema, 'input'),
  }));

const pathParameters = (path: string) =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));

/** Of every file that is served. */
const fileRequestHeaders = [
  {
    name: 'If-None-Match',
    in: 'header',
    required: false,
    description: 'The `ETag` of the copy that one has.',
    schema: { type: 'string' },
  },
  {
    name: 'Accept-Encoding',
    in: 'header',
    required: false,
    description: 'With `gzip` the file comes compressed.',
    schema: { type: 'string' },
  },
];

if (import.meta.main) {
  const write = process.stdout.write.bind(process.stdout);
  // The functions write a line per request.
  process.stdout.write = () => true;
  const exchanges = await allExchanges();
  process.stdout.write = write;
  await writeFile(openApiPath, await openApiDocument(exchanges));
}
