// oxlint-disable no-new -- a construct adds itself to its scope
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Environment } from './environment.ts';
import { fiveMinutes } from './latchkey-metric.ts';
import type { MailSender } from './mail-sender.ts';
import { Operation, type OperationDefaults } from './operation.ts';
import { alarmOnMetric } from './schedule.ts';
import type { KeysTable, NoticesTable } from './tables.ts';

export interface MailDeliveriesProps extends OperationDefaults {
  readonly keys: KeysTable;
  readonly notices: NoticesTable;
  readonly mail: MailSender;
}

/** Longer than the function takes with a batch: AWS asks for six times its time-out. */
const visibility = Duration.minutes(2);
/** With the visibility, two hours: so long a table may be in trouble. */
const maxReceiveCount = 60;

/**
 * Hears from SES what became of each mail. Behind the topic a queue waits out trouble of a table, and
 * keeps whole what could not be worked on: called by the topic itself, the function would get three
 * tries within minutes. Only where mail is on.
 */
export class MailDeliveries extends Construct {
  readonly topic: Topic;
  readonly failures: Queue;
  /** Messages that could not be worked on. */
  readonly kept: IMetric;
  readonly recordDelivery: Operation;

  constructor(scope: Construct, id: string, props: MailDeliveriesProps) {
    super(scope, id);
    const { keys, notices, mail, ...defaults } = props;
    const { environment } = defaults;
    this.topic = this.makeTopic(environment);
    mail.publishTo(this.topic);

    const isLocal = environment.local !== null;
    // The local AWS takes its own deliveries for ones without TLS, and would drop them.
    const queueDefaults = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: !isLocal };
    this.failures = new Queue(this, 'Failures', {
      ...queueDefaults,
      // The longest that a queue keeps anything.
      retentionPeriod: Duration.days(14),
      removalPolicy: environment.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const queue = new Queue(this, 'Queue', {
      ...queueDefaults,
      visibilityTimeout: visibility,
      deadLetterQueue: { queue: this.failures, maxReceiveCount },
    });
    if (isLocal) {
      for (const local of [queue, this.failures]) {
        Validations.of(local).acknowledge({
          id: 'AwsSolutions-SQS4',
          reason: 'Only on this machine: the local AWS knows no TLS.',
        });
      }
    }
    this.topic.addSubscription(new SqsSubscription(queue, { rawMessageDelivery: true }));

    this.recordDelivery = new Operation(this, 'record-delivery', {
      ...defaults,
      impact: 'Nobody learns that a mail about a key did not arrive.',
      timeout: Duration.seconds(environment.timing.functionTimeoutSeconds),
    });
    keys.grantChange(this.recordDelivery);
    notices.grantNote(this.recordDelivery);
    this.recordDelivery.allow(
      ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      [queue.queueArn],
    );
    new EventSourceMapping(this.recordDelivery, 'Deliveries', {
      target: this.recordDelivery.lambda,
      eventSourceArn: queue.queueArn,
      // As many as fit into one run, each with a read and a transaction.
      batchSize: 5,
      reportBatchItemFailures: true,
    }).node.addDependency(this.recordDelivery);

    alarmOnMetric(this.recordDelivery, 'MailsBounced', 1, {
      impact: 'An owner was not told about their key: the mail came back.',
      runbook: 'mails-that-came-back',
    });
    const kept = this.failures.metricApproximateNumberOfMessagesVisible({ period: fiveMinutes });
    this.kept = kept;
    this.recordDelivery.alarmWhen('GivenUp', kept, 1);
  }

  private makeTopic({ name, local }: Environment): Topic {
    // A key of our own: SES cannot publish to a topic under the AWS-managed one.
    // https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-sns.html
    const key = new Key(this, 'Key', {
      description: `Latchkey ${name}: what becomes of mails`,
      enableKeyRotation: true,
      // It only covers messages on their way, so nothing is lost with it.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // The local AWS has no TLS, and the tests publish in the place of its SES, which tells nothing.
    const topic = new Topic(this, 'Topic', { masterKey: key, enforceSSL: local === null });
    key.grant(
      new ServicePrincipal('ses.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      'kms:Decrypt',
      'kms:GenerateDataKey*',
    );
    return topic;
  }
}
