import * as z from 'zod/mini';

/**
 * What the OpenAPI document says of an operation. Each `lambdas/<operation>/contract.ts` exports one
 * under the name `contract`, apart from the schemas that a function runs with; `scripts/openapi.ts` puts them together by the list of routes.
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
  readonly answerType?: string;
  /** Statuses of its errors, each with when it comes. */
  readonly errors: Readonly<Record<number, string>>;
  /** Whether it takes no credential. */
  readonly open?: boolean;
}

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

/** Errors that every operation with a caller can answer. */
export const commonErrors = {
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
  410: 'A repeat: what the first request made has been deleted since.',
  422: 'A repeat with another body under the same `Idempotency-Key`; choose a new one.',
};
