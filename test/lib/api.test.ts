import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { fallbackOperation, routes } from '../../lambdas/shared/http/routes.ts';
import { plain, resourcesOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const template = templateOf(sample.prod);

describe('access log', () => {
  const [stage] = Object.values(resourcesOf(template, 'AWS::ApiGatewayV2::Stage'));
  const format = JSON.stringify(stage?.Properties['AccessLogSettings']);

  it('has exactly five fields', () => {
    const text = /"Format":"(.*)"/.exec(format)?.[1]?.replaceAll('\\"', '"') ?? '';
    expect(JSON.parse(text)).toEqual({
      requestId: '$context.requestId',
      routeKey: '$context.routeKey',
      status: '$context.status',
      responseLatency: '$context.responseLatency',
      sourceIp: '$context.identity.sourceIp',
    });
  });

  it('holds no path and no query, where callers may have put a key', () => {
    expect(format).not.toMatch(/path|query|uri|\$context\.error/i);
  });
});

const functionName = (operation: string) => `${operation.replaceAll('-', '')}Function`;

describe('routes', () => {
  const integrations = resourcesOf(template, 'AWS::ApiGatewayV2::Integration');
  const functionOf = (target: unknown) => {
    const integration = integrations[plain(target).replace('integrations/', '')];
    return plain(integration?.Properties['IntegrationUri']);
  };
  const served = Object.fromEntries(
    Object.values(resourcesOf(template, 'AWS::ApiGatewayV2::Route')).map(({ Properties }) => [
      plain(Properties['RouteKey']),
      functionOf(Properties['Target']),
    ]),
  );

  it('are those of the list, each with its own function, and one for everything else', () => {
    expect(served).toEqual({
      ...Object.fromEntries(
        routes.map(({ method, path, operation }) => [`${method} ${path}`, functionName(operation)]),
      ),
      $default: functionName(fallbackOperation),
    });
  });

  it('hand what a path names on as a parameter', () => {
    expect(Object.keys(served).filter((route) => route.includes('{'))).toEqual([
      'GET /audit/{id}',
      'POST /key/{key}/regenerate',
      'POST /key/{key}/reset_spend',
      'POST /key/{key}/claim-link',
      'GET /docs/{file}',
      'GET /ui/{file}',
    ]);
  });

  it('are each let in by their function, and no other path is', () => {
    const api = 'arn:AWS::Partition:execute-api:AWS::Region:AWS::AccountId:ApiHttp';
    const letIn = Object.values(resourcesOf(template, 'AWS::Lambda::Permission'))
      .filter(({ Properties }) => Properties['Principal'] === 'apigateway.amazonaws.com')
      .map(({ Properties }) =>
        [Properties['FunctionName'], Properties['SourceArn']].map(plain).join(' '),
      );
    const expected = routes.map(
      ({ path, operation }) => `${functionName(operation)} ${api}/*/*${path}`,
    );
    expected.push(`${functionName(fallbackOperation)} ${api}/*/*`);
    expect(letIn.sort()).toEqual(expected.sort());
  });

  it('of one function share its integration', () => {
    expect(Object.keys(integrations)).toHaveLength(new Set(Object.values(served)).size);
  });

  it('speak payload format 2.0', () => {
    for (const { Properties } of Object.values(integrations)) {
      expect(Properties['PayloadFormatVersion']).toBe('2.0');
    }
  });
});

describe('stage', () => {
  const claimed = { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 20 };
  const made = { ThrottlingRateLimit: 25, ThrottlingBurstLimit: 50 };
  const looked = { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 };
  const ofMany = { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10 };
  const ofPages = (ThrottlingRateLimit: number, ThrottlingBurstLimit: number) =>
    Object.fromEntries(
      ['GET /docs', 'GET /docs/{file}', 'GET /openapi.json', 'GET /ui', 'GET /ui/{file}'].map(
        (route) => [route, { ThrottlingRateLimit, ThrottlingBurstLimit }],
      ),
    );

  it.each([
    [
      sample.prod,
      {
        'POST /key/claim': claimed,
        'POST /key/{key}/claim-link': claimed,
        'POST /key/generate': made,
        'POST /key/service-account/generate': made,
        'POST /key/regenerate': made,
        'POST /key/{key}/regenerate': made,
        ...ofPages(10, 20),
        'POST /key/bulk_update': ofMany,
        'POST /key/delete': looked,
        'GET /key/list': looked,
        'GET /key/aliases': looked,
        'GET /audit': looked,
      },
    ],
    [
      sample.local,
      {
        'POST /key/claim': claimed,
        'POST /key/{key}/claim-link': claimed,
        ...ofPages(100, 200),
      },
    ],
  ])('throttles what costs more in $name, once the route is there', (environment, limits) => {
    const its = templateOf(environment);
    const [stage] = Object.values(resourcesOf(its, 'AWS::ApiGatewayV2::Stage'));
    expect(stage?.Properties['RouteSettings']).toEqual(limits);
    for (const RouteKey of Object.keys(limits)) {
      const [route = ''] = Object.keys(
        its.findResources('AWS::ApiGatewayV2::Route', { Properties: { RouteKey } }),
      );
      its.hasResource('AWS::ApiGatewayV2::Stage', { DependsOn: Match.arrayWith([route]) });
    }
  });

  it('has no limits of routes where the environment has none', () => {
    const { dev } = sample;
    const without = templateOf({ ...dev, throttling: { ...dev.throttling, routes: {} } });
    const [stage] = Object.values(resourcesOf(without, 'AWS::ApiGatewayV2::Stage'));
    expect(stage?.Properties).not.toHaveProperty('RouteSettings');
  });

  it('serves from the root and throttles as the environment says', () => {
    template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      StageName: '$default',
      DefaultRouteSettings: { ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000 },
    });
  });
});
