import { Stack } from 'aws-cdk-lib';
import type { Environment } from './environment.ts';
import type { Operation } from './operation.ts';

/** KMS serves a holder of this condition only while Secrets Manager asks on its behalf. */
export const viaSecretsManager = (stack: Stack) => ({
  StringEquals: { 'kms:ViaService': `secretsmanager.${stack.region}.amazonaws.com` },
});

/** What takes the key that encrypts a secret. Who labels, removes or restores one never sees its value. */
const storingActions = ['CreateSecret', 'PutSecretValue'];

/**
 * Lets the function do `actions` on the secrets `names` match, with what that takes: the customer
 * key, where there is one, and locally the address of the guard in front of Secrets Manager. A writer
 * needs to decrypt as well: https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
 */
export function reachSecrets(
  operation: Operation,
  environment: Environment,
  actions: readonly string[],
  names: readonly string[],
): void {
  const stack = Stack.of(operation);
  operation.allow(
    actions.map((action) => `secretsmanager:${action}`),
    names.map((name) => secretArn(stack, name)),
  );
  const { kmsKeyArn } = environment.secrets;
  const stores = actions.some((action) => storingActions.includes(action));
  if (kmsKeyArn !== null && (stores || actions.includes('GetSecretValue'))) {
    const keyActions = stores ? ['kms:GenerateDataKey', 'kms:Decrypt'] : ['kms:Decrypt'];
    operation.allow(keyActions, [kmsKeyArn], viaSecretsManager(stack));
  }
  const endpoint = environment.local?.secretsEndpoint ?? null;
  if (endpoint !== null) operation.setVariable('AWS_ENDPOINT_URL_SECRETS_MANAGER', endpoint);
}

/** The ARN of a secret by name or name pattern. */
export function secretArn(stack: Stack, name: string): string {
  return `arn:${stack.partition}:secretsmanager:${stack.region}:${stack.account}:secret:${name}`;
}
