// oxlint-disable no-new -- a construct adds itself to its scope
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { LatchkeyAuthorizer, type LatchkeyAuthorizerProps } from '../../lib/latchkey-authorizer.ts';

/** Answers with what it is told of the key. */
const whoami = `exports.handler = async ({ requestContext }) => ({
  statusCode: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(requestContext.authorizer.lambda),
});`;

/** An HTTP API that lets in nobody without a key of Latchkey's. */
export class LetInStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & LatchkeyAuthorizerProps) {
    super(scope, id, props);
    const letIn = new LatchkeyAuthorizer(this, 'LetIn', props);
    const backend = new LambdaFunction(this, 'Backend', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline(whoami),
    });
    const api = new HttpApi(this, 'Api', {
      defaultAuthorizer: letIn.authorizer,
      defaultIntegration: new HttpLambdaIntegration('Backend', backend),
    });
    new CfnOutput(this, 'ApiUrl', { value: api.apiEndpoint });
    new CfnOutput(this, 'ApiId', { value: api.apiId });
  }
}
