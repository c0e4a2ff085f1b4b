import { join } from 'node:path';
import { Duration, Token } from 'aws-cdk-lib';
import {
  HttpLambdaAuthorizer,
  HttpLambdaResponseType,
} from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ConfigName } from '../lambdas/shared/config.ts';
import { keptWarm } from './kept-warm.ts';
import { isLoopback } from './loopback.ts';

export interface LatchkeyAuthorizerProps {
  /** Latchkey's base URL, as in its stack's output `ApiUrl`. Keys go there: https. */
  readonly latchkeyUrl: string;
  /**
   * Full ARN of the secret with the key that the API asks with, of type `read_only`: its mirrored
   * secret, so that a rotation needs nothing here. A rename gives it another.
   */
  readonly ownKeySecretArn: string;
  /** The one header in which callers send their key, bare or as bearer. Default: `Authorization`. */
  readonly header?: string;
  /** Containers that are kept warm, so that no request waits for their start. Default: none. */
  readonly provisionedConcurrency?: number;
  /** Holds a folder per function. Default: `dist` of this checkout, as `npm run build` makes it. */
  readonly codeRoot?: string;
}

/**
 * Lets Latchkey's keys into an HTTP API of another stack: as `authorizer` of the API or of its routes.
 * The function behind it may read one secret and write its log. A key of the caller's own encrypts that
 * secret? Then grant `lambda` to decrypt with it. Throws for a URL without TLS, bar one on this machine.
 */
export class LatchkeyAuthorizer extends Construct {
  readonly authorizer: HttpLambdaAuthorizer;
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, props: LatchkeyAuthorizerProps) {
    super(scope, id);
    const { latchkeyUrl, ownKeySecretArn, header = 'Authorization' } = props;
    const isSafe = latchkeyUrl.startsWith('https://') || isLoopback(latchkeyUrl);
    if (!Token.isUnresolved(latchkeyUrl) && !isSafe) {
      throw new Error('latchkeyUrl must begin with https://: keys go there');
    }
    const logGroup = new LogGroup(this, 'Logs', { retention: RetentionDays.ONE_MONTH });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    logGroup.grantWrite(role);
    role.addToPolicy(
      new PolicyStatement({
        actions: ['secretsmanager:GetSecretValue'],
        resources: [ownKeySecretArn],
      }),
    );
    const variables: Partial<Record<ConfigName, string>> = {
      LATCHKEY_URL: latchkeyUrl.replace(/\/$/, ''),
      OWN_KEY_SECRET: ownKeySecretArn,
    };
    this.lambda = new LambdaFunction(this, 'Function', {
      description: "Asks Latchkey whether a request's key is good",
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: Duration.seconds(10),
      code: Code.fromAsset(
        join(props.codeRoot ?? join(import.meta.dirname, '../dist'), 'authorize-request'),
      ),
      handler: 'index.handler',
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      // Not Lambda's start and report of each call, which are larger than our line; timeouts and crashes are.
      systemLogLevelV2: SystemLogLevel.WARN,
      environment: variables,
    });
    const called = keptWarm(this.lambda, props.provisionedConcurrency);
    this.authorizer = new HttpLambdaAuthorizer('Latchkey', called, {
      responseTypes: [HttpLambdaResponseType.SIMPLE],
      // A request without it is a 401 of API Gateway's own, and costs no call.
      identitySource: [`$request.header.${header}`],
      // CDK's default is five minutes, for which a blocked key would be let in.
      resultsCacheTtl: Duration.seconds(0),
    });
  }
}
