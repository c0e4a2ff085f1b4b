import * as z from 'zod/mini';

/**
 * What the OpenAPI document says of an operation. Each `lambdas/<operation>/contract.ts` exports one
 * under the name `contract`, or one for each of its paths, apart from the schemas that a function runs
 * with; `scripts/openapi.ts` puts them together by the list of routes.
 */
export interface Contract {
  readonly summary: string;
  readonly description: string;
  readonly query?: z.ZodMiniObject;
  readonly body?: z.ZodMiniType;
  /** Whether a request without a body is one with an empty object. */
  readonly isBodyOptional?: boolean;
  readonly answer: z.ZodMiniType;
  /** JSON unless said. */
  readonly answerTypes?: readonly string[];
  /** Headers of the answer besides those that every answer has, with what each is for. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether it answers a file, which is sent once as long as it stays the same. */
  readonly isFile?: boolean;
  /** Statuses of its errors, each with when it comes. */
  readonly errors: Readonly<Record<number, string>>;
  /** Whether it takes no credential. */
  readonly open?: boolean;
}

/**
 * A body that has at least one of two members, which name what it is about.
 *
 * @param together members that are only taken with others
 */
export const naming = (
  body: z.ZodMiniObject,
  names: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  together?: Readonly<Record<string, readonly string[]>>,
): z.ZodMiniObject =>
  z.extend(body, {}).register(z.globalRegistry, {
    anyOf: Object.entries(names).map(([name, schema]) => ({
      required: [name],
      properties: { [name]: schema },
    })),
    ...(together && { dependentRequired: together }),
  });

/** Names of several things, for `naming`. */
export const someNames = { type: 'array', minItems: 1, items: { type: 'string' } };

/** By path, of an operation that answers at several of them differently. */
export type ContractsByPath = Readonly<Record<string, Contract>>;

export const errorAnswer = z.object({
  error: z.object({
    message: z.string(),
    /** Stable code to match on. */
    type: z.string(),
    /** The field at fault, or null. */
    param: z.nullable(z.string()),
    /** The HTTP status, as text. */
    code: z.string(),
  }),
});

/** What API Gateway answers itself. */
export const gatewayAnswer = z.object({ message: z.string() });

/** A bug. */
export const internalError = {
  500: 'An error of Latchkey’s own; report it with its request id.',
};

/** Errors that every operation with a caller can answer. */
export const commonErrors = {
  ...internalError,
  401: 'No valid credential, or the key is expired, blocked or deleted.',
  403: "The caller's role or key type does not allow this.",
  503: 'A service behind the API is throttled or does not answer; retry after `Retry-After`.',
};

/** What every list can answer to what it was asked for. */
export const listErrors = {
  400: 'A choice or a range is none; the page is out of reach by number; the filter would have to look through too much; or the cursor was altered, has expired, or belongs to another list.',
  422: 'A parameter is no number, truth value or time, or out of its range.',
};

/** What a repeat with the same `Idempotency-Key` can be answered, on every route that takes one. */
export const repeatErrors = {
  400: 'The header Idempotency-Key or litellm-changed-by breaks its rule.',
  409: 'A repeat: the first request is still being worked on (retry after `Retry-After`), or its answer cannot be told again.',
};

/** The same where one request can be another than the first. */
export const otherRequest = {
  422: 'A repeat with another body under the same `Idempotency-Key`; choose a new one.',
};

/** The same where the first answer told a value. */
export const goneSince = {
  410: 'A repeat: the key that the first request gave a value has been deleted since.',
};

/** Errors of API Gateway, before a function is asked or where that does not answer. */
export const gatewayErrors = {
  429: 'API Gateway: too many requests at once; try again in a moment.',
  500: 'API Gateway: the function failed.',
  503: 'API Gateway: the function was throttled or did not answer in time.',
};

/** The same, of a request that may have a body. */
export const gatewayBodyErrors = { 413: 'API Gateway: the body has more than 10 MB.' };

/** Headers of every file that is served. */
export const fileHeaders = {
  'Cache-Control': 'A copy is kept, and asked for anew each time.',
  ETag: 'Of this file; for `If-None-Match`.',
  Vary: 'On whether it is compressed.',
  'X-Content-Type-Options': 'It is what `Content-Type` says.',
};

/** Headers of every page: what it may run, load and call. */
export const pageHeaders = {
  'Content-Security-Policy': 'What the page may run, load and call: nothing of elsewhere.',
  'Cross-Origin-Opener-Policy': 'It shares its window with no page of another origin.',
  'Referrer-Policy': 'It tells no other page where one came from.',
  'X-Frame-Options': 'It is shown in no frame.',
};

type Told = Pick<Contract, 'summary' | 'description'>;

/** A page, and the scripts and styles that it loads from below its path. */
export function pageContracts(path: string, page: Told, file: Told): ContractsByPath {
  const served = { answer: z.string(), headers: pageHeaders, isFile: true, open: true };
  return {
    [path]: { ...page, ...served, answerTypes: ['text/html'], errors: internalError },
    [`${path}/{file}`]: {
      ...file,
      ...served,
      answerTypes: ['text/javascript', 'text/css'],
      errors: { ...internalError, 404: 'The page has no such file.' },
    },
  };
}
