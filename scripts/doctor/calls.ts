/** The calls of the doctor. Each reads; none changes anything. */
import type { Call } from './ask-aws.ts';

/** Services that take form fields and answer in XML. */
const query = (service: string, action: string, version: string, fields = {}): Call => ({
  service,
  action: `${service}:${action}`,
  method: 'POST',
  path: '/',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ Action: action, Version: version, ...fields }).toString(),
});

/** Services that are told the operation in a header. */
const targeted = (service: string, target: string, version: string, body: object): Call => ({
  service,
  action: `${service}:${target.replace(/^.*\./, '')}`,
  method: 'POST',
  path: '/',
  headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
  body: JSON.stringify(body),
});

export const calls = {
  callerIdentity: () => query('sts', 'GetCallerIdentity', '2011-06-15'),
  stack: (name: string) =>
    query('cloudformation', 'DescribeStacks', '2010-05-15', { StackName: name }),
  parameter: (name: string) => targeted('ssm', 'AmazonSSM.GetParameter', '1.1', { Name: name }),
  tables: (after?: string) =>
    targeted('dynamodb', 'DynamoDB_20120810.ListTables', '1.0', {
      ExclusiveStartTableName: after,
    }),
  functionQuotas: (): Call => ({
    service: 'lambda',
    action: 'lambda:GetAccountSettings',
    method: 'GET',
    path: '/2016-08-19/account-settings',
  }),
  mailAccount: (): Call => ({
    service: 'ses',
    host: 'email',
    action: 'ses:GetAccount',
    method: 'GET',
    path: '/v2/email/account',
  }),
  mailIdentity: (identity: string): Call => ({
    service: 'ses',
    host: 'email',
    action: 'ses:GetEmailIdentity',
    method: 'GET',
    path: `/v2/email/identities/${encodeURIComponent(identity)}`,
  }),
  domain: (name: string): Call => ({
    service: 'apigateway',
    action: 'apigateway:GET',
    method: 'GET',
    path: `/v2/domainnames/${encodeURIComponent(name)}`,
  }),
} as const;
