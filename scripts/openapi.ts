/**
 * `npm run openapi`: writes docs/openapi.json from the list of routes and the schemas that validate
 * requests. A route joins by being written; a test fails when the document is out of date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import type { Route } from '../lambdas/shared/http/api.ts';
import { type Contract, errorAnswer, repeatErrors } from '../lambdas/shared/http/contract.ts';
import { routes } from '../lambdas/shared/http/routes.ts';

export const openApiPath = 'docs/openapi.json';

/**
 * The document as text. Throws when an operation has no `contract` in its contract.ts, or asks for a
 * credential and has no `route` in its handler.ts.
 */
export async function openApiDocument(): Promise<string> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path, operation } of routes) {
    const served = await servedBy(operation);
    paths[path] = { ...paths[path], [method.toLowerCase()]: pathItem(operation, path, served) };
  }
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version,
      description: "Virtual API keys for LLM gateways, over LiteLLM's key-management API.",
    },
    paths,
    components: {
      schemas: { Error: jsonSchema(errorAnswer, 'output') },
      securitySchemes: Object.fromEntries(
        [bearer, ...headers.map(headerScheme)].map(({ id, scheme }) => [id, scheme]),
      ),
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

const bearer = { id: 'bearer', scheme: { type: 'http', scheme: 'bearer' } };
/** The other headers a key may come in. */
const headers = [
  'x-litellm-api-key',
  'api-key',
  'x-api-key',
  'x-goog-api-key',
  'ocp-apim-subscription-key',
];
const headerScheme = (name: string) => ({
  id: name,
  scheme: { type: 'apiKey', in: 'header', name },
});

interface Served {
  readonly contract: Contract;
  /** As the handler itself has it, so that no route can be documented otherwise than it runs. */
  readonly takesIdempotencyKey: boolean;
}

async function servedBy(operation: string): Promise<Served> {
  const folder = `../lambdas/${operation}`;
  const { contract }: { contract?: Contract } = await import(`${folder}/contract.ts`);
  if (contract === undefined) throw new Error(`lambdas/${operation}/contract.ts has none`);
  if (contract.open === true) return { contract, takesIdempotencyKey: false };
  const { route }: { route?: Pick<Route<unknown>, 'takesIdempotencyKey'> } = await import(
    `${folder}/handler.ts`
  );
  if (route === undefined) throw new Error(`lambdas/${operation}/handler.ts exports no route`);
  return { contract, takesIdempotencyKey: route.takesIdempotencyKey };
}

function pathItem(operation: string, path: string, { contract, takesIdempotencyKey }: Served) {
  const { summary, description, query, body, isBodyOptional, errors, open } = contract;
  const parameters = [
    ...pathParameters(path),
    ...(query === undefined ? [] : parametersOf(query)),
    ...(takesIdempotencyKey ? changeHeaders : []),
  ];
  return {
    operationId: operation + path.replaceAll('/', '-').replaceAll(/[{}]/g, ''),
    tags: [tagOf(path)],
    summary,
    description,
    security: open === true ? [] : [bearer.id, ...headers].map((id) => ({ [id]: [] })),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: isBodyOptional !== true,
            content: json(jsonSchema(body, 'input')),
          },
        }),
    responses: {
      200: { description: 'Done.', content: answerContent(contract) },
      ...errorResponses(takesIdempotencyKey ? [errors, repeatErrors] : [errors]),
    },
  };
}

/** What a reader looks for it under. */
function tagOf(path: string): string {
  if (path.includes('claim')) return 'Claim links';
  if (/^\/(v2\/)?key\//.test(path)) return 'Keys';
  if (path.startsWith('/audit')) return 'Audit';
  return path.startsWith('/email/') ? 'Mails' : 'Service';
}

/** One answer per status; what it means in several lists is said one after the other. */
function errorResponses(lists: readonly Contract['errors'][]) {
  const meanings: Record<string, string> = {};
  for (const [status, when] of lists.flatMap((errors) => Object.entries(errors))) {
    meanings[status] = meanings[status] === undefined ? when : `${meanings[status]} ${when}`;
  }
  return Object.fromEntries(
    Object.entries(meanings).map(([status, description]) => [
      status,
      {
        description,
        ...(['409', '429', '503'].includes(status)
          ? { headers: { 'Retry-After': retryAfter } }
          : {}),
        content: json({ $ref: '#/components/schemas/Error' }),
      },
    ]),
  );
}

const retryAfter = {
  description: 'Seconds; there where the same request may succeed later.',
  schema: { type: 'integer' },
};

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

const answerContent = ({ answer, answerType = 'application/json' }: Contract) => ({
  [answerType]: { schema: jsonSchema(answer, 'output') },
});

const json = (schema: unknown) => ({ 'application/json': { schema } });

function jsonSchema(schema: z.core.$ZodType, io: 'input' | 'output') {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

if (import.meta.main) await writeFile(openApiPath, await openApiDocument());
