/**
 * `npm run openapi`: writes docs/openapi.json from the list of routes and the schemas that validate
 * requests. A route joins by being written; a test fails when the document is out of date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { type Contract, errorAnswer } from '../lambdas/shared/http/contract.ts';
import { routes } from '../lambdas/shared/http/routes.ts';

export const openApiPath = 'docs/openapi.json';

/** The document as text. Throws when an operation has no `contract` in its schema.ts. */
export async function openApiDocument(): Promise<string> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path, operation } of routes) {
    const contract = await contractOf(operation);
    paths[path] = { ...paths[path], [method.toLowerCase()]: pathItem(operation, path, contract) };
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

async function contractOf(operation: string): Promise<Contract> {
  const module: { contract?: Contract } = await import(`../lambdas/${operation}/schema.ts`);
  if (module.contract === undefined)
    throw new Error(`lambdas/${operation}/schema.ts has no contract`);
  return module.contract;
}

function pathItem(operation: string, path: string, contract: Contract) {
  const { summary, description, query, body, answer, errors, open } = contract;
  return {
    operationId: operation + path.replaceAll('/', '-').replaceAll(/[{}]/g, ''),
    summary,
    description,
    security: open === true ? [] : [bearer.id, ...headers].map((id) => ({ [id]: [] })),
    ...(query === undefined ? {} : { parameters: parametersOf(query) }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: json(jsonSchema(body, 'input')) } }),
    responses: {
      200: { description: 'Done.', content: json(jsonSchema(answer, 'output')) },
      ...Object.fromEntries(
        Object.entries(errors).map(([status, when]) => [
          status,
          { description: when, content: json({ $ref: '#/components/schemas/Error' }) },
        ]),
      ),
    },
  };
}

const parametersOf = (query: z.ZodMiniObject) =>
  Object.entries(query.shape).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema: jsonSchema(schema, 'input'),
  }));

const json = (schema: unknown) => ({ 'application/json': { schema } });

function jsonSchema(schema: z.core.$ZodType, io: 'input' | 'output') {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

if (import.meta.main) await writeFile(openApiPath, await openApiDocument());
