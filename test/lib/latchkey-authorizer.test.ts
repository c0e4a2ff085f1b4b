/** What the construct puts into a stack of somebody else's. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, inject, it } from 'vitest';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { LetInStack } from '../../examples/http-api/stack.ts';
import { permissionsOf, resourcesOf } from './fixtures/resources.ts';
import { codeRoot } from './fixtures/synthesise.ts';

const ownKeySecretArn =
  'arn:aws:secretsmanager:eu-west-1:111122223333:secret:litellm/gateway-AbCdEf';

function sample(
  more: { header?: string; latchkeyUrl?: string; provisionedConcurrency?: number } = {},
) {
  const outdir = mkdtempSync(join(inject('scratch'), 'out-'));
  const app = new App({ context: cdkJson.context, outdir });
  const props = { latchkeyUrl: 'https://keys.acme.io/', ownKeySecretArn, codeRoot, ...more };
  return { app, stack: new LetInStack(app, 'let-in', props) };
}
const template = Template.fromStack(sample().stack);

describe('the authorizer of another API', () => {
  it('keeps no verdict, and takes the key from one header', () => {
    template.resourceCountIs('AWS::ApiGatewayV2::Authorizer', 1);
    template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'REQUEST',
      AuthorizerPayloadFormatVersion: '2.0',
      EnableSimpleResponses: true,
      AuthorizerResultTtlInSeconds: 0,
      IdentitySource: ['$request.header.Authorization'],
    });
  });

  it('takes it from another header where the API says so', () => {
    const other = Template.fromStack(sample({ header: 'x-api-key' }).stack);
    other.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      IdentitySource: ['$request.header.x-api-key'],
    });
  });

  it('sends no key without TLS', () => {
    expect(() => sample({ latchkeyUrl: 'http://keys.acme.io' })).toThrow('https');
  });

  it('stands before every route', () => {
    for (const { Properties } of Object.values(resourcesOf(template, 'AWS::ApiGatewayV2::Route'))) {
      expect(Properties).toMatchObject({ AuthorizationType: 'CUSTOM', AuthorizerId: {} });
    }
  });

  it('may read the one secret and write its log, and nothing else', () => {
    const { LetInRole, ...others } = permissionsOf(template);
    expect(LetInRole).toEqual({
      LetInLogs: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      [ownKeySecretArn]: ['secretsmanager:GetSecretValue'],
    });
    expect(others).toEqual({});
    const role = resourcesOf(template, 'AWS::IAM::Role')['LetInRole'];
    expect(role?.Properties).not.toHaveProperty('ManagedPolicyArns');
  });

  it('is invoked by this API alone', () => {
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Principal: 'apigateway.amazonaws.com',
      FunctionName: { 'Fn::GetAtt': [Match.stringLikeRegexp('^LetInFunction'), 'Arn'] },
      SourceArn: Match.objectLike({}),
    });
  });

  it('is told where Latchkey is, and the name of its key, not the value', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Timeout: 10,
      Environment: {
        Variables: { LATCHKEY_URL: 'https://keys.acme.io', OWN_KEY_SECRET: ownKeySecretArn },
      },
    });
  });

  it('is called through an alias where containers are kept warm, and keeps no verdict there either', () => {
    const warm = Template.fromStack(sample({ provisionedConcurrency: 3 }).stack);
    warm.hasResourceProperties('AWS::Lambda::Alias', {
      Name: 'live',
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 3 },
    });
    const [alias = ''] = Object.keys(warm.findResources('AWS::Lambda::Alias'));
    warm.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerUri: Match.objectLike({
        'Fn::Join': ['', Match.arrayWith([{ Ref: alias }])],
      }),
      AuthorizerResultTtlInSeconds: 0,
    });
    warm.hasResourceProperties('AWS::Lambda::Permission', {
      Principal: 'apigateway.amazonaws.com',
      FunctionName: { Ref: alias },
    });
    template.resourceCountIs('AWS::Lambda::Alias', 0);
  });

  it('gives cdk-nag nothing to find', () => {
    const { app, stack } = sample();
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    // Of the sample's own API and backend.
    for (const id of [
      'AwsSolutions-APIG1',
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
    ]) {
      Validations.of(stack).acknowledge({ id, reason: 'a sample' });
    }
    expect(() => app.synth()).not.toThrow();
  });
});
