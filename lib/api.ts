// oxlint-disable no-new -- a construct adds itself to its scope
import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  CfnStage,
  HttpApi,
  HttpMethod,
  HttpRoute,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
  PayloadFormatVersion,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { fallbackOperation, routes } from '../lambdas/shared/http/routes.ts';
import { addAlarm } from './alarm.ts';
import { CustomDomain } from './custom-domain.ts';
import type { Environment, Throttling } from './environment.ts';
import { fiveMinutes } from './latchkey-metric.ts';
import type { Operation } from './operation.ts';

/** An operation that answers a route. */
export type ApiOperation = (typeof routes)[number]['operation'] | typeof fallbackOperation;

/**
 * Everything that is logged of a request. Never its path or query: the contract puts keys into both,
 * and a log is read by more people than a key.
 */
const accessLog = {
  requestId: '$context.requestId',
  routeKey: '$context.routeKey',
  status: '$context.status',
  responseLatency: '$context.responseLatency',
  sourceIp: '$context.identity.sourceIp',
} as const;

/**
 * The HTTP API, at the root of its domain. It exists before its functions, which show its URL in
 * mails; `serve` then connects them.
 */
export class KeyApi extends Construct {
  readonly id: string;
  /** Without a trailing slash. */
  readonly url: string;
  readonly http: HttpApi;
  /** What the DNS record of the custom domain must point at; null where there is none. */
  readonly domainTarget: string | null;
  private readonly stage: HttpStage;
  private readonly throttling: Throttling;

  constructor(scope: Construct, id: string, environment: Environment, alarms: ITopic) {
    super(scope, id);
    this.throttling = environment.throttling;
    this.http = new HttpApi(this, 'Http', {
      apiName: `latchkey-${environment.name}`,
      createDefaultStage: false,
    });
    this.id = this.http.apiId;
    this.url = this.http.apiEndpoint;

    const logGroup = new LogGroup(this, 'AccessLogs', {
      retention: environment.retention.logs,
      removalPolicy: environment.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.stage = new HttpStage(this, 'Stage', {
      httpApi: this.http,
      stageName: '$default',
      autoDeploy: true,
      throttle: {
        rateLimit: environment.throttling.ratePerSecond,
        burstLimit: environment.throttling.burst,
      },
      accessLogSettings: {
        destination: new LogGroupLogDestination(logGroup),
        format: AccessLogFormat.custom(JSON.stringify(accessLog)),
      },
    });
    const { domain } = environment;
    this.domainTarget =
      domain === null ? null : new CustomDomain(this, 'Domain', domain, this.stage).target;
    // Our own 500s are answers, not errors of a function, and the gateway's 503s reach none.
    addAlarm(this, 'ServerErrorsAlarm', {
      metric: this.http.metricServerError({ statistic: 'Sum', period: fiveMinutes }),
      threshold: 1,
      impact: 'Callers get a 5xx.',
      runbook: 'api',
      topic: alarms,
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'Each function authorises its caller by a strongly consistent read; an authorizer would cache the answer and keep a revoked key alive.',
    });
  }

  /** One route per entry of the route list, and our own answer for whatever matches none. */
  serve(operations: Readonly<Record<ApiOperation, Operation>>): void {
    const integrations = new Map<ApiOperation, HttpLambdaIntegration>();
    const integrate = (operation: ApiOperation) => {
      const existing = integrations.get(operation);
      if (existing !== undefined) return existing;
      const integration = new HttpLambdaIntegration(operation, operations[operation].target, {
        payloadFormatVersion: PayloadFormatVersion.VERSION_2_0,
      });
      integrations.set(operation, integration);
      return integration;
    };
    const served = new Map<string, HttpRoute[]>();
    for (const { method, path, operation } of routes) {
      const added = this.http.addRoutes({
        path,
        methods: [HttpMethod[method]],
        integration: integrate(operation),
      });
      served.set(`${method} ${path}`, added);
    }
    this.throttle(served);
    new HttpRoute(this, 'UnknownRoute', {
      httpApi: this.http,
      routeKey: HttpRouteKey.DEFAULT,
      integration: integrate(fallbackOperation),
    });
  }

  /** Limits single routes otherwise than the stage does. */
  private throttle(served: ReadonlyMap<string, readonly HttpRoute[]>) {
    const { defaultChild } = this.stage.node;
    if (!(defaultChild instanceof CfnStage)) throw new Error('The stage has another shape');
    const limits = Object.entries(this.throttling.routes);
    if (limits.length === 0) return;
    defaultChild.routeSettings = Object.fromEntries(
      limits.map(([routeKey, { ratePerSecond, burst }]) => [
        routeKey,
        { ThrottlingRateLimit: ratePerSecond, ThrottlingBurstLimit: burst },
      ]),
    );
    // API Gateway refuses settings of a route that is not there yet.
    for (const [routeKey] of limits) {
      this.stage.node.addDependency(...(served.get(routeKey) ?? []));
    }
  }
}
