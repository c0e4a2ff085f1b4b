import { Duration, Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { MirroredSecrets } from './mirrored-secrets.ts';
import { Operation, type OperationDefaults } from './operation.ts';
import type { KeysTable } from './tables.ts';

export interface SecretRotationProps extends OperationDefaults {
  readonly keys: KeysTable;
  readonly secrets: MirroredSecrets;
}

/**
 * The rotation function of keys' secrets, for those who have Secrets Manager rotate one. Also where keys
 * are not mirrored any more: a key that names a secret goes on with it.
 */
export class SecretRotation extends Construct {
  readonly rotateSecret: Operation;

  constructor(scope: Construct, id: string, props: SecretRotationProps) {
    super(scope, id);
    const { keys, secrets, ...defaults } = props;
    this.rotateSecret = new Operation(this, 'rotate-secret', {
      ...defaults,
      impact: 'A key that Secrets Manager is to rotate keeps its value.',
      timeout: Duration.seconds(defaults.environment.timing.functionTimeoutSeconds),
    });
    keys.grantRegenerate(this.rotateSecret);
    secrets.grantStage(this.rotateSecret);
    this.rotateSecret.lambda.addPermission('SecretsManager', {
      principal: new ServicePrincipal('secretsmanager.amazonaws.com'),
      // Not for the secrets of another account that has the same service.
      sourceAccount: Stack.of(this).account,
    });
  }
}
