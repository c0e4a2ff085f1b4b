import { Stack, Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Accepts one wildcard resource in the permissions of `holder`, for the reason given, and no other. */
export function acknowledgeWildcard(holder: Construct, resource: string, reason: string): void {
  const name = flatten(Stack.of(holder).resolve(resource));
  Validations.of(holder).acknowledge({ id: `AwsSolutions-IAM5[Resource::${name}]`, reason });
}

/** A CloudFormation value as cdk-nag writes it in its findings: `<Table.Arn>/index/*`. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(flatten).join('');
  if (typeof value !== 'object' || value === null) return '';
  if ('Ref' in value) return `<${flatten(value.Ref)}>`;
  if ('Fn::GetAtt' in value && Array.isArray(value['Fn::GetAtt'])) {
    return `<${value['Fn::GetAtt'].map(flatten).join('.')}>`;
  }
  return 'Fn::Join' in value ? flatten(value['Fn::Join']) : '';
}
