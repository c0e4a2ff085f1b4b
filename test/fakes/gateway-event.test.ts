import { expect, it } from 'vitest';
import { type GatewayRequest, gatewayEvent } from './gateway-event.ts';

const eventOf = (changes: Partial<GatewayRequest>) =>
  gatewayEvent({
    method: 'POST',
    target: '/key/generate',
    headers: [],
    body: Buffer.alloc(0),
    sourceIp: '127.0.0.1',
    requestId: 'id',
    at: new Date('2026-11-05T13:50:00.000Z'),
    ...changes,
  });

it('names the route that took it, and $default where none did', () => {
  expect(eventOf({}).routeKey).toBe('POST /key/generate');
  expect(eventOf({ target: '/key/generate?x=1' }).routeKey).toBe('POST /key/generate');
  expect(eventOf({ method: 'GET' }).routeKey).toBe('$default');
  expect(eventOf({ target: '//key/generate' }).routeKey).toBe('$default');
});

it('keeps the query as it was sent, a second question mark included', () => {
  const event = eventOf({ target: '/a?x=%2541&x=2&y=%20a+b?c' });
  expect(event.rawQueryString).toBe('x=%2541&x=2&y=%20a+b?c');
  expect(event.queryStringParameters).toEqual({ x: '%41,2', y: ' a b?c' });
  expect('queryStringParameters' in eventOf({})).toBe(false);
});

// The same as test/scripts/local-environment.test.ts sees on the local AWS.
it('decodes a path once, percent signs not at all', () => {
  expect(eventOf({ target: '/a%25b/c%20d' }).rawPath).toBe('/a%25b/c d');
  expect(eventOf({ target: '/%D0%BA%252e%zz' }).rawPath).toBe('/к%252e%zz');
});

it('has header names in lower case, repeated ones joined, and cookies apart', () => {
  const event = eventOf({
    headers: [
      ['X-Twice', '1'],
      ['Authorization', 'Bearer a'],
      ['x-twice', '2'],
      ['authorization', 'Bearer b'],
      ['Cookie', 'a=1; b=2'],
    ],
  });
  expect(event.headers).toEqual({ 'x-twice': '1,2', authorization: 'Bearer a,Bearer b' });
  expect(event.cookies).toEqual(['a=1', 'b=2']);
});

it.each([
  ['application/json', true],
  ['Application/JSON; charset=utf-8', true],
  ['text/plain', true],
  ['application/jsonp', false],
  ['application/merge-patch+json', false],
  ['application/x-www-form-urlencoded', false],
  ['', false],
])('passes a body of type "%s" on as text: %s', (type, isText) => {
  const { body, isBase64Encoded } = eventOf({
    headers: [['Content-Type', type]],
    body: Buffer.from('{"ключ":1}'),
  });
  expect(isBase64Encoded).toBe(!isText);
  expect(body).toBe(isText ? '{"ключ":1}' : Buffer.from('{"ключ":1}').toString('base64'));
});

it('has no body where none was sent', () => {
  expect('body' in eventOf({})).toBe(false);
});

it('tells who sent it, and when', () => {
  const { requestContext } = eventOf({ headers: [['User-Agent', 'curl']] });
  expect(requestContext).toMatchObject({
    requestId: 'id',
    http: { method: 'POST', path: '/key/generate', sourceIp: '127.0.0.1', userAgent: 'curl' },
    time: '05/Nov/2026:13:50:00 +0000',
    timeEpoch: Date.parse('2026-11-05T13:50:00.000Z'),
  });
});
