/** What an operation answers: its own answers, and those of API Gateway in front of it. */
import {
  type Contract,
  fileHeaders,
  gatewayBodyErrors,
  gatewayErrors,
  otherRequest,
  repeatErrors,
} from '../../lambdas/shared/http/contract.ts';
import type { Examples } from './examples.ts';
import { jsonSchema } from './json-schema.ts';

interface Described {
  readonly contract: Contract;
  readonly method: string;
  readonly path: string;
  readonly takesIdempotencyKey: boolean;
}

type Errors = Readonly<Record<number, string>>;

/** Headers of the service's own answers, whatever the operation. */
export const headerComponents = {
  'X-Request-Id': {
    description: 'Of the request, as in the logs and in the audit trail.',
    schema: { type: 'string' },
  },
  'Retry-After': {
    description: 'Seconds; there where the same request may succeed later.',
    schema: { type: 'integer' },
  },
};

export function responsesOf(described: Described, examples: Examples) {
  const { contract } = described;
  return {
    200: {
      description: 'Done.',
      headers: headersOf({
        ...contract.headers,
        ...(contract.isFile === true ? { ...fileHeaders, ...encoding } : {}),
      }),
      content: answerContent(contract, examples),
    },
    ...(contract.isFile === true
      ? {
          304: {
            description: 'The copy that one has is the latest.',
            headers: headersOf({ ...contract.headers, ...fileHeaders }),
          },
        }
      : {}),
    ...errorResponses(described, examples),
  };
}

const encoding = { 'Content-Encoding': '`gzip` where it is compressed.' };

const component = (name: keyof typeof headerComponents) => ({
  [name]: { $ref: `#/components/headers/${name}` },
});

const headersOf = (meanings: Readonly<Record<string, string>>) => ({
  ...component('X-Request-Id'),
  ...Object.fromEntries(
    Object.entries(meanings).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ]),
  ),
});

function answerContent(
  { answer, answerTypes = ['application/json'], isFile }: Contract,
  examples: Examples,
) {
  const schema = jsonSchema(answer, 'output');
  // A file or a page is an example of itself.
  const isExample = isFile !== true && answerTypes.includes('application/json');
  const described = { schema, ...(isExample ? examples.answer(200) : {}) };
  return Object.fromEntries(answerTypes.map((type) => [type, described]));
}

/** One answer per status; what it means in several lists is said one after the other. */
function errorResponses(
  { contract, method, path, takesIdempotencyKey }: Described,
  examples: Examples,
) {
  const isDistinct = contract.body !== undefined || path.includes('{');
  const own: readonly Errors[] = [
    contract.errors,
    ...(takesIdempotencyKey ? [repeatErrors] : []),
    ...(takesIdempotencyKey && isDistinct ? [otherRequest] : []),
  ];
  const gateway: readonly Errors[] = [
    gatewayErrors,
    ...(method === 'GET' ? [] : [gatewayBodyErrors]),
  ];
  const statuses = new Set(
    [...own, ...gateway].flatMap((errors) => Object.keys(errors).map(Number)),
  );
  return Object.fromEntries(
    [...statuses].map((status) => {
      const meanings = (lists: readonly Errors[]) =>
        lists.flatMap((errors) => errors[status] ?? []);
      const ours = meanings(own);
      const theirs = meanings(gateway);
      const schemas = [
        ...(ours.length > 0 ? [{ $ref: '#/components/schemas/Error' }] : []),
        ...(theirs.length > 0 ? [{ $ref: '#/components/schemas/GatewayError' }] : []),
      ];
      const [only] = schemas;
      const isRetried = [409, 429, 503].includes(status);
      return [
        status,
        {
          description: [...ours, ...theirs].join(' '),
          ...(ours.length > 0
            ? {
                headers: {
                  ...component('X-Request-Id'),
                  ...(isRetried ? component('Retry-After') : {}),
                },
              }
            : {}),
          content: {
            'application/json': {
              schema: schemas.length === 1 ? only : { anyOf: schemas },
              ...(ours.length > 0 ? examples.answer(status) : { example: fromGateway[status] }),
            },
          },
        },
      ];
    }),
  );
}

const fromGateway: Readonly<Record<number, object>> = {
  413: { message: 'Request Entity Too Large' },
  429: { message: 'Too Many Requests' },
  500: { message: 'Internal Server Error' },
  503: { message: 'Service Unavailable' },
};
