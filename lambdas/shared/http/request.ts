import type { APIGatewayProxyEventV2 } from 'aws-lambda';

/** A request as the operations see it, whatever stands in front of the function. */
export interface Request {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** The route that matched, with the names of its parameters: `/key/{key}/regenerate`. */
  readonly route: string;
  /** Parameters in the path, decoded. */
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly sourceIp: string | null;
}

export const requestOf = (event: APIGatewayProxyEventV2): Request => ({
  id: event.requestContext.requestId,
  method: event.requestContext.http.method,
  path: event.rawPath,
  // Not the path: that of a custom domain may begin with a prefix, and a parameter may be anything.
  route: event.routeKey.split(' ')[1] ?? '',
  params: paramsOf(event),
  query: new URLSearchParams(event.rawQueryString),
  headers: Object.fromEntries(
    Object.entries(event.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), value]],
    ),
  ),
  body: bodyOf(event),
  sourceIp: event.requestContext.http.sourceIp,
});

/** API Gateway decodes every escape but that of the percent sign. The local one has null for none. */
const paramsOf = ({ pathParameters }: APIGatewayProxyEventV2): Request['params'] =>
  Object.fromEntries(
    Object.entries(pathParameters ?? {}).map(([name, value]) => [
      name,
      value?.replaceAll('%25', '%'),
    ]),
  );

function bodyOf({ body, isBase64Encoded }: APIGatewayProxyEventV2): string | null {
  if (body === undefined || body === '') return null;
  return isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body;
}
