/**
 * Every route of the API and the operation (the folder under `lambdas/`) that answers it: the
 * one list behind the API Gateway routes, the 404/405 of unknown ones, and the OpenAPI document.
 * `{name}` in a path stands for one segment.
 */
export const routes = [
  { method: 'POST', path: '/key/generate', operation: 'generate-key' },
  { method: 'POST', path: '/key/service-account/generate', operation: 'generate-key' },
  { method: 'GET', path: '/key/info', operation: 'show-key-info' },
  { method: 'POST', path: '/key/verify', operation: 'verify-key' },
  { method: 'POST', path: '/key/health', operation: 'check-key' },
  { method: 'POST', path: '/key/bulk_update', operation: 'update-keys' },
  { method: 'POST', path: '/v2/key/info', operation: 'show-keys' },
  { method: 'GET', path: '/key/list', operation: 'list-keys' },
  { method: 'GET', path: '/key/aliases', operation: 'list-aliases' },
  { method: 'GET', path: '/audit', operation: 'list-audit-records' },
  { method: 'GET', path: '/audit/{id}', operation: 'show-audit-record' },
  { method: 'POST', path: '/key/update', operation: 'update-key' },
  { method: 'POST', path: '/key/delete', operation: 'delete-key' },
  { method: 'POST', path: '/key/block', operation: 'block-key' },
  { method: 'POST', path: '/key/unblock', operation: 'block-key' },
  { method: 'POST', path: '/key/regenerate', operation: 'regenerate-key' },
  { method: 'POST', path: '/key/{key}/regenerate', operation: 'regenerate-key' },
  { method: 'POST', path: '/key/{key}/reset_spend', operation: 'reset-spend' },
  { method: 'POST', path: '/key/{key}/claim-link', operation: 'request-claim-link' },
  { method: 'POST', path: '/key/claim', operation: 'claim-key' },
  { method: 'GET', path: '/claim', operation: 'show-claim-page' },
  { method: 'GET', path: '/email/event_settings', operation: 'show-mail-settings' },
  { method: 'PATCH', path: '/email/event_settings', operation: 'change-mail-settings' },
  { method: 'POST', path: '/email/event_settings/reset', operation: 'change-mail-settings' },
  { method: 'GET', path: '/openapi.json', operation: 'show-openapi' },
  { method: 'GET', path: '/docs', operation: 'show-reference' },
  { method: 'GET', path: '/docs/{file}', operation: 'show-reference' },
  { method: 'GET', path: '/ui', operation: 'show-console' },
  { method: 'GET', path: '/ui/{file}', operation: 'show-console' },
  { method: 'GET', path: '/health/liveliness', operation: 'check-liveness' },
  { method: 'GET', path: '/health/liveness', operation: 'check-liveness' },
] as const;

/** Answers whatever no route matches, with our error shape. */
export const fallbackOperation = 'refuse-unknown-route';

/** The parameters of a path, or null where it is none of the template's. */
export function paramsOf(template: string, path: string): Record<string, string> | null {
  const pattern = template.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return new RegExp(`^${pattern}$`).exec(path)?.groups ?? (template === path ? {} : null);
}
