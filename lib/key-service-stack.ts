// oxlint-disable no-new -- a construct adds itself to its scope
import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import packageJson from '../package.json' with { type: 'json' };
import { AdminKey } from './admin-key.ts';
import { AdminSecret } from './admin-secret.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { KeyApi } from './api.ts';
import { apiOperations } from './api-operations.ts';
import { EnvironmentDashboard } from './dashboard.ts';
import type { Environment } from './environment.ts';
import { functionSettings, settingsVariable } from './function-settings.ts';
import { KeyRotation } from './key-rotation.ts';
import { MailDeliveries } from './mail-deliveries.ts';
import { MailSender } from './mail-sender.ts';
import { MirroredSecrets } from './mirrored-secrets.ts';
import { Reconciler } from './reconciler.ts';
import { SecretRotation } from './secret-rotation.ts';
import { StreamReaders } from './stream-readers.ts';
import { AuditTable, IdempotencyTable, KeysTable, NoticesTable } from './tables.ts';

export interface KeyServiceStackProps extends Omit<StackProps, 'env'> {
  readonly environment: Environment;
  /** Holds the built functions; see `Operation`. */
  readonly codeRoot: string;
}

/** One environment of Latchkey: everything it needs and nothing it shares with another. */
export class KeyServiceStack extends Stack {
  constructor(scope: Construct, id: string, props: KeyServiceStackProps) {
    const { environment, codeRoot } = props;
    const { account, region } = environment;
    super(scope, id, { ...props, env: { account, region } });
    Tags.of(this).add('latchkey:env', environment.name);

    const keys = new KeysTable(this, 'KeysTable', environment);
    const audit = new AuditTable(this, 'AuditTable', environment);
    const idempotency = new IdempotencyTable(this, 'IdempotencyTable', environment);
    const notices = new NoticesTable(this, 'NoticesTable', environment);

    const secrets = new MirroredSecrets(this, 'MirroredSecrets', environment);
    const adminSecret = new AdminSecret(environment);
    const mail = new MailSender(this, 'Mail', environment);
    const alarms = new AlarmTopic(this, 'Alarms', environment).topic;
    const api = new KeyApi(this, 'Api', environment, alarms);

    const { configurationSet } = mail;
    const settings = functionSettings(environment, { apiUrl: api.url, configurationSet });
    const defaults = {
      codeRoot,
      environment,
      alarms,
      settings: settingsVariable(this, settings),
    };

    const operations = apiOperations(this, {
      ...defaults,
      keys,
      audit,
      idempotency,
      notices,
      secrets,
      adminSecret,
    });
    api.serve(operations);
    const readers = new StreamReaders(this, 'Streams', { ...defaults, keys, audit, notices, mail });
    const deliveries =
      configurationSet === null
        ? null
        : new MailDeliveries(this, 'Deliveries', { ...defaults, keys, notices, mail });
    const reconciler = new Reconciler(this, 'Reconciler', {
      ...defaults,
      keys,
      audit,
      idempotency,
      secrets,
      adminSecret,
    });
    const rotation = new KeyRotation(this, 'Rotation', { ...defaults, keys, secrets });
    const secretRotation = new SecretRotation(this, 'SecretRotation', {
      ...defaults,
      keys,
      secrets,
    });
    const adminKey = new AdminKey(this, 'AdminKey', {
      ...defaults,
      keys,
      secret: adminSecret,
    });

    new EnvironmentDashboard(this, 'Dashboard', {
      environment,
      api,
      apiOperations: Object.values(operations),
      readers,
      scheduled: [reconciler.settleDue, rotation.rotateDueKeys],
      deliveries,
    });

    this.print({
      Version: packageJson.version,
      ApiUrl: settings.baseUrl,
      ApiId: api.id,
      ...(api.domainTarget === null ? {} : { DomainTarget: api.domainTarget }),
      AdminKeyCommand: adminKey.command,
      KeysTableName: keys.tableName,
      AuditTableName: audit.tableName,
      IdempotencyTableName: idempotency.tableName,
      NoticesTableName: notices.tableName,
      FailureBucketName: readers.failures.bucketName,
      AuditFunctionName: readers.auditKeyChange.lambda.functionName,
      EmailFunctionName: readers.emailKeyChange.lambda.functionName,
      ReconcilerFunctionName: reconciler.settleDue.lambda.functionName,
      RotationFunctionName: rotation.rotateDueKeys.lambda.functionName,
      RotateSecretFunctionArn: secretRotation.rotateSecret.lambda.functionArn,
      ...(deliveries === null
        ? {}
        : {
            DeliveryTopicArn: deliveries.topic.topicArn,
            DeliveryFailuresUrl: deliveries.failures.queueUrl,
          }),
    });
  }

  private print(outputs: Readonly<Record<string, string>>) {
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
