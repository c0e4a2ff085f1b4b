// oxlint-disable no-new -- a construct adds itself to its scope
import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import {
  EventSourceMapping,
  FilterCriteria,
  FilterRule,
  MetricType,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { keyRowPrefix } from '../lambdas/shared/adapters/table/keys.ts';
import type { Environment } from './environment.ts';
import { FailureBucket } from './failure-bucket.ts';
import { fiveMinutes } from './latchkey-metric.ts';
import type { MailSender } from './mail-sender.ts';
import { Operation, type OperationDefaults } from './operation.ts';
import { alarmOnMetric } from './schedule.ts';
import type { AuditTable, KeysTable, NoticesTable } from './tables.ts';

/**
 * The most that Lambda takes, so that a record waits out trouble of a table or of SES for as long as
 * it may wait at all. Lambda delivers again with a back-off that AWS does not document, so no smaller
 * count stands for a time: to spend these within two hours, a delivery would have to fail every 0.7 s.
 */
const retryAttempts = 10_000;

export interface StreamReadersProps extends OperationDefaults {
  readonly keys: KeysTable;
  readonly audit: AuditTable;
  readonly notices: NoticesTable;
  readonly mail: MailSender;
}

/**
 * The two readers of the keys table's stream. Two is all a stream bears without slowing both; who
 * wants to follow changes attaches to the audit table's stream.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
 */
export class StreamReaders extends Construct {
  readonly auditKeyChange: Operation;
  readonly emailKeyChange: Operation;
  readonly failures: FailureBucket;
  /** Of both readers: how old the oldest change is that they have not read. */
  readonly iteratorAges: Metric[] = [];
  /** Records that were given up, and went into the bucket. */
  readonly givenUp: Metric[] = [];
  private readonly keys: KeysTable;

  constructor(scope: Construct, id: string, props: StreamReadersProps) {
    super(scope, id);
    const { keys, audit, notices, mail, ...defaults } = props;
    const { environment } = defaults;
    this.keys = keys;
    this.failures = new FailureBucket(this, 'Failures', environment, defaults.alarms);
    const reader = {
      ...defaults,
      timeout: Duration.seconds(60),
      ...(environment.streamReaderConcurrency === null
        ? {}
        : { reservedConcurrentExecutions: environment.streamReaderConcurrency }),
    };

    this.auditKeyChange = new Operation(this, 'audit-key-change', {
      ...reader,
      impact: 'Changes of keys are missing from the audit trail.',
    });
    audit.grantAppend(this.auditKeyChange);
    if (environment.storeAuditLogs) {
      this.read(this.auditKeyChange, 100);
    }

    this.emailKeyChange = new Operation(this, 'email-key-change', {
      ...reader,
      impact:
        'Owners are not told that their key was made, rotated, blocked or deleted, or expires soon.',
    });
    notices.grantSend(this.emailKeyChange);
    mail.grantSend(this.emailKeyChange);
    // A parked mail is about the key as it is when it is sent.
    keys.grantLookUp(this.emailKeyChange);
    this.sendParked(environment);
    // Reads on where alerting is off: a mapping made anew, when it is turned on again, would start at
    // the oldest record and mail what is a day old.
    this.read(this.emailKeyChange, 10);
  }

  /** Mails that met a full quota go out on a schedule: they must not hold up the stream. */
  private sendParked({ mail: { alerting } }: Environment) {
    if (!alerting) return;
    const { emailKeyChange } = this;
    new Rule(this, 'ParkedMails', {
      description: `Latchkey ${emailKeyChange.environment.name}: email-key-change, parked mails`,
      schedule: Schedule.rate(Duration.minutes(10)),
      targets: [new LambdaFunction(emailKeyChange.lambda, { retryAttempts: 0 })],
    });
    alarmOnMetric(emailKeyChange, 'MailsParked', 1, {
      impact: 'Owners get their mails late, for the sending quota of a day is used up.',
      runbook: 'mails-that-are-parked',
    });
    alarmOnMetric(emailKeyChange, 'MailsBarred', 1, {
      impact: 'Nobody gets a mail until the SES account or the sender is put right.',
      runbook: 'mails-that-ses-bars',
    });
    alarmOnMetric(emailKeyChange, 'MailsRejected', 1, {
      impact: 'Owners were not told about their key: SES takes no mail for their address.',
      runbook: 'mails-that-ses-rejects',
    });
    alarmOnMetric(emailKeyChange, 'ParkedMailsFailed', 1, {
      impact: 'Owners get a mail even later than the quota makes them wait.',
      runbook: 'mails-that-are-parked',
    });
  }

  /** Feeds the function every change of a key's row, and alarms when it falls behind or gives up. */
  private read(operation: Operation, batchSize: number) {
    const mapping = new EventSourceMapping(operation, 'KeyChanges', {
      target: operation.lambda,
      eventSourceArn: this.keys.changesArn,
      // LATEST may miss what is written while the mapping comes up.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize,
      filters: [
        FilterCriteria.filter({
          dynamodb: { Keys: { pk: { S: FilterRule.beginsWith(keyRowPrefix) } } },
        }),
      ],
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      // Without bounds one record that cannot be processed holds up its shard for 24 hours, and then
      // takes all that waited behind it along.
      retryAttempts,
      maxRecordAge: Duration.hours(6),
      onFailure: this.failures.destinationOf(operation),
      metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
    });
    this.keys.grantStreamRead(operation);

    const { node, lambda } = operation;
    const iteratorAge = lambda.metric('IteratorAge', {
      statistic: 'Maximum',
      period: fiveMinutes,
    });
    this.iteratorAges.push(iteratorAge.with({ label: node.id }));
    operation.alarmWhen('IteratorAge', iteratorAge, Duration.hours(1).toMilliseconds());
    // A record given up after partial failures is no error of the function's.
    const givenUp = new Metric({
      namespace: 'AWS/Lambda',
      metricName: 'OnFailureDestinationDeliveredEventCount',
      dimensionsMap: { EventSourceMappingUUID: mapping.eventSourceMappingId },
      statistic: 'Sum',
      period: fiveMinutes,
    });
    this.givenUp.push(givenUp.with({ label: node.id }));
    operation.alarmWhen('GivenUp', givenUp, 1);
    operation.alarmWhen(
      'NotKept',
      lambda.metric('DestinationDeliveryFailures', { statistic: 'Sum', period: fiveMinutes }),
      1,
      { runbook: 'records-that-were-not-kept' },
    );
  }
}
