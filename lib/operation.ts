import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type IGrantable,
  type IPrincipal,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type IFunction,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { ConfigName } from '../lambdas/shared/config.ts';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import { type AlarmProps, addAlarm } from './alarm.ts';
import type { Environment } from './environment.ts';
import { keptWarm } from './kept-warm.ts';
import { fiveMinutes } from './latchkey-metric.ts';

/** What every operation of a stack shares. */
export interface OperationDefaults {
  /** Holds a folder per operation, as `scripts/build.ts` makes them. */
  readonly codeRoot: string;
  readonly environment: Environment;
  /** Value of the `SETTINGS` variable. */
  readonly settings: string;
  /** Receives the alarms. */
  readonly alarms: ITopic;
}

export interface OperationProps extends OperationDefaults {
  /** One sentence on who suffers when the function fails. Its alarms quote it. */
  readonly impact: string;
  readonly timeout?: Duration;
  readonly memorySize?: number;
  /** Concurrency set aside for it. API functions share the account's: none of them may starve another. */
  readonly reservedConcurrentExecutions?: number;
  /** Added to the defaults, name by name. */
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * One Lambda function, named after its folder under `lambdas/`, with a log group that ends, a role
 * that may only write to it (and traces, where they are on), and alarms on errors and throttles.
 * Whatever else it may do is granted by the resource, which adds the permission and the variable in one
 * call.
 */
export class Operation extends Construct implements IGrantable {
  readonly lambda: LambdaFunction;
  /** What is called: the function, or those of its containers that are kept warm, and then the function. */
  readonly target: IFunction;
  readonly environment: Environment;
  readonly grantPrincipal: IPrincipal;
  /** Calls that ended without an answer. */
  readonly errors: Metric;
  /** Calls that were turned away for want of concurrency. */
  readonly throttles: Metric;
  private readonly alarm: Pick<AlarmProps, 'impact' | 'runbook' | 'topic'>;

  constructor(scope: Construct, operation: string, props: OperationProps) {
    super(scope, operation);
    const { environment, impact, alarms } = props;
    this.environment = environment;
    this.alarm = { impact, runbook: operation, topic: alarms };

    const logGroup = new LogGroup(this, 'Logs', {
      retention: environment.retention.logs,
      removalPolicy: environment.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // Not the managed AWSLambdaBasicExecutionRole: it allows every log group of the account.
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Latchkey ${environment.name}: ${operation}`,
    });
    logGroup.grantWrite(role);
    this.lambda = new LambdaFunction(this, 'Function', {
      description: `Latchkey ${environment.name}: ${operation}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      // 512 MB: the first call is bound by CPU, which Lambda gives in proportion.
      memorySize: props.memorySize ?? 512,
      timeout: props.timeout ?? Duration.seconds(10),
      code: Code.fromAsset(join(props.codeRoot, operation)),
      handler: 'index.handler',
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      // Not Lambda's start and report of each call, which are larger than our line; timeouts and crashes are.
      systemLogLevelV2: SystemLogLevel.WARN,
      environment: { SETTINGS: props.settings, ...props.variables },
      ...(props.reservedConcurrentExecutions === undefined
        ? {}
        : { reservedConcurrentExecutions: props.reservedConcurrentExecutions }),
      ...(environment.tracing ? { tracing: Tracing.ACTIVE } : {}),
    });
    if (environment.tracing) {
      acknowledgeWildcard(
        this,
        '*',
        'Traces belong to no resource: X-Ray takes rights on * alone.',
      );
    }
    this.target = keptWarm(this.lambda, environment.provisionedConcurrency[operation]);
    this.grantPrincipal = role;
    this.errors = this.lambda.metricErrors({ period: fiveMinutes });
    this.throttles = this.lambda.metricThrottles({ period: fiveMinutes });
    this.alarmWhen('Errors', this.errors, 1);
    this.alarmWhen('Throttles', this.throttles, 1, { runbook: 'throttles' });
  }

  /** Gives the function a variable: one that `readConfig` knows, or one that the SDK does. */
  setVariable(name: ConfigName | 'AWS_ENDPOINT_URL_SECRETS_MANAGER', value: string): void {
    this.lambda.addEnvironment(name, value);
  }

  /** Lets the function do `actions` on exactly `resources`. */
  allow(
    actions: readonly string[],
    resources: readonly string[],
    conditions: Conditions = {},
  ): void {
    this.lambda.addToRolePolicy(
      new PolicyStatement({ actions: [...actions], resources: [...resources], conditions }),
    );
  }

  /**
   * Raises an alarm that says who suffers when the metric is at the threshold: those who suffer from
   * the function's failure, unless it is told otherwise.
   */
  alarmWhen(
    id: string,
    metric: Metric,
    threshold: AlarmProps['threshold'],
    told: Partial<Pick<AlarmProps, 'impact' | 'runbook'>> = {},
  ): void {
    addAlarm(this, `${id}Alarm`, { ...this.alarm, ...told, metric, threshold });
  }
}

export type Conditions = Readonly<Record<string, Readonly<Record<string, string>>>>;
