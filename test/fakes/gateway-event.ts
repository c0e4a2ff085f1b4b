/** API Gateway's HTTP API in front of the functions: the one place that makes its events. */
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { paramsOf, routes } from '../../lambdas/shared/http/routes.ts';

/** A request as it comes from the wire. */
export interface GatewayRequest {
  readonly method: string;
  /** Path and query exactly as they were sent. */
  readonly target: string;
  /** In the order they were sent; a name may be there more than once. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly sourceIp: string;
  readonly requestId: string;
  readonly at: Date;
}

/**
 * The event of payload format 2.0 that API Gateway makes of a request.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function gatewayEvent(request: GatewayRequest): APIGatewayProxyEventV2 {
  const { method, target, sourceIp, requestId, at } = request;
  const [rawPath, rawQueryString] = splitTarget(target);
  const headers = joined(request.headers);
  const cookies = request.headers.filter(isCookie).flatMap(([, value]) => value.split(/; */));
  const query = joined([...new URLSearchParams(rawQueryString)]);
  const { routeKey, params } = routeOf(method, rawPath);
  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    ...(cookies.length === 0 ? {} : { cookies }),
    headers,
    ...(rawQueryString === '' ? {} : { queryStringParameters: query }),
    ...(Object.keys(params).length === 0 ? {} : { pathParameters: params }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: headers['host'] ?? 'localhost',
      domainPrefix: 'local',
      http: {
        method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey,
      stage: '$default',
      time: clfTime(at),
      timeEpoch: at.getTime(),
    },
    ...bodyOf(request.body, headers['content-type'] ?? ''),
  };
}

function splitTarget(target: string): [rawPath: string, rawQueryString: string] {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  return [decoded(path), mark === -1 ? '' : target.slice(mark + 1)];
}

/** All escapes of a path are decoded but that of the percent sign, so nothing is ever decoded twice. */
const decoded = (path: string): string =>
  path.replaceAll(/(?:%(?!25)[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  );

/** By name in lower case, several values joined by commas. Cookies have a member of their own. */
function joined(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const values = new Map<string, string>();
  for (const [given, value] of pairs.filter((pair) => !isCookie(pair))) {
    const name = given.toLowerCase();
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(values);
}

const isCookie = ([name]: readonly [string, string]): boolean => name.toLowerCase() === 'cookie';

/** A route without parameters goes before one with. */
function routeOf(method: string, rawPath: string) {
  const matching = routes
    .filter((route) => route.method === method)
    .map(({ path }) => ({ routeKey: `${method} ${path}`, params: paramsOf(path, rawPath) }))
    .flatMap(({ routeKey, params }) => (params === null ? [] : [{ routeKey, params }]))
    .sort((left, right) => Object.keys(left.params).length - Object.keys(right.params).length);
  return matching[0] ?? { routeKey: '$default', params: {} };
}

/** What API Gateway passes on as text; all else, also a body without a type, comes in base64. */
const textTypes = /^\s*(text\/[^;]*|application\/(json|xml|javascript))\s*(;|$)/i;

function bodyOf(body: Buffer, type: string): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const isText = textTypes.test(type);
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}

/** As in a web server's log: `25/Nov/2026:13:50:00 +0000`. */
function clfTime(at: Date): string {
  const [, day, month, year, time] = at.toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}

/** What Lambda tells a function about its invocation. */
export const lambdaContext: Context = {
  callbackWaitsForEmptyEventLoop: false,
  functionName: 'test',
  functionVersion: '1',
  invokedFunctionArn: 'arn',
  memoryLimitInMB: '512',
  awsRequestId: 'request-1',
  logGroupName: '',
  logStreamName: '',
  getRemainingTimeInMillis: () => 20_000,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
};
