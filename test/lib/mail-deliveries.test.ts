import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { plain, resourcesOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const full = templateOf(sample.full);
const alarms = resourcesOf(full, 'AWS::CloudWatch::Alarm');
/** The statements of the topic's policy. */
const statements = (id: string) =>
  JSON.parse(
    JSON.stringify(resourcesOf(full, 'AWS::SNS::TopicPolicy')[id]?.Properties['PolicyDocument']),
  ).Statement;

describe('what becomes of mails', () => {
  it('is told to the topic by the configuration set: sent, delivered, bounced, complained, rejected', () => {
    full.hasResourceProperties('AWS::SES::ConfigurationSetEventDestination', {
      ConfigurationSetName: { Ref: Match.stringLikeRegexp('^MailConfigurationSet') },
      EventDestination: {
        Enabled: true,
        MatchingEventTypes: ['send', 'delivery', 'bounce', 'complaint', 'reject'],
        SnsDestination: { TopicARN: { Ref: Match.stringLikeRegexp('^DeliveriesTopic') } },
      },
    });
  });

  it('is told only once the topic lets SES in', () => {
    full.hasResource('AWS::SES::ConfigurationSetEventDestination', {
      DependsOn: Match.arrayWith([Match.stringLikeRegexp('^DeliveriesTopicPolicy')]),
    });
  });

  it('is told by SES for this configuration set alone, and over TLS', () => {
    const [id = ''] = Object.keys(resourcesOf(full, 'AWS::SNS::TopicPolicy')).filter((name) =>
      name.startsWith('DeliveriesTopic'),
    );
    expect(statements(id)).toMatchObject([
      { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      {
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'ses.amazonaws.com' },
        Condition: {
          StringEquals: {
            'AWS:SourceAccount': { Ref: 'AWS::AccountId' },
            'AWS:SourceArn': expect.anything(),
          },
        },
      },
    ]);
  });

  it('goes through a queue of ours, as it was told', () => {
    full.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'sqs',
      RawMessageDelivery: true,
      TopicArn: { Ref: Match.stringLikeRegexp('^DeliveriesTopic') },
    });
    const [mapping] = Object.entries(resourcesOf(full, 'AWS::Lambda::EventSourceMapping')).filter(
      ([id]) => id.startsWith('Deliveries'),
    );
    expect(mapping?.[1].Properties).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    expect(plain(mapping?.[1].Properties['EventSourceArn'])).toBe('DeliveriesQueue');
  });

  it('waits out two hours, and is then kept whole for two weeks', () => {
    const queues = resourcesOf(full, 'AWS::SQS::Queue');
    const [queue] = Object.values(queues).filter(({ Properties }) => 'RedrivePolicy' in Properties);
    expect(queue?.Properties).toMatchObject({
      SqsManagedSseEnabled: true,
      VisibilityTimeout: 120,
      RedrivePolicy: { maxReceiveCount: 60 },
    });
    const [failures] = Object.values(queues).filter(
      ({ Properties }) => !('RedrivePolicy' in Properties),
    );
    expect(failures).toMatchObject({
      Properties: { SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 },
      DeletionPolicy: 'Retain',
    });
  });

  it.each([
    ['DeliveriesrecorddeliveryMailsBouncedAlarm', 'MailsBounced', 'mails-that-came-back'],
    [
      'DeliveriesrecorddeliveryGivenUpAlarm',
      'ApproximateNumberOfMessagesVisible',
      'record-delivery',
    ],
    ['StreamsemailkeychangeMailsParkedAlarm', 'MailsParked', 'mails-that-are-parked'],
    ['StreamsemailkeychangeMailsBarredAlarm', 'MailsBarred', 'mails-that-ses-bars'],
    ['StreamsemailkeychangeMailsRejectedAlarm', 'MailsRejected', 'mails-that-ses-rejects'],
  ])('%s tells who suffers, and what to read', (id, MetricName, runbook) => {
    expect(alarms[id]?.Properties).toMatchObject({
      MetricName,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
      AlarmDescription: expect.stringContaining(`docs/runbook.md#${runbook}`),
      AlarmActions: [{ Ref: expect.stringMatching(/^AlarmsTopic/) }],
    });
  });

  it('is sent later by a schedule, where it met a full quota', () => {
    full.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(10 minutes)',
      Targets: [
        Match.objectLike({
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Streamsemailkeychange'), 'Arn'] },
        }),
      ],
    });
  });
});

it('where mail is off there is nothing to hear, and nothing to send later', () => {
  const quiet = templateOf(sample.prod);
  quiet.resourceCountIs('AWS::SES::ConfigurationSetEventDestination', 0);
  quiet.resourceCountIs('AWS::SQS::Queue', 0);
  expect(JSON.stringify(resourcesOf(quiet, 'AWS::Events::Rule'))).not.toContain('email-key-change');
});
