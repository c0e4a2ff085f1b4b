/**
 * Requests to the whole service over the strict fakes, which bring about every status and every field that
 * it answers: each situation is tried on every route, whatever the OpenAPI document says of it. The
 * document's examples are taken from them, and the drift test holds the document to what was answered.
 */
import { showConsole } from '../../lambdas/show-console/handler.ts';
import { showOpenApi } from '../../lambdas/show-openapi/handler.ts';
import { showReference } from '../../lambdas/show-reference/handler.ts';
import { gatewayEvent, lambdaContext } from '../fakes/gateway-event.ts';
import { masterKey } from '../fakes/service.ts';
import {
  fullKey,
  type RouteName,
  routeNames,
  type Sample,
  type SampleService,
  sampleService,
  samples,
} from './samples.ts';
import type { Exchange, Scene, Sent } from './scene.ts';
import { everywhere, onSingleRoutes, succeed } from './situations.ts';

/** All exchanges, those of a route in the order of its situations. */
export async function allExchanges(): Promise<readonly Exchange[]> {
  const noted: Exchange[] = [];
  for (const route of routeNames) {
    for (const situation of [succeed, ...(onSingleRoutes[route] ?? []), ...everywhere]) {
      const service = await sampleService();
      const names = await fullKey(service);
      const sampleOf = samples[route];
      const send: Scene['send'] = async (sample, sent) => {
        const exchange = await exchanged(service, route, sample, sent);
        noted.push(exchange);
        return exchange;
      };
      await situation({ service, names, sample: sampleOf(names), sampleOf, send });
    }
  }
  return [...noted, ...(await exchangesWithoutFiles())];
}

async function exchanged(
  service: SampleService,
  route: RouteName,
  sample: Sample,
  { key = masterKey, text, seen }: Sent = {},
): Promise<Exchange> {
  const [method = ''] = route.split(' ');
  const { params = {}, query = {}, headers = {}, body } = sample;
  const path = pathOf(route, params);
  const search = new URLSearchParams(query).toString();
  const request = {
    method,
    path: search === '' ? path : `${path}?${search}`,
    headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
    body: text ?? body,
  };
  const answer = await (seen === undefined
    ? service.send(request)
    : service.sendThrough(seen, request));
  return {
    route,
    ...sample,
    status: answer.status,
    answerHeaders: answer.headers,
    answer: answer.body,
  };
}

const pathOf = (route: RouteName, params: Readonly<Record<string, string>>): string =>
  route
    .slice(route.indexOf('/'))
    .replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? ''));

const unreadable = (): never => {
  throw new TypeError('A bug');
};

/** A page is about no key. */
const none = { key: '', token: '', key_id: '', alias: '', claim: '' };

/** Functions whose files cannot be read. */
const withoutFiles = [
  ['GET /openapi.json', showOpenApi(unreadable)],
  ['GET /docs', showReference(unreadable)],
  ['GET /docs/{file}', showReference(unreadable)],
  ['GET /ui', showConsole(unreadable)],
  ['GET /ui/{file}', showConsole(unreadable)],
] as const;

async function exchangesWithoutFiles(): Promise<readonly Exchange[]> {
  return Promise.all(
    withoutFiles.map(async ([route, handler]) => {
      const { params = {} } = samples[route](none);
      const answer = await handler(
        gatewayEvent({
          method: 'GET',
          target: pathOf(route, params),
          headers: [],
          body: Buffer.from(''),
          sourceIp: '192.0.2.1',
          requestId: 'request-1',
          at: new Date(0),
        }),
        lambdaContext,
      );
      return {
        route,
        params,
        status: answer.statusCode ?? 0,
        answerHeaders: answer.headers ?? {},
        answer: JSON.parse(answer.body ?? ''),
      };
    }),
  );
}
