// oxlint-disable no-new -- a construct adds itself to its scope
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
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
import type { Environment } from './environment.ts';
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
  integrationLatency: '$context.integrationLatency',
  sourceIp: '$context.identity.sourceIp',
} as const;

/**
 * Of the one route that takes no credential and reads secrets, far above what people need: it keeps
 * whoever tries tokens, or opens one link over and over, from costing more than that. Nobody guesses
 * 160 random bits at any rate.
 */
const claimThrottle = { ratePerSecond: 5, burst: 20 } as const;
const claimRoute = 'POST /key/claim' satisfies `${Method} ${Path}`;

type Method = (typeof routes)[number]['method'];
type Path = (typeof routes)[number]['path'];

/**
 * The HTTP API, at the root of its domain. It exists before its functions, which show its URL in
 * mails; `serve` then connects them.
 */
export class KeyApi extends Construct {
  readonly id: string;
  /** Without a trailing slash. */
  readonly url: string;
  readonly http: HttpApi;
  private readonly stage: HttpStage;

  constructor(scope: Construct, id: string, environment: Environment, alarms: ITopic) {
    super(scope, id);
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
    // Our own 500s are answers, not errors of a function, and the gateway's 503s reach none.
    addAlarm(this, 'ServerErrorsAlarm', {
      metric: this.http.metricServerError({ statistic: 'Sum', period: Duration.minutes(5) }),
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
      const integration = new HttpLambdaIntegration(operation, operations[operation].lambda, {
        payloadFormatVersion: PayloadFormatVersion.VERSION_2_0,
      });
      integrations.set(operation, integration);
      return integration;
    };
    for (const { method, path, operation } of routes) {
      const added = this.http.addRoutes({
        path,
        methods: [HttpMethod[method]],
        integration: integrate(operation),
      });
      if (`${method} ${path}` === claimRoute) this.throttle(claimRoute, added);
    }
    new HttpRoute(this, 'UnknownRoute', {
      httpApi: this.http,
      routeKey: HttpRouteKey.DEFAULT,
      integration: integrate(fallbackOperation),
    });
  }

  /** Limits one route further than the stage does. */
  private throttle(routeKey: string, added: readonly HttpRoute[]) {
    const { defaultChild } = this.stage.node;
    if (!(defaultChild instanceof CfnStage)) throw new Error('The stage has another shape');
    defaultChild.routeSettings = {
      [routeKey]: {
        ThrottlingRateLimit: claimThrottle.ratePerSecond,
        ThrottlingBurstLimit: claimThrottle.burst,
      },
    };
    // API Gateway refuses settings of a route that is not there yet.
    this.stage.node.addDependency(...added);
  }
}
