import { CustomResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Provider } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import type { AdminSecret } from './admin-secret.ts';
import { Operation, type OperationDefaults } from './operation.ts';
import type { KeysTable } from './tables.ts';

export interface AdminKeyProps extends OperationDefaults {
  readonly keys: KeysTable;
  readonly secret: AdminSecret;
}

/**
 * The first key, without which nobody could make another. It is put in place at the first deploy and
 * left alone by later ones, so a deploy never undoes a rotation. One function may make and read its
 * secret; people read it with the printed command and their own AWS rights.
 */
export class AdminKey extends Construct {
  /** One AWS CLI line that prints the key. */
  readonly command: string;

  constructor(scope: Construct, id: string, { keys, secret, ...defaults }: AdminKeyProps) {
    super(scope, id);
    const { environment } = defaults;
    const provision = new Operation(this, 'provision-admin-key', {
      ...defaults,
      impact: 'The stack cannot be deployed: nobody would hold an admin key.',
      timeout: Duration.seconds(environment.timing.functionTimeoutSeconds),
    });
    keys.grantProvision(provision);
    provision.setVariable('MASTER_KEY_SECRET', secret.name);
    if (environment.local !== null) {
      provision.setVariable('MASTER_KEY_VALUE', environment.local.masterKeyValue);
    }
    secret.grantProvision(provision);

    const resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::LatchkeyAdminKey',
      serviceToken: this.provider(provision, defaults).serviceToken,
    });
    // Not only the function, which its ARN implies, but its rights must be there first.
    resource.node.addDependency(provision, keys);

    const region = Stack.of(this).region;
    this.command = `aws secretsmanager get-secret-value --region ${region} --secret-id ${secret.name} --query SecretString --output text`;
  }

  private provider(provision: Operation, { environment }: OperationDefaults): Provider {
    const logGroup = new LogGroup(this, 'ProviderLogs', {
      retention: environment.retention.logs,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'ProviderRole', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Latchkey ${environment.name}: answers CloudFormation for provision-admin-key`,
    });
    logGroup.grantWrite(role);
    acknowledgeWildcard(
      role,
      `${provision.lambda.functionArn}:*`,
      'The provider invokes the function by whatever version it is given; it is this one function.',
    );
    return new Provider(this, 'Provider', {
      onEventHandler: provision.lambda,
      frameworkOnEventRole: role,
      logGroup,
    });
  }
}
