/**
 * Every route of the API and the operation (the folder under `lambdas/`) that answers it: the
 * one list behind the API Gateway routes, the 404/405 of unknown ones, and the OpenAPI document.
 */
export const routes = [
  { method: 'POST', path: '/key/generate', operation: 'generate-key' },
  { method: 'GET', path: '/key/info', operation: 'show-key-info' },
  { method: 'GET', path: '/health/liveliness', operation: 'check-liveness' },
  { method: 'GET', path: '/health/liveness', operation: 'check-liveness' },
] as const;

/** Answers whatever no route matches, with our error shape. */
export const fallbackOperation = 'refuse-unknown-route';
