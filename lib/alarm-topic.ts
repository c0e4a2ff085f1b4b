import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Environment } from './environment.ts';

/** Where alarms go: an encrypted topic that only takes TLS, and the alarm address where there is one. */
export class AlarmTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    // A key of our own: alarms cannot publish to a topic under the AWS-managed one, whose policy
    // nobody can change. https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
    const key = new Key(this, 'Key', {
      description: `Latchkey ${environment.name}: alarms`,
      enableKeyRotation: true,
      // It only covers messages on their way, so nothing is lost with it.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.topic = new Topic(this, 'Topic', { masterKey: key, enforceSSL: true });
    // The TLS rule is a topic policy, and the first policy takes the place of the default one that
    // let the account's alarms in.
    const alarms = new ServicePrincipal('cloudwatch.amazonaws.com');
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        actions: ['sns:Publish'],
        principals: [alarms],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    key.grant(alarms, 'kms:Decrypt', 'kms:GenerateDataKey*');
    if (environment.alarmAddress !== null) {
      this.topic.addSubscription(new EmailSubscription(environment.alarmAddress));
    }
  }
}
