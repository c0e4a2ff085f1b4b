import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { plain, resourcesOf } from './fixtures/resources.ts';
import { sample, templateOf } from './fixtures/synthesise.ts';

const mappings = (environment: (typeof sample)[keyof typeof sample]) =>
  Object.fromEntries(
    Object.entries(resourcesOf(templateOf(environment), 'AWS::Lambda::EventSourceMapping')).filter(
      ([id]) => id.startsWith('Streams'),
    ),
  );

describe('stream readers', () => {
  it('are exactly two, in every environment', () => {
    for (const environment of Object.values(sample)) {
      const readers = Object.values(mappings(environment)).map(({ Properties }) => [
        plain(Properties['FunctionName']),
        plain(Properties['EventSourceArn']),
      ]);
      expect(readers).toEqual([
        ['StreamsauditkeychangeFunction', 'KeysTable.StreamArn'],
        ['StreamsemailkeychangeFunction', 'KeysTable.StreamArn'],
      ]);
    }
  });

  it('lose no record: they start at the oldest, give up one at a time and keep what they gave up', () => {
    for (const { Properties } of Object.values(mappings(sample.prod))) {
      expect(Properties).toMatchObject({
        StartingPosition: 'TRIM_HORIZON',
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        BisectBatchOnFunctionError: true,
        MaximumRecordAgeInSeconds: 6 * 60 * 60,
        FilterCriteria: {
          Filters: [{ Pattern: '{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"KEY#"}]}}}}' }],
        },
      });
      expect(JSON.stringify(Properties['DestinationConfig'])).toContain('StreamsFailures');
    }
  });

  it('give a record up by its age alone: no count of tries is reached before', () => {
    const tries = Object.values(mappings(sample.prod)).map(({ Properties }) => [
      plain(Properties['FunctionName']),
      Properties['MaximumRetryAttempts'],
    ]);
    expect(tries).toEqual([
      ['StreamsauditkeychangeFunction', 10_000],
      ['StreamsemailkeychangeFunction', 10_000],
    ]);
  });

  it('leave the audit out where it is off, and nothing else', () => {
    const off = { ...sample.dev, storeAuditLogs: false };
    const left = resourcesOf(templateOf(off), 'AWS::Lambda::EventSourceMapping');
    expect(Object.keys(left)).toEqual(['StreamsemailkeychangeKeyChanges']);
    templateOf(off).hasOutput('AuditFunctionName', {});
  });

  it('have concurrency of their own in prod, which no function of the API has', () => {
    const reserved = Object.entries(resourcesOf(templateOf(sample.prod), 'AWS::Lambda::Function'))
      .filter(([, { Properties }]) => Properties['ReservedConcurrentExecutions'] !== undefined)
      .map(([id]) => id);
    expect(reserved).toEqual(['StreamsauditkeychangeFunction', 'StreamsemailkeychangeFunction']);
  });

  it('raise an alarm when they fall an hour behind and when they give a record up', () => {
    const alarms = Object.entries(resourcesOf(templateOf(sample.prod), 'AWS::CloudWatch::Alarm'));
    for (const reader of ['Streamsauditkeychange', 'Streamsemailkeychange']) {
      const its = Object.fromEntries(alarms.filter(([id]) => id.startsWith(reader)));
      expect(its[`${reader}IteratorAgeAlarm`]?.Properties).toMatchObject({
        MetricName: 'IteratorAge',
        Statistic: 'Maximum',
        Threshold: 3_600_000,
      });
      expect(its[`${reader}GivenUpAlarm`]?.Properties).toMatchObject({
        MetricName: 'OnFailureDestinationDeliveredEventCount',
        Threshold: 1,
      });
    }
  });
});

describe('failure bucket', () => {
  it('is private, encrypted, reached by TLS only, and forgets', () => {
    const template = templateOf(sample.prod);
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: Match.anyValue(),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LifecycleConfiguration: {
        Rules: [Match.objectLike({ ExpirationInDays: 90, Status: 'Enabled' })],
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: Match.objectLike({
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Action: 's3:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ]),
      }),
    });
  });
});
