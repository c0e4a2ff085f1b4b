import { DomainError, type ErrorKind, MethodNotAllowed } from '../domain/errors.ts';
import type { Answer } from './answer.ts';

const statuses: Record<ErrorKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  denied: 403,
  missing: 404,
  'method-not-allowed': 405,
  conflict: 409,
  gone: 410,
  'too-large': 413,
  malformed: 422,
  'too-many': 429,
  unavailable: 503,
};

/**
 * The one error shape: `{"error": {message, type, param, code}}`, `code` the status as text. An
 * error that is not of the domain is a bug: its text stays in the log, the caller gets the request
 * id to ask with.
 */
export function errorResponse(error: unknown, requestId: string): Answer {
  if (!(error instanceof DomainError)) {
    return answerOf(500, 'internal_server_error', null, `Internal error, request id ${requestId}.`);
  }
  const { retryAfterSeconds, param, type, message } = error;
  const answer = answerOf(statuses[error.kind], type, param, message);
  return {
    ...answer,
    headers: {
      ...(retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...(error instanceof MethodNotAllowed ? { allow: error.allowed.join(', ') } : {}),
    },
  };
}

const answerOf = (status: number, type: string, param: string | null, message: string): Answer => ({
  status,
  body: { error: { message, type, param, code: String(status) } },
});
