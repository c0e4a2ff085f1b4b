// oxlint-disable no-new -- a construct adds itself to its scope
import { CfnOutput, Stack } from 'aws-cdk-lib';
import {
  AccountPrincipal,
  ArnPrincipal,
  CompositePrincipal,
  PolicyStatement,
  Role,
} from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from './acknowledge-wildcard.ts';
import type { Environment } from './environment.ts';
import type { Operation } from './operation.ts';
import { reachSecrets, secretArn, viaSecretsManager } from './secrets-reach.ts';

/**
 * The copies of keys in Secrets Manager. They come and go while the service runs, so rights to them
 * are by name: what is under the environment's prefix or one it had before, and nothing else.
 */
export class MirroredSecrets extends Construct {
  private readonly environment: Environment;
  private readonly patterns: readonly string[];

  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    this.environment = environment;
    const { prefix, previousPrefixes } = environment.secrets;
    this.patterns = [...new Set([prefix, ...previousPrefixes])].map((each) => `${each}*`);
    if (environment.secrets.readers.length > 0) this.addReaderRole();
  }

  /**
   * Store a new key's value, under a new name or one of ours in its deletion window, and read it
   * again for a repeated request. No right at all where keys are not mirrored.
   */
  grantStore(operation: Operation): void {
    if (!this.environment.secrets.storeVirtualKeys) return;
    const actions = ['GetSecretValue', 'PutSecretValue', 'RestoreSecret', 'TagResource'];
    this.letCreate(operation);
    reachSecrets(operation, this.environment, actions, this.patterns);
    this.acknowledgePatterns(operation);
  }

  /**
   * Give a key another value or name: in place, or under a new name, of which then the old one is
   * removed; and read a value, to move it or for a repeated request. Also where keys are not mirrored
   * any more: a key that names a secret goes on with it.
   */
  grantReplace(operation: Operation): void {
    const actions = [
      'DeleteSecret',
      'GetSecretValue',
      'PutSecretValue',
      'RestoreSecret',
      'TagResource',
    ];
    this.letCreate(operation);
    reachSecrets(operation, this.environment, actions, this.patterns);
    this.acknowledgePatterns(operation);
  }

  /** Read the value that a claim link is for. No right at all where there are no such links. */
  grantClaim(operation: Operation): void {
    const { secrets, mail } = this.environment;
    if (!secrets.storeVirtualKeys || !mail.alerting || mail.claimLinkHours === 0) return;
    reachSecrets(operation, this.environment, ['GetSecretValue'], this.patterns);
    this.acknowledgePatterns(operation);
  }

  /** Put another value in the place of the present one, without reading either. */
  grantRotate(operation: Operation): void {
    reachSecrets(operation, this.environment, ['PutSecretValue'], this.patterns);
    this.acknowledgePatterns(operation);
  }

  /** Store a value before it is current, read it again, and make it current. */
  grantStage(operation: Operation): void {
    const actions = [
      'DescribeSecret',
      'GetSecretValue',
      'PutSecretValue',
      'UpdateSecretVersionStage',
    ];
    reachSecrets(operation, this.environment, actions, this.patterns);
    this.acknowledgePatterns(operation);
  }

  /** Remove the secret of a deleted key, without reading it. */
  grantRemove(operation: Operation): void {
    reachSecrets(operation, this.environment, ['DeleteSecret'], this.patterns);
    this.acknowledgePatterns(operation);
  }

  /**
   * Look at secrets and put them right, without reading a value. Also where keys are not mirrored
   * any more: what was stored before still has to go one day.
   */
  grantRepair(operation: Operation): void {
    const actions = [
      'DescribeSecret',
      'PutSecretValue',
      'RestoreSecret',
      'DeleteSecret',
      'TagResource',
      'UpdateSecretVersionStage',
    ];
    reachSecrets(operation, this.environment, actions, this.patterns);
    this.acknowledgePatterns(operation);
  }

  /** For those who use keys from other accounts or roles: read, by name or tag, what Latchkey made here. */
  private addReaderRole() {
    const stack = Stack.of(this);
    const { name, secrets } = this.environment;
    const role = new Role(this, 'Reader', {
      description: `Latchkey ${name}: reads mirrored keys`,
      assumedBy: new CompositePrincipal(
        ...secrets.readers.map((reader) =>
          reader.startsWith('arn:') ? new ArnPrincipal(reader) : new AccountPrincipal(reader),
        ),
      ),
    });
    role.addToPolicy(
      new PolicyStatement({
        actions: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
        resources: this.patterns.map((pattern) => secretArn(stack, pattern)),
        // A secret that somebody else put under the prefix stays theirs.
        conditions: { StringEquals: { 'aws:ResourceTag/latchkey:env': name } },
      }),
    );
    if (secrets.kmsKeyArn !== null) {
      role.addToPolicy(
        new PolicyStatement({
          actions: ['kms:Decrypt'],
          resources: [secrets.kmsKeyArn],
          conditions: viaSecretsManager(stack),
        }),
      );
    }
    this.acknowledgePatterns(role);
    new CfnOutput(this, 'ReaderRoleArn', { value: role.roleArn });
  }

  /** Nothing new comes under a prefix of before. */
  private letCreate(operation: Operation) {
    const { prefix } = this.environment.secrets;
    reachSecrets(operation, this.environment, ['CreateSecret'], [`${prefix}*`]);
  }

  private acknowledgePatterns(holder: Construct) {
    for (const pattern of this.patterns) {
      acknowledgeWildcard(
        holder,
        secretArn(Stack.of(this), pattern),
        'Mirrored secrets are made at run time under names their keys choose; the prefix bounds them.',
      );
    }
  }
}
