import { describe, expect, it } from 'vitest';
import * as errors from '../../../../lambdas/shared/domain/errors.ts';
import { errorResponse } from '../../../../lambdas/shared/http/error-response.ts';

describe('an error on the wire', () => {
  it.each<[errors.DomainError, number, string, string | null, object]>([
    [new errors.InvalidField('a', 'm'), 400, 'bad_request_error', 'a', {}],
    [new errors.MalformedRequest(null, 'm'), 422, 'validation_error', null, {}],
    [new errors.RequestTooLarge('m'), 413, 'request_too_large', null, {}],
    [new errors.Unauthenticated(), 401, 'auth_error', null, {}],
    [new errors.KeyNotUsable('expired'), 401, 'expired_key', null, {}],
    [new errors.KeyNotUsable('blocked'), 401, 'auth_error', null, {}],
    [new errors.RouteNotForRole('No.'), 401, 'auth_error', null, {}],
    [new errors.Denied('m', 'a'), 403, 'auth_error', 'a', {}],
    [new errors.KeyNotFound('key'), 404, 'not_found_error', 'key', {}],
    [new errors.NoneFound(), 404, 'bad_request_error', 'key', {}],
    [
      new errors.TooManyRequests('m', 60),
      429,
      'rate_limit_exceeded',
      null,
      { 'retry-after': '60' },
    ],
    [new errors.RouteNotFound(), 404, 'not_found_error', null, {}],
    [
      new errors.MethodNotAllowed(['GET', 'POST']),
      405,
      'method_not_allowed',
      null,
      { allow: 'GET, POST' },
    ],
    [new errors.Conflict('a', 'm', 5), 409, 'conflict', 'a', { 'retry-after': '5' }],
    [new errors.Conflict(null, 'm', null), 409, 'conflict', null, {}],
    [new errors.Unavailable('m', 2), 503, 'service_unavailable', null, { 'retry-after': '2' }],
  ])('%o', (error, status, type, param, headers) => {
    const answer = errorResponse(error, 'r');
    expect(answer).toEqual({
      status,
      headers,
      body: { error: { message: error.message, type, param, code: String(status) } },
    });
  });

  it.each([new Error('detail'), new TypeError('detail'), 'detail', null, undefined])(
    'that is not of the domain shows nothing of itself: %o',
    (thrown) => {
      const answer = errorResponse(thrown, 'r-7');
      expect(answer.status).toBe(500);
      expect(JSON.stringify(answer)).toContain('r-7');
      expect(JSON.stringify(answer)).not.toContain('detail');
    },
  );

  it('never shows the cause', () => {
    const answer = errorResponse(new errors.Unavailable('m', 2, new Error('detail')), 'r');
    expect(JSON.stringify(answer)).not.toContain('detail');
  });
});
